"""How well a name fits what a thing is usually called: words of file and column names against synonyms.yml."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from metrics.workspace.yaml_lines import load_yaml

SYNONYMS_FILE = Path(__file__).with_name("synonyms.yml")
GERMAN_FILE = Path(__file__).with_name("synonyms_de.yml")
Words = tuple[str, ...]

_HAN = "\u3400-\u9fff"
_UPPER, _LOWER = "A-ZÀ-ÖØ-Þ", "a-zß-öø-ÿ"
_SPLIT = re.compile(
    rf"[{_HAN}]+|[{_UPPER}]{{2,}}s(?![{_LOWER}])|[{_UPPER}]+(?![{_LOWER}])|[{_UPPER}]?[{_LOWER}]+|[^\W\d_{_HAN}]+|\d+"
)
_CURRENCIES = {
    "usd",
    "eur",
    "gbp",
    "cny",
    "rmb",
    "jpy",
    "chf",
    "aud",
    "cad",
    "inr",
    "brl",
    "sek",
    "nok",
    "dkk",
    "pln",
    "hkd",
    "sgd",
}

# Part of so many names that it says nothing unless it stands alone.
_TOO_GENERAL = frozenset(
    {(word,) for word in ("id", "key", "number", "no", "code", "name", "title", "type", "编号", "名称")}
)


@dataclass(frozen=True)
class Terms:
    """What a thing is called, best first, and words that speak against it."""

    names: tuple[Words, ...]
    against: frozenset[Words] = frozenset()


@dataclass(frozen=True)
class NameMatch:
    """How well a name fits: ``score`` 0 to 1; ``is_general`` when the word could stand in any table (id, date)."""

    score: float
    is_general: bool = False
    is_close: bool = False
    """Nearly the same words as one of the names, whichever."""


NO_MATCH = NameMatch(0.0)


@lru_cache(maxsize=4096)
def words_of(name: str) -> Words:
    """Split a name into lower-case words in the singular: ``OrderIDs`` -> order, id; Chinese runs stay whole."""
    found = []
    for word in _SPLIT.findall(name.replace("'", "")):
        word = word.lower()
        if (len(word) > 3 or word == "ids") and word.endswith("s") and not word.endswith(("ss", "us", "is")):
            word = word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
        found.append(_abbreviations().get(word, word))
    return tuple(found)


@cache
def _abbreviations() -> dict[str, str]:
    loaded: dict[str, str] = synonyms()["abbreviations"]
    return loaded


@cache
def synonyms() -> dict[str, Any]:
    """The content of synonyms.yml, the German names added to its own."""
    loaded: dict[str, Any] = load_yaml(SYNONYMS_FILE).value
    _add(loaded, load_yaml(GERMAN_FILE).value)
    return loaded


def _add(terms: dict[str, Any], more: dict[str, Any]) -> None:
    """Append the lists of ``more`` to those at the same place."""
    for key, value in more.items():
        if isinstance(value, dict):
            _add(terms.setdefault(key, {}), value)
        elif isinstance(value, list):
            terms[key] = [*terms.get(key, []), *value]


@cache
def column_terms(entity: str, column: str) -> Terms:
    """What a canonical column is called; its own name comes first."""
    own = synonyms()["entities"].get(entity, {}).get("columns", {}).get(column)
    entry = own or synonyms()["shared"].get(column, {})
    names = [words_of(column), *(words_of(name) for name in entry.get("names", []))]
    return Terms(tuple(dict.fromkeys(names)), frozenset(words_of(word) for word in entry.get("not", [])))


@cache
def table_terms(entity: str) -> Terms:
    entry = synonyms()["entities"][entity]
    return Terms(
        tuple(words_of(name) for name in entry["names"]), frozenset(words_of(word) for word in entry.get("not", []))
    )


@cache
def general_words() -> frozenset[str]:
    return frozenset(word for name in synonyms()["general"] for word in words_of(name))


def is_loader_column(name: str) -> bool:
    """Whether a column was added by a loading tool."""
    plain = " ".join(words_of(name))
    return any(fnmatchcase(name, pattern) or fnmatchcase(plain, pattern) for pattern in synonyms()["loader_columns"])


def common_prefix(names: Sequence[str]) -> Words:
    """The first word that many columns of a table share and that says nothing about any of them (``property_``)."""
    firsts = [words_of(name)[0] for name in names if len(words_of(name)) > 1]
    for first in dict.fromkeys(firsts):
        if firsts.count(first) >= max(4, 0.4 * len(names)):
            return (first,)
    return ()


def match_column(name: str, terms: Terms, entity: str, prefix: Words = ()) -> NameMatch:
    """Return how well a raw column's name fits the terms of a canonical column of an entity."""
    words = words_of(name)
    if len(words) > 1 and words[0] in prefix:
        words = words[1:]
    if len(words) > 1 and len(words[-1]) == 1 and words[-1].isalpha():
        words = words[:-1]
    plain = tuple(word for word in words if word not in _CURRENCIES) or words
    # A word that speaks against the column may itself be part of a name ("source id" where "id" does).
    if plain not in terms.names and any(_holds(plain, against) for against in terms.against - set(terms.names)):
        return NO_MATCH
    own = _entity_words(entity)
    fits = [_fit(plain, synonym, own) for synonym in terms.names]
    best = max(fit * (1 - 0.012 * min(rank, 15)) for rank, fit in enumerate(fits))
    return NameMatch(best, all(word in general_words() for word in plain), max(fits) >= 0.9)


