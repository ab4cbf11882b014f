"""Amounts that no number format reads as they stand: with a currency sign, or negative where the entity wants positive."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import duckdb

from dagster_project.suggest.profile import TableProfile, text_of
from metrics.warehouse import literal, quoted

# Refunds are what was paid back, as positive numbers; many exports write them as what was lost.
POSITIVE = {("refunds", "amount")}
_SIGNS = "[$€£¥￥元]|[A-Z]{3}"
_CODES = {"€": "EUR", "£": "GBP", "元": "CNY"}
_SEVERAL = {"$": "USD, CAD, AUD or another dollar", "¥": "CNY or JPY", "￥": "CNY or JPY"}
# Amounts in these currencies are written with a dot before the cents, so that a comma before three digits is no cents.
_DOTTED = {"$", "£", "¥", "￥", "元"}
# With a sign before the cents: thousands are marked by the other one, one or two digits follow, or four stand in front.
_CENTS = r"\d{1,3}(Y\d{3})+X\d*|\d+X\d{0,2}|X\d+|0X\d+|\d{4,}X\d+|\d+X\d{4,}|\d{1,3}(Y\d{3}){2,}"
_WAYS = {
    "whole": r"\d*",
    ".": _CENTS.replace("X", "[.]").replace("Y", ","),
    ",": _CENTS.replace("X", ",").replace("Y", "[.]"),
    "1,000": r"[1-9]\d{0,2},\d{3}",
    "1.000": r"[1-9]\d{0,2}[.]\d{3}",
}


@dataclass(frozen=True)
class Money:
    """How the amounts of a text column are written. ``doubt`` is set where they cannot be read safely."""

    decimal: str = "."
    note: str = ""
    """What to look at: the currency, digits that could mean something else."""
    currency: str | None = None
    doubt: str = ""

    def expression(self, column: str) -> str:
        """SQL for the number: separators and sign removed, parentheses and a minus anywhere make it negative."""
        name = quoted(column)
        digits = f"regexp_replace({name}, '[^0-9{self.decimal}]', '', 'g')"
        if self.decimal == ",":
            digits = f"replace({digits}, ',', '.')"
        number = f"cast(nullif({digits}, '') as decimal(18, 6))"
        return f"case when regexp_matches({name}, '[-(]') then -{number} else {number} end"


def money_of(con: duckdb.DuckDBPyConnection, table: TableProfile, column: str) -> Money:
    """Look at all values of a text column of amounts: which of dot and comma stands before the cents, which currency."""
    digits = f"regexp_replace({text_of(table, column)}, '[^0-9.,]', '', 'g')"
    cases = " ".join(f"when regexp_full_match(d, {literal(pattern)}) then {literal(way)}" for way, pattern in _WAYS.items())
    rows = con.execute(
        f"select case {cases} else 'other' end as way, count(*)"
        f" from (select {digits} as d from {table.relation}) where d is not null group by 1"
    ).fetchall()
    ways: Counter[str] = Counter(dict(rows))
    signs = _signs(con, table, column)
    decimal = _decimal(ways, signs)
    if decimal is None:
        return Money(doubt=f"{column}: which of dot and comma stands before the cents is not certain in its values")
    sign = next(iter(signs)) if len(signs) == 1 else ""
    code = _CODES.get(sign) or (sign if len(sign) == 3 else None)
    if len(signs) > 1:
        note = "several currency signs, map currency from them"
    else:
        note = f"the sign means {_SEVERAL[sign]}" if sign in _SEVERAL else f"amounts in {code}"
    if decimal == "," or ways["1,000"] or ways["1.000"]:
        note = f"{'comma' if decimal == ',' else 'dot'} before the cents; {note}"
    return Money(decimal, note, code)


def _signs(con: duckdb.DuckDBPyConnection, table: TableProfile, column: str) -> list[str]:
    found = f"regexp_extract({text_of(table, column)}, {literal(_SIGNS)})"
    rows = con.execute(f"select distinct {found} from {table.relation} where {found} <> '' order by 1 limit 20").fetchall()
    return [sign for (sign,) in rows]


def _decimal(ways: Counter[str], signs: list[str]) -> str | None:
    """Return the sign before the cents, None where the values contradict each other or could be read in two ways."""
    if ways["other"] or (ways["."] and ways[","]):
        return None
    if ways["."]:
        # One dot before three digits stands for cents in this column, which would be three of them.
        return None if ways["1.000"] else "."
    if ways[","]:
        return None if ways["1,000"] else ","
    if not ways["1,000"] and not ways["1.000"]:
        return "."
    return "." if signs and set(signs) <= _DOTTED and not ways["1.000"] else None


def is_negative(con: duckdb.DuckDBPyConnection, table: TableProfile, column: str) -> bool:
    """Whether no amount is above zero and some are below."""
    text = text_of(table, column)
    row = con.execute(
        f"""select count(*) filter (where negative), count(*) filter (where not negative and regexp_matches(t, '[1-9]'))
        from (select {text} as t, regexp_matches({text}, '^[-(]|-$|^[^0-9]*-') as negative from {table.relation})
        where t is not null"""
    ).fetchone()
    return row is not None and row[0] > 0 and row[1] == 0
