"""Exchange rates: one row per day and currency, or per day with one column per currency as central banks publish them.

A rate is how much of the workspace's currency one unit is worth. Many files say it the other way round (USD per euro); which
way a file says it is guessed from what its currencies and the workspace's are usually worth (currency_worth.py).
"""

from __future__ import annotations

import duckdb

from dagster_project.suggest.currency_worth import direction
from dagster_project.suggest.names import known_words, match_table, words_of
from dagster_project.suggest.profile import ColumnProfile, TableProfile, text_of
from dagster_project.suggest.proposal import ColumnProposal, EntityProposal
from dagster_project.suggest.query_sql import name as sql_name
from dagster_project.suggest.value_kinds import CURRENCY_CODES
from metrics.warehouse import literal, quoted

ENTITY = "exchange_rates"
MOST_COLUMNS = 6
# The usual names of central banks' files, whose rates are per euro.
_PER_EURO = ("eurofxref", "ecb", "bbex")
_RATES = ("rate", "kurs", "wechselkurs", "umrechnungskurs", "汇率", "fx", "exchange", "obs")
_RATE_WORDS = {word for name in _RATES for word in words_of(name)}
_FROM_WORDS, _TO_WORDS = {"from", "base", "source", "von", "基准"}, {"to", "quote", "target", "counter", "nach", "目标"}
_SENSE = "a rate is how much of the workspace's currency one unit of this one is worth"


def rates_proposal(con: duckdb.DuckDBPyConnection, table: TableProfile, home: str | None) -> EntityProposal | None:
    """Return the proposal of a table of rates, None where it is none. ``home``: the workspace's currency, if known."""
    days = [column for column in table.columns.values() if column.is_temporal]
    if len(days) != 1 or len(days) + 1 > len(table.columns):
        return None
    return _wide(con, table, days[0], home) or _long(con, table, days[0], home)


def is_rate(table: TableProfile, column: str) -> bool:
    """Whether a column of numbers is called a rate or a currency, or stands in a table that is called so."""
    is_named = bool(set(words_of(column)) & _RATE_WORDS) or _code_in(column) is not None
    return is_named or match_table(table.given.stem, ENTITY, known_words()) >= 0.6


def _wide(
    con: duckdb.DuckDBPyConnection, table: TableProfile, day: ColumnProfile, home: str | None
) -> EntityProposal | None:
    """A column per currency: one SELECT for each, because a table of rates has one row per currency."""
    filled = [column for column in table.columns.values() if column is not day and column.form != "empty"]
    codes = {column.name: code for column in filled if _is_number(column) and (code := _code_in(column.name))}
    if len(codes) < 2 or len(set(codes.values())) < len(codes) or len(codes) < 0.6 * len(filled):
        return None
    usual = [(code, _median(con, table, quoted(name))) for name, code in codes.items()]
    turned, said = _turned(table, usual, home)
    # The same may hold for many columns: it is said once.
    doubts = dict.fromkeys(note for column in filled if column.name in codes and (note := column.digits_note))
    note = f"CHECK rate: {'; '.join([said, *doubts])}"
    columns = _columns(table, day, tuple(codes), "names of the columns", ("one column per currency",))
    proposal = EntityProposal(ENTITY, table.name, 0.85, columns, notes=[note])
    for name, code in codes.items():
        values = [sql_name(day.name), literal(code), _rate(sql_name(name), turned)]
        if not proposal.whole_query:
            values = [f"{value} as {column}" for value, column in zip(values, columns, strict=True)]
        start = "union all select" if proposal.whole_query else "select"
        proposal.whole_query.append(
            f"{start} {', '.join(values)} from {sql_name(table.name)} where {sql_name(name)} is not null"
        )
    return proposal


def _long(
    con: duckdb.DuckDBPyConnection, table: TableProfile, day: ColumnProfile, home: str | None
) -> EntityProposal | None:
    codes = [column for column in table.columns.values() if _holds_codes(con, table, column)]
    rate = _rate_column(table)
    if not 1 <= len(codes) <= 2 or rate is None or len(table.columns) > MOST_COLUMNS:
        return None
    others = [column for column in table.columns.values() if column not in (day, rate, *codes)]
    # Something else that is counted, or an id of its own: then the rate is a detail of another thing.
    if any(_is_number(column) or column.is_unique for column in others) or not _is_key(con, table, [day, *codes]):
        return None
    foreign, where, named = codes[0], None, 0
    if len(codes) == 2:
        foreign, base, named = _pair(con, table, codes, home)
        if base is not None:
            home = home or _usual(con, table, base)
            where = f"{sql_name(base.name)} = {literal(home)}" if base.distinct > 1 else None
    number = quoted(rate.name)
    turned, said = _turned(table, _medians(con, table, foreign, number), home, named)
    said = f"{said}; {rate.digits_note}" if rate.digits_note else said
    columns = _columns(table, day, (rate.name,), foreign.name, ())
    columns["currency"] = ColumnProposal(
        "currency", sql_name(foreign.name), 0.9, ("codes of three letters",), (f"{table.name}.{foreign.name}",)
    )
    columns["rate"] = ColumnProposal(
        "rate", _rate(sql_name(rate.name), turned), 0.7, (f"CHECK: {said}",), (f"{table.name}.{rate.name}",)
    )
    return EntityProposal(ENTITY, table.name, 0.85, columns, where=where)


