"""Which of dot and comma stands before the decimals: decided over all rows of a column and all columns of a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

import duckdb

from dagster_project.suggest.decimal_comma import comma_evidence
from dagster_project.suggest.names import column_terms, match_column, words_of
from dagster_project.suggest.profile import ColumnProfile, TableProfile, text_of
from dagster_project.suggest.rates import is_rate
from dagster_project.suggest.value_kinds import MOST_BAD_SHARE, NUMBER_STYLES, POINTED_SIGNS, NumberStyle, number_pattern
from metrics.warehouse import literal
from metrics.workspace import load_entities

Sign = Literal[".", ","]
# With a sign before the decimals: thousands are marked by the other one, one or two digits follow, or four stand in front.
_CENTS = r"\d{1,3}(Y\d{3})+X\d*|\d+X\d{0,2}|X\d+|0+X\d+|\d{4,}X\d+|\d+X\d{4,}|\d{1,3}(Y\d{3}){2,}"
_WAYS = {
    "whole": r"\d*",
    ".": _CENTS.replace("X", "[.]").replace("Y", ","),
    ",": _CENTS.replace("X", ",").replace("Y", "[.]"),
    "1,000": r"[1-9]\d{0,2},\d{3}",
    "1.000": r"[1-9]\d{0,2}[.]\d{3}",
}
# In names of columns whose digits name something, so that a comma in one of them is a fault of that row.
_ID_WORDS = {"id", "number", "code", "zip", "phone"}
_SET = "set read: thousands_separator and decimal_separator"


@dataclass(frozen=True)
class _Shape:
    """How the numbers of one column are written. ``decimal`` is certain, ``open`` a sign that could mean either."""

    decimal: Sign | None = None
    open: Sign | None = None
    thousands: Literal[".", ",", " ", "'"] | None = None


def ways_of(con: duckdb.DuckDBPyConnection, table: TableProfile, column: str) -> Counter[str]:
    """Count the values of a column by what their digits show: ``.``, ``,``, ``1,000``, ``1.000``, ``whole``, ``other``."""
    plain = f"regexp_replace({text_of(table, column)}, {literal(POINTED_SIGNS)}, '', 'g')"
    digits = f"regexp_replace({plain}, '[^0-9.,]', '', 'g')"
    cases = " ".join(f"when regexp_full_match(d, {literal(pattern)}) then {literal(way)}" for way, pattern in _WAYS.items())
    rows = con.execute(
        f"select case {cases} else 'other' end as way, count(*)"
        f" from (select {digits} as d from {table.relation}) where d is not null group by 1"
    ).fetchall()
    return Counter(dict(rows))


def settle_numbers(con: duckdb.DuckDBPyConnection, table: TableProfile) -> None:
    """Set the table's separators, and mark the columns whose numbers could mean two things or are written in another way."""
    _find_grouped(con, table)
    numbers = {name: _shape(con, table, name) for name, column in table.columns.items() if _is_written(column)}
    texts = [name for name, column in table.columns.items() if column.form == "text" and "money" in column.kind.patterns]
    money = [_shape(con, table, name) for name in texts]
    shown = {shape.decimal for shape in (*numbers.values(), *money) if shape.decimal}
    shown |= {_other(shape.open) for name, shape in numbers.items() if shape.open and _is_count(name)}
    table.decimal_sign = next(iter(shown)) if len(shown) == 1 else None
    evidence = comma_evidence(table)
    # A rate has more than two decimals and hardly ever thousands, in any country.
    settled = {
        name: _settled(table, shape, "" if shape.open == "." and is_rate(table, name) else evidence)
        for name, shape in numbers.items()
    }
    usual = _usual([style for style, _ in settled.values()], _hint(table, evidence))
    table.read = table.read.model_copy(update={"decimal_separator": usual.decimal, "thousands_separator": usual.thousands})
    for name, (style, note) in settled.items():
        column = table.columns[name]
        is_odd = style.decimal != usual.decimal or style.thousands not in {None, usual.thousands}
        kind = replace(column.kind, numbers=style)
        table.columns[name] = replace(column, kind=kind, digits_note=note, is_odd=is_odd)


def _is_written(column: ColumnProfile) -> bool:
    """Whether a column's numbers came as text."""
    return column.form == "decimal" and column.native in {None, "VARCHAR"}


def _find_grouped(con: duckdb.DuckDBPyConnection, table: TableProfile) -> None:
    """Whole numbers of which a few are 1,234 or 1,5: seldom enough to be missed in a sample."""
    names = [
        name
        for name, column in table.columns.items()
        if column.form == "integer" and column.native in {None, "VARCHAR"} and not _ID_WORDS & set(words_of(name))
    ]
    if not names:
        return
    pattern = literal(r"[-+]?(\d{1,3}([.,' ]\d{3})+|\d+,\d+)")
    counts = ", ".join(f"count(*) filter (where regexp_full_match({text_of(table, name)}, {pattern}))" for name in names)
    row = con.execute(f"select {counts} from {table.relation}").fetchone() or ()
    for name, found in zip(names, row, strict=True):
        if found:
            column = table.columns[name]
            table.columns[name] = replace(column, kind=replace(column.kind, form="decimal"))


