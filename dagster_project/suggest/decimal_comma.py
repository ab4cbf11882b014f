"""What of a table besides its numbers shows that it was written where a comma stands before the decimals."""

from __future__ import annotations

import re
from functools import cache

from dagster_project.suggest.names import GERMAN_FILE, SYNONYMS_FILE, words_of
from dagster_project.suggest.profile import ColumnProfile, TableProfile
from metrics.workspace.yaml_lines import load_yaml

# Shorter words (am, pro, pos) are words of other languages as well.
_LEAST_LETTERS = 4
_UMLAUT = re.compile("[äöüß]")
# One name may be a word of another language by chance, or that of a company.
_LEAST_GERMAN_NAMES = 2


def comma_evidence(table: TableProfile) -> str:
    """Say which of dates and names are written so, empty where none are or where the file is no text.

    Numbers of workbooks, JSON and Parquet files are written with a dot everywhere.
    """
    if not table.delimiter:
        return ""
    dates = next((shown for column in table.columns.values() if (shown := _dotted_date(column))), "")
    found = [f"dates are {dates}"] if dates else []
    found += ["names are German"] if _has_german_names(list(table.columns)) else []
    return " and ".join(found)


def _dotted_date(column: ColumnProfile) -> str:
    """The format of dates with the day first and dots between: 31.1.2024. Empty for all others."""
    if column.dates is None or column.dates.form is None or not column.dates.form.startswith("%d.%m."):
        return ""
    return "d.m.yyyy" if column.dates.form.startswith("%d.%m.%Y") else "d.m.yy"


def _has_german_names(names: list[str]) -> bool:
    """Whether columns are called in German, at least two and more than are called in English."""
    german, other = _words()
    marked = [
        ("de" if words & (german - other) or _UMLAUT.search(" ".join(words)) else "en" if words & (other - german) else "")
        for words in (set(words_of(name)) for name in names)
    ]
    return marked.count("de") >= _LEAST_GERMAN_NAMES and marked.count("de") > marked.count("en")


@cache
def _words() -> tuple[frozenset[str], frozenset[str]]:
    """Words of (German, other) names of columns."""
    german, other = (frozenset(_texts_of(load_yaml(path).value)) for path in (GERMAN_FILE, SYNONYMS_FILE))
    return german, other


def _texts_of(value: object) -> set[str]:
    """All words of the lists in a file of synonyms."""
    if isinstance(value, dict):
        return set().union(*map(_texts_of, value.values()))
    if isinstance(value, list):
        words = {word for text in value if isinstance(text, str) for word in words_of(text)}
        return {word for word in words if len(word) >= _LEAST_LETTERS}
    return set()
