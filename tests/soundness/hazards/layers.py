"""What a semantic layer has to offer to be run against the hazards, and the verdict on what it answers.

A layer is one function ``answer(prepared, question) -> rows``. ``prepared`` holds a DuckDB connection with the tables, the path of
dbt's ``semantic_manifest.json``, and the case itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Protocol

import duckdb

from tests.soundness.hazards.case import Case, Question, Row

Verdict = Literal["right", "wrong", "failed", "refused", "not asked"]
_TOLERANCE = 1e-6


class RefusedError(Exception):
    """The layer says in words that it does not answer."""


class CannotBeAskedError(Exception):
    """The layer has nothing to which the question could be put."""


@dataclass(frozen=True)
class Prepared:
    """One case ready to be asked."""

    case: Case
    con: duckdb.DuckDBPyConnection
    manifest: Path


class Layer(Protocol):
    """A semantic layer behind an adapter."""

    name: str

    def answer(self, prepared: Prepared, question: Question) -> Sequence[Row]:
        """Rows in the order of ``question.columns``. Raises RefusedError, CannotBeAskedError, or any error of its own."""


@dataclass(frozen=True)
class Outcome:
    """What a layer made of one question. ``is_naive``: the answer is the one that the trap describes."""

    verdict: Verdict
    rows: tuple[Row, ...] = ()
    words: str = ""
    is_naive: bool = False


def judge(layer: Layer, prepared: Prepared, question: Question) -> Outcome:
    """Ask one question. SQL that the engine does not take is a failure: loud, but no refusal either."""
    try:
        rows = tuple(layer.answer(prepared, question))
    except CannotBeAskedError as error:
        return Outcome("not asked", words=str(error))
    except RefusedError as error:
        return Outcome("right" if question.right is None else "refused", words=str(error))
    except duckdb.Error as error:
        return Outcome("failed", words=f"SQL that does not run: {type(error).__name__}")
    keys = len(question.query.get("group_by", ())) if question.query is not None else None
    if question.right is not None and same_rows(rows, question.right, keys):
        return Outcome("right", rows)
    return Outcome("wrong", rows, is_naive=same_rows(rows, question.naive, keys))


def same_rows(found: Sequence[Row], expected: Sequence[Row], keys: int | None = None) -> bool:
    """Equal but for the order. Of a query's answer, a row with only missing values says as much as no row (``keys`` given)."""
    left, right = (sorted((_plain(row) for row in rows if _says(row, keys)), key=repr) for rows in (found, expected))
    return len(left) == len(right) and all(map(_same_row, left, right))


def _says(row: Row, keys: int | None) -> bool:
    return keys is None or any(value is not None for value in row[keys:])


def _plain(row: Row) -> Row:
    return tuple(_plain_value(value) for value in row)


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        # rounded so that equal numbers sort alike
        return round(float(value), 5)
    return value


def _same_row(left: Row, right: Row) -> bool:
    return len(left) == len(right) and all(map(_same_value, left, right))


def _same_value(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == right or math.isclose(left, right, rel_tol=_TOLERANCE, abs_tol=2e-5)
    return bool(left == right)
