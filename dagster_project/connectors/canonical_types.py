"""Which values the canonical types of the entities can hold: SQL that tells, and the words for what they cannot.

Staging casts every mapped column to its canonical type, and one value that does not fit would stop the whole build. The
types are those of the dbt macro ``sql_type``.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from metrics.workspace import ReadOptions
from metrics.workspace.entities import ColumnType

CANONICAL_DECIMAL = "decimal(18, 4)"
LARGEST_WHOLE = 2**63 - 1
# Years of four digits: what Python, PostgreSQL and every reader can take.
_FIRST, _LAST = "timestamp '0001-01-01'", "timestamp '9999-12-31 23:59:59.999999'"
_WHOLE_TYPES = {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"}
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,4})?")
_LONG_YEAR = re.compile(r"[-+]?(\d{5,}|0000)-\d|-?infinity|.*\(BC\)")

WORDS: dict[ColumnType, str] = {
    "text": "text",
    "integer": "whole number",
    "decimal": "number",
    "double": "number",
    "boolean": "yes or no",
    "date": "date",
    "timestamp": "time",
}
RANGES: dict[ColumnType, str] = {
    "integer": f"whole numbers reach {LARGEST_WHOLE}",
    "decimal": "at most 14 digits before the point",
    "double": "too large for a number",
    "date": "years from 1 to 9999",
    "timestamp": "years from 1 to 9999",
}


def canonical_type(type_name: str) -> ColumnType | None:
    """Return the canonical type that a raw column's DuckDB type stands for."""
    if type_name.startswith("DECIMAL"):
        return "decimal"
    if type_name.startswith("TIMESTAMP"):
        return "timestamp"
    names: dict[str, ColumnType] = {
        "VARCHAR": "text", "BIGINT": "integer", "DOUBLE": "double", "BOOLEAN": "boolean", "DATE": "date"
    }  # fmt: skip
    return names.get(type_name)


def fits(expression: str, type_name: str, wanted: ColumnType) -> str | None:
    """Return SQL that is true for values (never NULL) of a DuckDB type that fit; None where every value does."""
    if wanted == "text" or (wanted == "boolean" and type_name == "BOOLEAN"):
        return None
    if wanted in {"date", "timestamp"}:
        return f"coalesce(try_cast({expression} as timestamp) between {_FIRST} and {_LAST}, false)"
    if wanted == "double":
        is_exact = type_name in _WHOLE_TYPES | {"BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT"} or type_name.startswith(
            "DECIMAL"
        )
        return None if is_exact else f"coalesce(isfinite(try_cast({expression} as double)), false)"
    if wanted == "integer":
        return None if type_name in _WHOLE_TYPES | {"BIGINT"} else f"(try_cast({expression} as bigint) is not null)"
    if wanted == "decimal":
        return None if _has_few_digits(type_name) else f"(try_cast({expression} as {CANONICAL_DECIMAL}) is not null)"
    return f"(try_cast(try_cast({expression} as varchar) as boolean) is not null)"


def _has_few_digits(type_name: str) -> bool:
    """Return whether all values of a type have less than 14 digits before the point: one more could come by rounding."""
    if type_name.startswith("DECIMAL"):
        width, scale = (int(number) for number in type_name[8:-1].split(","))
        return width - scale <= 13
    return type_name in _WHOLE_TYPES


def out_of_range(text: str, wanted: ColumnType, read: ReadOptions) -> str | None:
    """Return why a text is a value of its kind and yet cannot be held; None when it is no such value at all."""
    beyond = False
    if wanted in {"date", "timestamp"}:
        beyond = _LONG_YEAR.match(text) is not None
    elif wanted in {"integer", "decimal", "double"}:
        number = _plain_number(text, read)
        beyond = number is not None
        if number is not None and wanted == "integer":
            is_written_whole = re.fullmatch(r"[-+]?\d+(\.0*)?", _plain(text, read)) is not None
            beyond = is_written_whole and not -LARGEST_WHOLE - 1 <= number <= LARGEST_WHOLE
    return f"is out of range: {RANGES[wanted]}" if beyond else None


def _plain(text: str, read: ReadOptions) -> str:
    plain = text.strip().replace(read.thousands_separator or "\0", "")
    # With a decimal comma, a point is part of no number.
    return plain if read.decimal_separator == "." else plain.replace(".", "\0").replace(read.decimal_separator, ".")


def _plain_number(text: str, read: ReadOptions) -> Decimal | None:
    plain = _plain(text, read)
    try:
        return Decimal(plain) if _NUMBER.fullmatch(plain) or plain.lstrip("+-") == "inf" else None
    except InvalidOperation:
        return None
