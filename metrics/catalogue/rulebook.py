"""The rules of the catalogue by id (rules.yml): a broken one becomes a finding in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from metrics.catalogue.findings import Finding
from metrics.errors import BellwetherError, close_names, did_you_mean

RULES_PATH = Path(__file__).with_name("rules.yml")


@dataclass(frozen=True)
class Both:
    """A word or sentence in both languages."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """In Chinese for ``zh``, else in English."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Rule:
    """``says`` what is wrong and how to ``mend`` it, with braces for values.

    ``whole``: what it says holds the advice already. ``both``: advice is given also where a close name was found.
    """

    id: str
    severity: Literal["error", "warning"]
    says: Both
    mend: Both
    whole: bool = False
    both: bool = False


@dataclass(frozen=True)
class Hint:
    """The known names closest to one that was found, as a question; "" where none is close."""

    found: str
    known: tuple[str, ...]

    def in_language(self, language: str) -> str:
        """With a space before it in English."""
        if language != "zh":
            return did_you_mean(self.found, self.known)
        names = close_names(self.found, self.known)
        return "是否应为 " + " 或 ".join(f"'{name}'" for name in names) + "？" if names else ""


def hint(found: str, known: Iterable[str]) -> Hint:
    """What to ask of an unknown name."""
    return Hint(found, tuple(known))


def listed(names: Iterable[str]) -> Both:
    """The names one after the other; ``none`` where there is none."""
    given = tuple(names)
    return Both(", ".join(given) or "none", "、".join(given) or "无")


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule, in the order of the file."""
    loaded = yaml.load(RULES_PATH.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return {
        name: Rule(name, entry["severity"], Both(**entry["says"]), Both(**entry["mend"]),
                   entry.get("whole", False), entry.get("both", False))
        for name, entry in loaded.items()
    }  # fmt: skip


def finding(rule_id: str, where: str, **values: object) -> Finding:
    """A broken rule at ``file:line``. Values that are a Both or a Hint are said in the finding's language.

    ``subject``: what the finding is about where that is no KPI; ``kpi`` else.
    """
    rule = rules()[rule_id]
    kpi = str(values.get("kpi", ""))
    given = {"subject": kpi, **values}
    return Finding(where, _said(rule, "en", given), rule.severity, rule_id, _said(rule, "zh", given), kpi)


def broken(rule_id: str, error: BellwetherError) -> Finding:
    """An error that says itself where it stands: ``file:line: what``."""
    where, _, message = str(error).partition(": ")
    return finding(rule_id, where, problem=message)


def _said(rule: Rule, language: str, values: Mapping[str, object]) -> str:
    given = {
        name: value.in_language(language) if isinstance(value, Both | Hint) else value for name, value in values.items()
    }
    says = rule.says.in_language(language).format(**given)
    if rule.whole or (given.get("hint") and not rule.both):
        return says
    space = "" if language == "zh" else " "
    return f"{says}{space}{rule.mend.in_language(language).format(**given)}"
