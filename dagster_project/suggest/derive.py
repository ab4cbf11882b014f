"""Columns that are no raw column as it is: computed ones, constants, dates in parts, numbers that mean moments."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from dagster_project.suggest.amounts import POSITIVE, currencies, is_negative, money_of
from dagster_project.suggest.candidates import Candidate, EntityCandidate, is_epoch
from dagster_project.suggest.names import Words, best_name, synonyms, words_of
from dagster_project.suggest.profile import ColumnProfile, TableProfile, text_of
from dagster_project.suggest.proposal import ColumnProposal, EntityProposal
from dagster_project.suggest.refused import odd_amounts, refused_columns
from metrics.warehouse import literal, quoted
from metrics.workspace import machine_now
from metrics.workspace.entities import Entity
from metrics.workspace.mapping import PLAIN_NAME

COMPUTED_WEIGHT = 0.3
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")


@dataclass(frozen=True)
class Deriving:
    """What the derivations of one table may look at. ``year``: of dates that name none, as the user gave it."""

    con: duckdb.DuckDBPyConnection
    table: TableProfile
    entity: Entity
    year: int | None = None

    def plain(self, column: str) -> str:
        """How a raw column is written as a mapping."""
        return column if PLAIN_NAME.fullmatch(column) else quoted(column)

    def raw(self, *columns: str) -> tuple[str, ...]:
        return tuple(f"{self.table.name}.{column}" for column in columns)


def entity_proposal(con: duckdb.DuckDBPyConnection, found: EntityCandidate, year: int | None) -> EntityProposal:
    """Return the proposal of a table for an entity: the matched columns, then what can be derived."""
    deriving = Deriving(con, found.table, found.entity, year)
    matched = {name: _matched(deriving, candidate) for name, candidate in found.columns.items()}
    columns = {name: column for name, column in matched.items() if isinstance(column, ColumnProposal)}
    refused = {name: doubt for name, doubt in matched.items() if isinstance(doubt, str)}
    for derive in (_derived, _same_as, _date_parts, _constants, _sign_currency):
        columns |= {name: column for name, column in derive(deriving, columns).items() if name not in columns}
    ordered = {name: columns[name] for name in found.entity.columns if name in columns}
    missing = [name for name in found.entity.required if name not in ordered]
    refused |= refused_columns(con, found.table, found.entity, [name for name in missing if name not in refused])
    notes = [f"TODO {name}: {why}; map it by hand" for name, why in refused.items()]
    notes += _left_over(deriving, {*ordered, *refused}, ordered)
    # What was computed says something about the table, a constant hardly anything.
    computed = [columns[name] for name in found.entity.required if name in columns and name not in found.columns]
    bonus = sum(COMPUTED_WEIGHT * column.score for column in computed if column.raw)
    score = found.score + (bonus - 0.15 * len(missing)) / len(found.entity.required)
    return EntityProposal(found.entity.name, found.table.name, score, ordered, missing, refused, notes=notes)


def _left_over(deriving: Deriving, told: set[str], columns: Columns) -> list[str]:
    """Say of columns that are called exactly as one of the entity, besides those ``told``, why they are not mapped."""
    used = {raw for column in columns.values() for raw in column.raw}
    return [
        f"CHECK {name}: column {raw} is called so, but its values do not fit the type {spec.type}; it is not mapped"
        for name, spec in deriving.entity.columns.items()
        for raw, column in deriving.table.columns.items()
        if name not in told and words_of(raw) == words_of(name) and column.filled and deriving.raw(raw)[0] not in used
    ]


def _matched(deriving: Deriving, candidate: Candidate) -> ColumnProposal | str:
    """Return the column as it is, or turned into what the entity wants where the values plainly need it.

    A text says why its values cannot be read safely.
    """
    column = deriving.table.columns[candidate.raw]
    kind = deriving.entity.columns[candidate.column].type
    expression, reasons = deriving.plain(column.name), candidate.reasons
    if kind in {"timestamp", "date"} and is_epoch(column):
        seconds = quoted(column.name) + (" / 1000" if column.epoch_unit == "ms" else "")
        expression = f"to_timestamp({seconds})"
    elif kind in {"decimal", "integer", "double"} and _is_written_amount(column):
        money = money_of(deriving.con, deriving.table, column.name)
        if money.doubt:
            odd = odd_amounts(deriving.con, deriving.table, column.name)
            return f"{money.doubt}; {odd}" if odd else money.doubt
        expression = money.expression(column.name)
        reasons = (*reasons, f"CHECK: {money.note}") if money.note else reasons
    elif kind == "boolean" and column.kind.true_word is not None:
        expression = f"lower(trim({quoted(column.name)})) = {literal(column.kind.true_word)}"
    if (deriving.entity.name, candidate.column) in POSITIVE and is_negative(deriving.con, deriving.table, column.name):
        plain = expression == deriving.plain(column.name)
        expression = f"-{quoted(column.name)}" if plain else f"-({expression})"
        reasons = (*reasons, "CHECK: all values are negative, refunds are positive amounts: the sign is turned")
    return ColumnProposal(candidate.column, expression, candidate.score, reasons, deriving.raw(column.name))


def _is_written_amount(column: ColumnProfile) -> bool:
    """Whether only an expression reads a column's numbers: currency signs, blanks, other separators than the table's."""
    return column.is_odd or (column.form == "text" and "money" in column.kind.patterns)


def _number_sql(deriving: Deriving, raw: str) -> str | None:
    """SQL for the number that a raw column holds, None where that is not certain."""
    column = deriving.table.columns[raw]
    if not _is_written_amount(column):
        return quoted(raw) if column.form in {"integer", "decimal"} else None
    money = money_of(deriving.con, deriving.table, raw)
    return None if money.doubt else f"({money.expression(raw)})"


Columns = Mapping[str, ColumnProposal]
Derive = Callable[[Deriving, Columns], dict[str, ColumnProposal]]


def _derived(deriving: Deriving, columns: Columns) -> dict[str, ColumnProposal]:
    """Columns that synonyms.yml computes from others."""
    found: dict[str, ColumnProposal] = {}
    rules: dict[str, list[dict[str, Any]]] = synonyms()["derived"].get(deriving.entity.name, {})
    for name, alternatives in rules.items():
        for rule in alternatives:
            needed = {key: _named(deriving, names) for key, names in rule["needs"].items()}
            if any(raw is None for raw in needed.values()):
                continue
            raw_columns = {key: raw for key, raw in needed.items() if raw is not None}
            if "values" in rule and not _some_value_holds(deriving, raw_columns["a"], str(rule["values"])):
                continue
            is_number = deriving.entity.columns[name].type in {"integer", "decimal", "double"}
            texts = {key: _number_sql(deriving, raw) if is_number else quoted(raw) for key, raw in raw_columns.items()}
            if any(text is None for text in texts.values()):
                continue
            expression = str(rule["expression"]).format(**texts)
            used = tuple(raw_columns.values())
            found.setdefault(name, ColumnProposal(name, expression, 0.75, (str(rule["because"]),), deriving.raw(*used)))
    return found


def _named(deriving: Deriving, names: list[str]) -> str | None:
    filled = [column.name for column in deriving.table.columns.values() if column.form != "empty"]
    return best_name(filled, names, deriving.entity.name)


def _some_value_holds(deriving: Deriving, column: str, word: str) -> bool:
    text = text_of(deriving.table, column)
    row = deriving.con.execute(
        f"select count(*) from {deriving.table.relation} where lower({text}) like ?", [f"%{word}%"]
    ).fetchone()
    return row is not None and row[0] > 0


def _same_as(deriving: Deriving, columns: Columns) -> dict[str, ColumnProposal]:
    """A required column that may share the raw column of another one: an id where only a name is there."""
    found = {}
    for name, others in synonyms()["same_as"].get(deriving.entity.name, {}).items():
        other = next((other for other in others if other in columns), None)
        if name not in columns and other is not None:
            given = columns[other]
            score = min(given.score, 0.7)
            # A channel may hold several campaigns, whose rows then look like one.
            said = f"no column of its own; {'CHECK: ' if other == 'channel' else ''}as {other}"
            found[name] = ColumnProposal(name, given.expression, score, (said,), given.raw)
    return found


def _date_parts(deriving: Deriving, columns: Columns) -> dict[str, ColumnProposal]:
    """A required date that stands in columns for year, month and day."""
    wanted = [
        n for n in deriving.entity.required if deriving.entity.columns[n].type in {"date", "timestamp"} and n not in columns
    ]
    month, day = _part(deriving, ("month", "月份", "月")), _part(deriving, ("day", "day of month", "日"))
    if len(wanted) != 1 or month is None or day is None:
        return {}
    year = _part(deriving, ("year", "年份", "年"))
    if year is not None:
        year_text, score, reason = f"cast({quoted(year.name)} as varchar)", 0.85, "year, month and day"
    else:
        number, reason = _missing_year(deriving, month, day)
        year_text, score = f"'{number}'", 0.85 if deriving.year else 0.5
    code = _month_code(month)
    text = f"{year_text} || ' ' || cast({quoted(month.name)} as varchar) || ' ' || cast({quoted(day.name)} as varchar)"
    expression = f"cast(strptime({text}, '%Y {code} %d') as date)"
    parts = [column.name for column in (year, month, day) if column is not None]
    return {wanted[0]: ColumnProposal(wanted[0], expression, score, (reason,), deriving.raw(*parts))}


def _part(deriving: Deriving, names: tuple[str, ...]) -> ColumnProfile | None:
    """Return the column with exactly one of these names whose values can be that part of a date."""
    terms: set[Words] = {words_of(name) for name in names}
    for column in deriving.table.columns.values():
        if words_of(column.name) in terms and (column.form == "integer" or "month" in column.kind.patterns):
            return column
    return None


def _month_code(month: ColumnProfile) -> str:
    return "%m" if month.form == "integer" else "%B"


def _missing_year(deriving: Deriving, month: ColumnProfile, day: ColumnProfile) -> tuple[int, str]:
    """Return (year, where it comes from): given, in the file's name, or the last one in which all these days are past."""
    if deriving.year is not None:
        return deriving.year, "month and day; the year as given"
    named = _YEAR.search(deriving.table.given.files[0].name)
    if named:
        return int(named[0]), "month and day; the year from the file's name; CHECK"
    text = f"'2000 ' || {text_of(deriving.table, month.name)} || ' ' || {text_of(deriving.table, day.name)}"
    sql = f"select max(try_strptime({text}, {literal(f'%Y {_month_code(month)} %d')})) from {deriving.table.relation}"
    row = deriving.con.execute(sql).fetchone()
    now = machine_now()
    last: dt.datetime | None = row[0] if row else None
    is_past = last is not None and (last.month, last.day) <= (now.month, now.day)
    year = now.year if is_past else now.year - 1
    return year, f"month and day; CHECK: no column holds the year, {year} is only assumed (--year)"