def _shape(con: duckdb.DuckDBPyConnection, table: TableProfile, name: str) -> _Shape:
    ways = ways_of(con, table, name)
    if ways["."] or ways[","]:
        decimal: Sign = "." if ways["."] >= ways[","] else ","
        # Money says by itself what it cannot read; a few bad numbers go to the quarantine.
        if min(ways["."], ways[","]) > MOST_BAD_SHARE * (ways["."] + ways[","]):
            return _Shape()
        return _Shape(decimal, thousands=_thousands(con, table, name, decimal))
    if ways["1,000"] or ways["1.000"]:
        return _Shape(open="," if ways["1,000"] >= ways["1.000"] else ".")
    return _Shape(thousands=_thousands(con, table, name, "."))


def _thousands(
    con: duckdb.DuckDBPyConnection, table: TableProfile, name: str, decimal: Sign
) -> Literal[".", ",", " ", "'"] | None:
    """Return the sign between the thousands that most values show, None where none does."""
    text = text_of(table, name)
    styles = [style for style in NUMBER_STYLES if style.decimal == decimal and style.thousands]
    counts = ", ".join(
        f"count(*) filter (where contains({text}, {literal(style.thousands or '')})"
        f" and regexp_full_match({text}, {literal(number_pattern(style).pattern)}))"
        for style in styles
    )
    row = con.execute(f"select {counts} from {table.relation}").fetchone() or ()
    most, style = max(zip(row, styles, strict=True), key=lambda item: item[0])
    return style.thousands if most else None


def _is_count(name: str) -> bool:
    """Whether a column is called as something that is counted: it has no decimals, so that its signs mark thousands."""
    return any(
        match_column(name, column_terms(entity.name, column), entity.name).is_close
        for entity in load_entities().values()
        for column, spec in entity.columns.items()
        if spec.type == "integer" or column == "quantity"
    )


def _settled(table: TableProfile, shape: _Shape, evidence: str) -> tuple[NumberStyle, str]:
    """Return (style, what to look at): where the column itself shows nothing, the others do, else what speaks for a country.

    ``evidence``: what else of the table shows that a comma stands before the decimals, empty where nothing does.
    """
    if shape.open is None:
        return NumberStyle(shape.decimal or table.decimal_sign or ".", shape.thousands), ""  # type: ignore[arg-type]
    signs, reader = ("commas", ",") if shape.open == "," else ("dots", ".")
    as_decimal = NumberStyle(shape.open)
    as_thousands = NumberStyle(_other(shape.open), shape.open)
    if table.decimal_sign == shape.open:
        # 2.361 beside 12.5 is what any program writes; 2,361 beside 12,50 is odd for an amount.
        note = f"three digits follow all of its {signs}, read as decimals because other columns have decimal {signs}"
        return as_decimal, note if reader == "," else ""
    if table.decimal_sign is not None:
        said = "comma" if table.decimal_sign == "," else "dot"
        note = f"its {signs} are read as thousands, because other columns have a {said} before the decimals"
        return as_thousands, "" if table.delimiter == reader else note
    is_decimal = (shape.open == ",") == bool(evidence)
    if table.delimiter == ";" and not evidence:
        is_decimal = True
    elif table.delimiter == reader and not evidence:
        return as_thousands, ""
    read, other = ("decimals", "thousands") if is_decimal else ("thousands", "decimals")
    because = f", because {evidence}" if evidence else ""
    note = f"its {signs} are read as {read}{because}, but could be {other}: {_SET}"
    return as_decimal if is_decimal else as_thousands, note


def _hint(table: TableProfile, evidence: str) -> Sign:
    """The sign before the decimals that is likelier where no number of the table shows it."""
    if table.decimal_sign is not None:
        return "," if table.decimal_sign == "," else "."
    return "," if evidence or table.delimiter == ";" else "."


def _usual(styles: list[NumberStyle], hint: Sign) -> NumberStyle:
    """Return the way of writing that most columns share: the connector reads a whole table in one."""
    if not styles:
        return NumberStyle()
    decimals = Counter(style.decimal for style in styles)
    decimal = max(decimals, key=lambda sign: (decimals[sign], sign == hint))
    grouped = Counter(style.thousands for style in styles if style.decimal == decimal and style.thousands)
    return NumberStyle(decimal, grouped.most_common(1)[0][0] if grouped else None)


def _other(sign: Sign) -> Sign:
    return "." if sign == "," else ","
