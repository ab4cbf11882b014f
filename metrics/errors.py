"""Errors a user is meant to read: one line that says what, where, found, expected and how to mend it.

The bottom layer: imports nothing of ours. A command ends with exit code 1 and the text of the error, without a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BellwetherError(Exception):
    """An expected error. ``str(error)`` is the one line shown to the user."""


class WorkspaceError(BellwetherError):
    """workspace.yml, a mapping or a file that it names is wrong."""


class SourceError(BellwetherError):
    """A source could not be read; nothing was changed."""


class ReadOptionError(SourceError):
    """A file does not fit the option of ``read:`` named ``option``, which is mended in workspace.yml."""

    def __init__(self, message: str, option: str) -> None:
        super().__init__(message)
        self.option = option


class SourceUnavailableError(SourceError):
    """A source does not answer now; it may do so in a moment. The only error that is worth another try."""


class CatalogueError(BellwetherError):
    """A KPI file is wrong."""


class QueryError(BellwetherError):
    """A query asks for something the semantic layer cannot answer correctly."""


class RunError(BellwetherError):
    """A run could not start or finish."""


def close_names(found: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """The known names that are like ``found``, closest first."""
    return difflib.get_close_matches(found, list(known), n=most, cutoff=0.6)


def did_you_mean(found: str, known: Iterable[str], *, most: int = 3) -> str:
    """Return " Did you mean 'x' or 'y'?" for the names closest to ``found``, or an empty string."""
    close = close_names(found, known, most=most)
    if not close:
        return ""
    return " Did you mean " + " or ".join(f"'{name}'" for name in close) + "?"
