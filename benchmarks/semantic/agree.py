"""Whether two answers are the same, value by value. Nothing is timed before that has been seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

import duckdb

Row = tuple[Any, ...]


def answer(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[str], list[Row]]:
    """Columns and rows of a statement."""
    found = con.execute(sql)
    return [column[0] for column in found.description or []], [tuple(map(_plain, row)) for row in found.fetchall()]


def _plain(value: Any) -> Any:
    """Midnight is its day: some engines give days as timestamps."""
    return value.date() if isinstance(value, datetime) and value.time() == time() else value


def differences(expected: tuple[list[str], list[Row]], given: tuple[list[str], list[Row]], keys: Sequence[str]) -> list[str]:
    """What is not the same: columns, members, values (1e-9 relative for fractions; NULL is equal to NULL only)."""
    if sorted(expected[0]) != sorted(given[0]):
        return [f"columns {given[0]}, expected {expected[0]}"]
    wanted, found = _by_key(expected, keys), _by_key(given, keys)
    if isinstance(wanted, str) or isinstance(found, str):
        return [f"twice the same key: {wanted if isinstance(wanted, str) else found}"]
    told = [f"row {key} is missing" for key in wanted.keys() - found.keys()]
    told += [f"row {key} is too many" for key in found.keys() - wanted.keys()]
    for key in wanted.keys() & found.keys():
        for name, value in wanted[key].items():
            if not _same(value, found[key][name]):
                told.append(f"{name} at {key} is {found[key][name]}, expected {value}")
    return told


def _by_key(given: tuple[list[str], list[Row]], keys: Sequence[str]) -> dict[Row, dict[str, Any]] | str:
    columns, rows = given
    by_key: dict[Row, dict[str, Any]] = {}
    for row in rows:
        named = dict(zip(columns, row, strict=True))
        key = tuple(named.pop(name) for name in keys)
        if key in by_key:
            return str(key)
        by_key[key] = named
    return by_key


def _same(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    if isinstance(left, int | float | Decimal) and isinstance(right, int | float | Decimal):
        return math.isclose(float(left), float(right), rel_tol=1e-9, abs_tol=1e-12)
    return bool(left == right)