def _columns(
    table: TableProfile, day: ColumnProfile, rates: tuple[str, ...], currency: str, said: tuple[str, ...]
) -> dict[str, ColumnProposal]:
    shown = day.dates.shown if day.dates else day.form
    raw = tuple(f"{table.name}.{name}" for name in rates)
    found = (
        ColumnProposal("rate_on", sql_name(day.name), 0.9, (f"the only date ({shown})",), (f"{table.name}.{day.name}",)),
        ColumnProposal("currency", currency, 0.9, said, ()),
        ColumnProposal("rate", "", 0.7, said, raw),
    )
    return {column.column: column for column in found}


def _turned(
    table: TableProfile, usual: list[tuple[str, float | None]], home: str | None, named: int = 0
) -> tuple[bool, str]:
    """Return (whether one divided by the number is the rate, what to look at).

    ``usual``: (currency, usual number); ``named``: the direction that the names of the columns say, 0 where none.
    """
    per_euro = any(word in table.given.files[0].name.lower() for word in _PER_EURO)
    base = "EUR" if per_euro else home
    against = f"; this is right if they are against {base}, which has to be `currency:` above" if base else ""
    found = named or direction(usual, base)
    if named:
        basis = "which the names of the columns say"
    elif found:
        basis = "a guess from what these currencies are usually worth"
        basis += "" if base else ", supposing that they are against a main currency"
    else:
        basis = "a guess from the file's name, which is that of rates per euro"
    check = f"{basis}: compare one with a rate that you know{against}"
    if found < 0 or (found == 0 and per_euro):
        return True, f"{_SENSE}; these numbers seem to be the other way round, so that 1 divided by them is taken, {check}"
    if found > 0:
        return False, f"{_SENSE}, as these numbers seem to say it, {check}"
    return False, f"{_SENSE}; nothing shows which way these numbers say it: write 1.0 / them for the other{against}"


def _pair(
    con: duckdb.DuckDBPyConnection, table: TableProfile, codes: list[ColumnProfile], home: str | None
) -> tuple[ColumnProfile, ColumnProfile | None, int]:
    """Return (column of the currency, column of the one it is measured in, direction) of rates from one to another."""
    source = next((c for c in codes if set(words_of(c.name)) & _FROM_WORDS), None)
    target = next((c for c in codes if set(words_of(c.name)) & _TO_WORDS), None)
    if source is None or target is None or source is target:
        constant = next((column for column in codes if column.distinct == 1), None)
        return next(column for column in codes if column is not constant), constant, 0
    home = home or next((_usual(con, table, column) for column in (target, source) if column.distinct == 1), None)
    if home is None or _holds(con, table, target, home):
        return source, target, 1
    return target, source, -1


def _rate(number: str, turned: bool) -> str:
    return f"1.0 / nullif({number}, 0)" if turned else number


def _rate_column(table: TableProfile) -> ColumnProfile | None:
    numbers = [column for column in table.columns.values() if _is_number(column)]
    named = [column for column in numbers if set(words_of(column.name)) & _RATE_WORDS]
    if len(named) == 1:
        return named[0]
    is_named = match_table(table.given.stem, ENTITY, known_words()) >= 0.6
    return numbers[0] if len(numbers) == 1 and is_named else None


def _is_number(column: ColumnProfile) -> bool:
    return column.form in {"integer", "decimal"} and not column.is_odd


def _code_in(name: str) -> str | None:
    """The currency that a column is called: USD, usd, EUR/USD, rate_usd."""
    words = [word.upper() for word in words_of(name)]
    found = [word for word in words if word in CURRENCY_CODES]
    rest = [word for word in words if word not in CURRENCY_CODES and word.lower() not in _RATE_WORDS]
    return found[-1] if found and not rest else None


def _holds_codes(con: duckdb.DuckDBPyConnection, table: TableProfile, column: ColumnProfile) -> bool:
    if column.form != "text" or "iso3" not in column.kind.patterns:
        return False
    listed = ", ".join(map(literal, sorted(CURRENCY_CODES)))
    text = text_of(table, column.name)
    row = con.execute(f"select avg(({text} in ({listed}))::int) from {table.relation} where {text} is not null").fetchone()
    return row is not None and row[0] is not None and row[0] > 0.9


def _holds(con: duckdb.DuckDBPyConnection, table: TableProfile, column: ColumnProfile, value: str) -> bool:
    text = text_of(table, column.name)
    row = con.execute(f"select count(*) from {table.relation} where {text} = ?", [value]).fetchone()
    return row is not None and row[0] > 0


def _usual(con: duckdb.DuckDBPyConnection, table: TableProfile, column: ColumnProfile) -> str:
    row = con.execute(f"select mode({text_of(table, column.name)}) from {table.relation}").fetchone()
    return str(row[0]) if row else ""


def _is_key(con: duckdb.DuckDBPyConnection, table: TableProfile, columns: list[ColumnProfile]) -> bool:
    key = ", ".join(text_of(table, column.name) for column in columns)
    row = con.execute(f"select count(*) - count(distinct ({key})) from {table.relation}").fetchone()
    return row is not None and row[0] == 0


def _as_double(table: TableProfile, number: str) -> str:
    text = f"trim({number})"
    if table.read.thousands_separator:
        text = f"replace({text}, {literal(table.read.thousands_separator)}, '')"
    if table.read.decimal_separator == ",":
        text = f"replace({text}, ',', '.')"
    return f"try_cast({text} as double)"


def _median(con: duckdb.DuckDBPyConnection, table: TableProfile, number: str) -> float | None:
    row = con.execute(f"select median({_as_double(table, number)}) from {table.relation}").fetchone()
    return row[0] if row else None


def _medians(
    con: duckdb.DuckDBPyConnection, table: TableProfile, code: ColumnProfile, number: str
) -> list[tuple[str, float | None]]:
    return con.execute(
        f"select {text_of(table, code.name)}, median({_as_double(table, number)}) from {table.relation} group by 1"
    ).fetchall()
