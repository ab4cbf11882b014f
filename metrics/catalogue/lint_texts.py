"""Rules of words: descriptions that a newcomer understands, in the language they claim; no title and no number twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from metrics.catalogue.defaults import Limits
from metrics.catalogue.findings import Finding
from metrics.catalogue.load import Checked
from metrics.catalogue.model import Kpi, Text
from metrics.catalogue.rulebook import Both, finding

Where = Callable[..., str]
_TEXTS = ("title", "description", "question", "playbook")
_NAMES = {"en": Both(en="English", zh="英文"), "zh": Both(en="Chinese", zh="中文")}
_UNITS = {"en": Both(en="words", zh="词"), "zh": Both(en="characters", zh="字")}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_EXAMPLE = {"en": re.compile(r"\bexamples?\b|\be\.g\.", re.IGNORECASE), "zh": re.compile("例如|比如|举例|示例")}
_ABBREVIATION = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2,6}(?![A-Za-z0-9])")
# An owner that is one of these is none; the second stands wherever somebody meant to write something later.
_NOBODY = re.compile(r"^\W*(n/?a|none|nobody|unknown|待定|待填写|无)\W*$", re.IGNORECASE)
_TO_DO = re.compile(r"\b(TODO|TBD|FIXME)\b")
_SMALL_WORDS = frozenset(
    ["a", "an", "the", "of", "for", "in", "on", "to", "by", "per", "and", "or", "is", "are", "our", "we"]
)


def text_findings(checked: Checked) -> Iterator[Finding]:
    """What is wrong with the words of each KPI, then titles and numbers that are there twice."""
    defaults = checked.defaults
    for name, kpi in checked.kpis.items():
        where = checked.entries[name].where
        yield from _unfinished(kpi, where)
        yield from _languages(kpi, where)
        for language in ("en", "zh"):
            yield from _description(kpi, where, language, defaults.limits, defaults.abbreviations)
            least = defaults.limits.playbook_words if language == "en" else defaults.limits.playbook_characters
            yield from _short("playbook-short", kpi, where, "playbook", language, least)
    yield from _same_titles(checked)
    yield from _same_numbers(checked)


def _unfinished(kpi: Kpi, where: Where) -> Iterator[Finding]:
    if found := _NOBODY.search(kpi.owner) or _TO_DO.search(kpi.owner):
        yield finding("unfinished", where("owner"), kpi=kpi.id, field="owner", found=found[0].strip())
    for field in _TEXTS:
        text: Text = getattr(kpi, field)
        for language in ("en", "zh"):
            if found := _TO_DO.search(text.in_language(language)):
                place = where(field, language)
                yield finding("unfinished", place, kpi=kpi.id, field=f"{field}.{language}", found=found[0])


def _languages(kpi: Kpi, where: Where) -> Iterator[Finding]:
    for field in _TEXTS:
        text: Text = getattr(kpi, field)
        for language in ("en", "zh"):
            said = text.in_language(language)
            # A title such as KPI, and a text that is still to be written, is the same in every language.
            if _TO_DO.search(said) or (field == "title" and said.isupper()):
                continue
            if bool(_CHINESE.search(said)) != (language == "zh"):
                place, name = where(field, language), _NAMES[language]
                yield finding("text-language", place, kpi=kpi.id, field=field, language=language, name=name)


def _description(kpi: Kpi, where: Where, language: str, limits: Limits, known: frozenset[str]) -> Iterator[Finding]:
    said = kpi.description.in_language(language)
    if _TO_DO.search(said):
        return
    place, name = where("description", language), _NAMES[language]
    if _words(said, language) and _words(said, language) <= _words(kpi.title.in_language(language), language):
        yield finding("description-repeats", place, kpi=kpi.id, language=name)
        return
    least = limits.description_words if language == "en" else limits.description_characters
    yield from _short("description-short", kpi, where, "description", language, least)
    if not (_EXAMPLE[language].search(said) and re.search(r"\d", said)):
        yield finding("description-example", place, kpi=kpi.id, language=name)
    for abbreviation in dict.fromkeys(_ABBREVIATION.findall(said)):
        if abbreviation not in known and not _is_explained(abbreviation, kpi):
            yield finding("description-abbreviation", place, kpi=kpi.id, language=name, name=abbreviation)


def _short(rule: str, kpi: Kpi, where: Where, field: str, language: str, least: int) -> Iterator[Finding]:
    said = getattr(kpi, field).in_language(language)
    count = len(said.split()) if language == "en" else len(re.sub(r"\s", "", said))
    if count < least and not _TO_DO.search(said):
        name, unit = _NAMES[language], _UNITS[language]
        yield finding(rule, where(field, language), kpi=kpi.id, language=name, count=count, unit=unit, least=least)


def _words(text: str, language: str) -> frozenset[str]:
    """What a text says, without small words and signs: words in English, characters in Chinese."""
    if language == "zh":
        return frozenset(_CHINESE.findall(text)) - frozenset("的了是在和")
    return frozenset(re.findall(r"[a-z0-9]+", text.lower())) - _SMALL_WORDS


def _is_explained(abbreviation: str, kpi: Kpi) -> bool:
    """Whether title or description holds it beside words in brackets: customer satisfaction (CSAT), or CSAT (...)."""
    explained = re.compile(rf"[(（]\s*{abbreviation}\s*[)）]|(?<![A-Za-z]){abbreviation}\s*[(（]")
    texts = (kpi.title.en, kpi.title.zh, kpi.description.en, kpi.description.zh)
    return any(explained.search(text) for text in texts)


def _same_titles(checked: Checked) -> Iterator[Finding]:
    for language in ("en", "zh"):
        first: dict[str, str] = {}
        for name, kpi in checked.kpis.items():
            title = " ".join(kpi.title.in_language(language).casefold().split())
            if title not in first:
                first[title] = name
                continue
            other = first[title]
            yield finding(
                "title-duplicate", checked.entries[name].where("title", language), kpi=name, other=other,
                first=checked.entries[other].where(), title=kpi.title.in_language(language),
            )  # fmt: skip


def _same_numbers(checked: Checked) -> Iterator[Finding]:
    lineage, first = checked.catalogue.lineage, dict[str, str]()
    for name in checked.kpis:
        if name not in lineage:
            continue
        number = json.dumps(_number(lineage[name].definition.arithmetic), sort_keys=True, default=str)
        other = first.setdefault(number, name)
        if other != name:
            where = checked.entries[name].where("id")
            yield finding("formula-duplicate", where, kpi=name, other=other, first=checked.entries[other].where())


# What names a part of the arithmetic and does not change the number, and units, which are wording here.
_NAMING = frozenset({"name", "alias", "meta", "description", "label"})


def _number(arithmetic: Any) -> Any:
    """The arithmetic without names: what is counted, and how."""
    if isinstance(arithmetic, Mapping):
        kept = {key: _number(value) for key, value in arithmetic.items() if key not in _NAMING}
        # A measure without an expression is the column of its name.
        if "agg" in arithmetic and not arithmetic.get("expr"):
            kept["expr"] = arithmetic.get("name")
        return kept
    return [_number(one) for one in arithmetic] if isinstance(arithmetic, list) else arithmetic