def _fit(words: Words, synonym: Words, own: frozenset[str]) -> float:
    if words == synonym or "".join(words) == "".join(synonym):
        return 1.0
    if sorted(words) == sorted(synonym):
        return 0.96
    rest = tuple(word for word in words if word not in own)
    if rest and rest == synonym:
        return 0.94
    if words not in _TOO_GENERAL and words == tuple(word for word in synonym if word not in own):
        return 0.9
    if _holds(words, synonym) and synonym not in _TOO_GENERAL:
        share = len(synonym) / len(words)
        general = all(word in general_words() for word in synonym)
        return (0.45 if general else 0.6) + 0.35 * share
    if any(_is_han(word) for word in synonym):
        return max((_han_fit(word, synonym[0]) for word in words), default=0.0)
    return 0.0


def _han_fit(word: str, synonym: str) -> float:
    if not _is_han(word) or synonym not in word or len(synonym) < 2:
        return 0.0
    return 0.55 + 0.35 * len(synonym) / len(word)


def _is_han(word: str) -> bool:
    return "\u3400" <= word[0] <= "\u9fff"


def _holds(words: Words, part: Words) -> bool:
    """Whether the words of ``part`` follow each other in ``words``; a Chinese word may be part of a longer one."""
    if not part:
        return False
    if len(part) == 1 and _is_han(part[0]):
        return any(part[0] in word and word != part[0] for word in words) or part[0] in words
    return any(words[start : start + len(part)] == part for start in range(len(words) - len(part) + 1))


@cache
def _entity_words(entity: str) -> frozenset[str]:
    names = [words_of(entity), *table_terms(entity).names[:3]]
    return frozenset(word for name in names for word in name)


def match_table(stem: str, entity: str, known: frozenset[str]) -> float:
    """Return how well a file's name fits an entity, 0 to 1. ``known``: all words that entities are called."""
    noise = noise_words()
    all_words = words_of(stem)
    words = tuple(word for word in all_words if word not in noise and not word.isdigit()) or all_words
    # The first word is often the company or the vendor.
    while len(words) > 1 and words[0] not in known and not _is_han(words[0]):
        words = words[1:]
    terms = table_terms(entity)
    best = 0.0
    for rank, synonym in enumerate(terms.names):
        if any(_holds(all_words, against) and not _holds(synonym, against) for against in terms.against):
            continue
        fit = 0.0
        if words == synonym:
            fit = 1.0
        elif words[-len(synonym) :] == synonym:
            fit = 0.6 + 0.3 * len(synonym) / len(words)
        elif _holds(words, synonym):
            fit = 0.3 + 0.4 * len(synonym) / len(words)
        elif len(synonym) > 1 and _holds(all_words, synonym):
            fit = 0.7
        best = max(best, fit * (1 - 0.02 * min(rank, 10)))
    return best


def likeliest_entity(stem: str) -> str | None:
    """Return the entity that a file's name fits best, None where it fits none."""
    scored = [(match_table(stem, entity, known_words()), entity) for entity in synonyms()["entities"]]
    score, entity = max(scored, key=lambda item: item[0])
    return entity if score >= 0.5 else None


def is_nameless(stem: str) -> bool:
    """Whether a file's name says nothing about what it holds: data1, export, Sheet1."""
    return all(word in noise_words() or word.isdigit() or len(word) == 1 for word in words_of(stem))


def currency_of(name: str) -> str | None:
    """Return the currency code that a column's name holds."""
    return next((word.upper() for word in words_of(name) if word in _CURRENCIES), None)


@cache
def noise_words() -> frozenset[str]:
    """Words in file names that say nothing about what a table holds."""
    return frozenset(word for name in synonyms()["noise"] for word in words_of(name))


@cache
def known_words() -> frozenset[str]:
    """All words that tables are called."""
    return frozenset(word for entity in synonyms()["entities"] for name in table_terms(entity).names for word in name)


def best_name(columns: Sequence[str], names: Sequence[str], entity: str) -> str | None:
    """Return the column whose name fits one of the names best, None where none does well."""
    terms = Terms(tuple(words_of(name) for name in names))
    scored = [(match_column(column, terms, entity).score, column) for column in columns]
    score, column = max(scored, key=lambda item: item[0], default=(0.0, ""))
    return column if score >= 0.8 else None