def _constants(deriving: Deriving, columns: Columns) -> dict[str, ColumnProposal]:
    """A required column that is the same in the whole file, as the name of the file or its folder says."""
    file = deriving.table.given.files[0]
    words = [words_of(deriving.table.given.stem), words_of(file.path.parent.name)]
    found = {}
    for name, values in synonyms()["constants"].get(deriving.entity.name, {}).items():
        for value, names in values.items():
            named = any(_follows(words_of(term), given) for term in names for given in words)
            if name in columns or name in found or (names and not named):
                continue
            reason = "name of the file or folder" if named else "CHECK: no column or file name says which"
            found[name] = ColumnProposal(name, literal(value), 0.8 if named else 0.5, (reason,))
    return found


def _sign_currency(deriving: Deriving, columns: Columns) -> dict[str, ColumnProposal]:
    """The currency that the signs of the amounts name, where they name one and the same."""
    if "currency" not in deriving.entity.columns:
        return {}
    raws = {raw.removeprefix(f"{deriving.table.name}.") for column in columns.values() for raw in column.raw}
    signed = [column for name, column in deriving.table.columns.items() if name in raws and column.form == "text"]
    amounts = [column.name for column in signed if "money" in column.kind.patterns]
    if len(amounts) == 1 and (several := currencies(deriving.con, deriving.table, amounts[0])) is not None:
        said = ("CHECK: the signs of the amounts",)
        return {"currency": ColumnProposal("currency", several, 0.75, said, deriving.raw(amounts[0]))}
    codes = {money_of(deriving.con, deriving.table, name).currency for name in amounts}
    code = codes.pop() if len(codes) == 1 else None
    if code is None:
        return {}
    return {"currency": ColumnProposal("currency", literal(code), 0.8, ("CHECK: the sign of all amounts",))}


def _follows(part: Words, words: Words) -> bool:
    return any(words[start : start + len(part)] == part for start in range(len(words)))
