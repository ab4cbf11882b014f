"""Amounts that no number format reads as they stand: with a currency sign, or negative where the entity wants positive."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import duckdb

from dagster_project.suggest.number_styles import Sign, ways_of
from dagster_project.suggest.profile import TableProfile, text_of
from dagster_project.suggest.value_kinds import BLANKS, MONEY_SIGNS, POINTED_SIGNS
from metrics.warehouse import literal, quoted

# Refunds are what was paid back, as positive numbers; many exports write them as what was lost.
POSITIVE = {("refunds", "amount")}
# Signs that stand for one currency, and codes that are in use though ISO 4217 has another one.
_CODES = {"€": "EUR", "£": "GBP", "元": "CNY", "円": "JPY", "RMB": "CNY", "US$": "USD", "CA$": "CAD", "AU$": "AUD",
          "A$": "AUD", "C$": "CAD", "HK$": "HKD", "R$": "BRL", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₫": "VND",
          "₴": "UAH", "₪": "ILS", "฿": "THB", "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "Fr.": "CHF"}  # fmt: skip
_SEVERAL = {"$": "USD, CAD, AUD or another dollar", "¥": "CNY or JPY", "￥": "CNY or JPY", "kr": "SEK, NOK or DKK",
            "kr.": "SEK, NOK or DKK"}  # fmt: skip
# Parentheses, or a minus before the digits or after all; not the dashes that stand for no cents (12,- or 12.--).
_MINUS = "^[^0-9]*[-−(]|[0-9][-−]|[^0-9.,−-][-−]$"
_NO_CENTS = "[.,][-–—−]{1,2}"
# Amounts in these currencies are written with a dot before the cents, so that a comma before three digits is no cents.
_DOTTED = {"$", "£", "¥", "￥", "元"}


@dataclass(frozen=True)
class Money:
    """How the amounts of a text column are written. ``doubt`` is set where they cannot be read safely."""

    decimal: str = "."
    note: str = ""
    """What to look at: the currency, digits that could mean something else."""
    currency: str | None = None
    doubt: str = ""
    signs: tuple[str, ...] = ()
    blanks: str = " "

    def expression(self, column: str) -> str:
        """SQL for the number: separators and sign removed, parentheses and a minus at either end make it negative.

        Null for what is not written like the others: digits are not picked out of a text or another currency's amount.
        """
        # Some signs end in a point (Fr., kr.), which is none of the number's.
        is_pointed = any(sign.endswith(".") for sign in self.signs)
        name = _without_points(quoted(column)) if is_pointed else quoted(column)
        digits = f"regexp_replace({name}, '[^0-9{self.decimal}]', '', 'g')"
        if self.decimal == ",":
            digits = f"replace({digits}, ',', '.')"
        number = f"try_cast(nullif({digits}, '') as decimal(18, 6))"
        signed = f"{number} * case when regexp_matches({name}, {literal(_MINUS)}) then -1 else 1 end"
        return f"case when {self.fits(quoted(column))} then {signed} end"

    def fits(self, text: str) -> str:
        """SQL for whether a text is an amount as this column has them: one number, these signs, these separators."""
        point, other = ("[.]", ",") if self.decimal == "." else (",", ".")
        blank, sign = f"[{self.blanks}]*", f"({'|'.join(map(_plainly, self.signs))})?" if self.signs else ""
        groups = f"[1-9][0-9]{{0,2}}([{other}'’{self.blanks}][0-9]{{3}})+"
        number = f"(({groups}|[0-9]+)({_NO_CENTS}|{point}[0-9]*)?|{point}[0-9]+)"
        parts = ["[-−+(]?", sign, "[-−(]?", number, sign, "[-−)]?"]
        shape = blank + blank.join(part for part in parts if part) + blank
        return f"regexp_full_match({text}, {literal(shape)})"


def money_of(con: duckdb.DuckDBPyConnection, table: TableProfile, column: str) -> Money:
    """Look at all values of a text column of amounts: which of dot and comma stands before the cents, which currency."""
    ways = ways_of(con, table, column)
    signs = _signs(con, table, column)
    decimal = _decimal(ways, signs)
    borrowed = decimal is None and table.decimal_sign is not None and not (ways["other"] or ways["."] or ways[","])
    if borrowed:
        decimal = table.decimal_sign
    if decimal is None:
        return Money(doubt=f"{column}: which of dot and comma stands before the cents is not certain in its values")
    notes = []
    if decimal == "," or ways["1,000"] or ways["1.000"]:
        notes.append(f"{'comma' if decimal == ',' else 'dot'} before the cents{', as in other columns' if borrowed else ''}")
    sign = signs[0] if len(signs) == 1 else ""
    code = _code(sign)
    if len({_code(sign) or sign for sign in signs}) > 1:
        notes.append("several currencies")
    elif signs:
        notes.append(f"the sign means {_SEVERAL[sign]}" if sign in _SEVERAL else f"amounts in {code or sign}")
    found = Money(decimal, currency=code, signs=tuple(signs), blanks=_blanks(con, table, column))
    odd = _not_amounts(con, table, column, found)
    if odd:
        notes.append(f"{odd:,} {'value is no amount and stays' if odd == 1 else 'values are no amounts and stay'} empty")
    return replace(found, note="; ".join(notes))


def _without_points(text: str) -> str:
    """SQL for an amount without the signs that end in a point."""
    return f"regexp_replace({text}, {literal(POINTED_SIGNS)}, '', 'g')"


def _code(sign: str) -> str | None:
    """Return the ISO code that a sign stands for, None where it is open."""
    return _CODES.get(sign) or (sign if len(sign) == 3 and sign.isascii() and sign.isalpha() else None)


def currencies(con: duckdb.DuckDBPyConnection, table: TableProfile, column: str) -> str | None:
    """SQL for the currency of each amount of a column with several, None where a sign leaves it open."""
    signs = _signs(con, table, column)
    codes = {sign: _code(sign) for sign in signs}
    if len(set(codes.values())) < 2 or None in codes.values():
        return None
    found = f"regexp_extract({quoted(column)}, {literal(MONEY_SIGNS)})"
    if all(sign == code for sign, code in codes.items()):
        return f"nullif({found}, '')"
    cases = " ".join(f"when {literal(sign)} then {literal(str(code))}" for sign, code in codes.items())
    return f"case {found} {cases} end"


def _not_amounts(con: duckdb.DuckDBPyConnection, table: TableProfile, column: str, money: Money) -> int:
    text = text_of(table, column)
    sql = f"select count(*) from {table.relation} where {text} is not null and not {money.fits(text)}"
    row = con.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _blanks(con: duckdb.DuckDBPyConnection, table: TableProfile, column: str) -> str:
    """Return the kinds of blank in a column: the plain one, and all others where it has one of them."""
    special = f"regexp_matches({text_of(table, column)}, {literal(f'[{BLANKS[1:]}]')})"
    row = con.execute(f"select coalesce(bool_or({special}), false) from {table.relation}").fetchone()
    return BLANKS if row and row[0] else BLANKS[0]


def _plainly(sign: str) -> str:
    """A currency's sign as a pattern without a backslash, which YAML and SQL would have to double."""
    return "".join(f"[{char}]" if char in ".$" else char for char in sign)


def _signs(con: duckdb.DuckDBPyConnection, table: TableProfile, column: str) -> list[str]:
    found = f"regexp_extract({text_of(table, column)}, {literal(MONEY_SIGNS)})"
    rows = con.execute(f"select distinct {found} from {table.relation} where {found} <> '' order by 1 limit 20").fetchall()
    # The longest first: kr. before kr.
    return sorted((sign for (sign,) in rows), key=lambda sign: (-len(sign), sign))


def _decimal(ways: Counter[str], signs: list[str]) -> Sign | None:
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
        from (
            select {text} as t, regexp_matches({_without_points(text)}, {literal(_MINUS)}) as negative from {table.relation}
        )
        where t is not null"""
    ).fetchone()
    return row is not None and row[0] > 0 and row[1] == 0
