"""What to write in a filter instead of a name that was refused: the closest names that every metric reaches."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence

from metrics.semantic.query import GRAINS

MOST_FORMS = 3
_FORMS = {"dimension": "Dimension('{name}')", "entity": "Entity('{name}')", "time": "TimeDimension('{name}', '{grain}')"}
_PLAIN_NAME = re.compile(r"\w+")


def closest_forms(name: str, reachable: Sequence[str], kind_of: Callable[[str], str]) -> list[str]:
    """Return up to three names as a filter writes them, ``{{ Entity('country') }}``; empty where none is close.

    ``reachable``: nearest first, time dimensions by grain. Names that end as the refused one does win.
    """
    if not _PLAIN_NAME.fullmatch(name):
        return []
    plain = {_without_grain(candidate): candidate for candidate in reversed(reachable)}
    names = list(reversed(plain))
    last = _last(_without_grain(name))
    same = [candidate for candidate in names if _last(candidate) == last]
    close = difflib.get_close_matches(name.lower(), names, n=MOST_FORMS, cutoff=0.6)
    close += [candidate for candidate in names if difflib.SequenceMatcher(None, _last(candidate), last).ratio() > 0.75]
    return [_written(plain[found], kind_of(found)) for found in list(dict.fromkeys(same or close))[:MOST_FORMS]]


def _without_grain(name: str) -> str:
    head, _, tail = name.lower().rpartition("__")
    return head if head and tail in GRAINS else name.lower()


def _last(name: str) -> str:
    return name.rpartition("__")[2]


def _written(name: str, kind: str) -> str:
    plain = _without_grain(name)
    grain = name[len(plain) + 2 :] or "day"
    return f"{{{{ {_FORMS[kind].format(name=plain, grain=grain)} }}}}"
