"""From files to a proposal: profiles the tables, gives each entity the table that fits it best, fills in what is missing."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.connectors.base import Say
from dagster_project.suggest.books import by_sheet
from dagster_project.suggest.candidates import entity_candidates
from dagster_project.suggest.date_formats import settle_date_formats
from dagster_project.suggest.derive import entity_proposal
from dagster_project.suggest.joins import fill_from_joins
from dagster_project.suggest.names import currency_of, is_loader_column, likeliest_entity, noise_words, words_of
from dagster_project.suggest.number_styles import settle_numbers
from dagster_project.suggest.partial_rows import leave_out_partial_rows
from dagster_project.suggest.profile import TableProfile, profile_table, read_header_of
from dagster_project.suggest.proposal import EntityProposal, Proposal, in_words
from dagster_project.suggest.query_sql import RESERVED, summed_columns
from dagster_project.suggest.rates import rates_proposal
from dagster_project.suggest.refused import refused_columns
from dagster_project.suggest.repeats import note_repeats
from dagster_project.suggest.sources import Days, build_sources
from dagster_project.suggest.tables import GivenTable, found_file, given_files, group_files, slug
from metrics.errors import SourceError
from metrics.warehouse import quoted
from metrics.workspace import load_entities, machine_now
from metrics.workspace.mapping import plain_column

# Below this, a table has little more in common with an entity than an id.
LEAST_SCORE = 0.36
OLD_AFTER = dt.timedelta(days=7)


@dataclass(frozen=True)
class Given:
    """What the user said: zone of the times, currency, year of dates without one."""

    timezone: str | None = None
    currency: str | None = None
    year: int | None = None


def suggest_sources(paths: Iterable[Path], given: Given, say: Say) -> Proposal:
    """Return the proposed mapping of files and folders. Raises SourceError when a path does not exist."""
    con = duckdb.connect()
    # On a slow machine DuckDB would draw its bar into the proposal.
    con.execute("set enable_progress_bar = false")
    try:
        tables, left_out = _profiles(con, paths, say)
        drafts = _drafts(con, tables, given)
        chosen = _choose(drafts)
        for draft in chosen:
            if draft.missing:
                fill_from_joins(con, draft, tables, {p.table: p for p in chosen})
        for draft in chosen:
            note_repeats(con, draft, tables[draft.table])
            if draft.is_complete:
                leave_out_partial_rows(con, draft, tables[draft.table])
        settle_date_formats(chosen, tables)
        _type_sums(chosen, tables)
        complete = [draft for draft in chosen if draft.is_complete]
        sources, days = build_sources(con, complete, tables, given.timezone)
        settings = _settings(con, complete, tables, given, days)
        incomplete = [draft for draft in chosen if not draft.is_complete]
        return Proposal(sources, incomplete, settings, _unused(con, tables, chosen, drafts), left_out)
    finally:
        con.close()


def _profiles(con: duckdb.DuckDBPyConnection, paths: Iterable[Path], say: Say) -> tuple[dict[str, TableProfile], list[str]]:
    """Read every table; a file that cannot be read is left out with its reason."""
    files, left_out = given_files(paths)
    headers: dict[Path, tuple[str, ...]] = {}
    for file in files:
        try:
            headers[file] = read_header_of(con, found_file(file))
        except SourceError as error:
            left_out.append(str(error))
    tables: dict[str, TableProfile] = {}
    groups = group_files([file for file in files if file in headers], headers)
    for given in (part for group in groups for part in by_sheet(group)):
        say(f"reading {given.label}")
        try:
            profile = profile_table(con, given, _table_name(given, tables))
        except SourceError as error:
            left_out.append(str(error))
        else:
            settle_numbers(con, profile)
            tables[profile.name] = profile
    return tables, left_out


def _table_name(given: GivenTable, taken: Iterable[str]) -> str:
    words = given.stem.replace("-", "_").split("_")
    short = "_".join(word for word in words if not set(words_of(word)) <= noise_words())
    wanted = name = slug(short or given.stem, likeliest_entity(given.stem) or "data")
    if wanted in RESERVED:
        wanted = name = f"{wanted}_rows"
    number = 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name


def _drafts(con: duckdb.DuckDBPyConnection, tables: dict[str, TableProfile], given: Given) -> list[EntityProposal]:
    found = []
    for table in tables.values():
        rates = rates_proposal(con, table, given.currency)
        found += [rates] if rates is not None else []
        for candidate in entity_candidates(table):
            if rates is None and candidate.columns and candidate.score >= LEAST_SCORE - 0.1:
                found.append(entity_proposal(con, candidate, given.year))
    return [draft for draft in found if draft.score >= LEAST_SCORE - 0.1]


def _choose(drafts: list[EntityProposal]) -> list[EntityProposal]:
    """Give each entity at most one table and each table at most one entity, the likeliest pairs first."""
    chosen: list[EntityProposal] = []
    for draft in sorted(drafts, key=lambda draft: (-draft.score, draft.entity, draft.table)):
        if draft.score >= LEAST_SCORE and all(p.entity != draft.entity and p.table != draft.table for p in chosen):
            chosen.append(draft)
    order = list(load_entities())
    return sorted(chosen, key=lambda draft: order.index(draft.entity))


def _type_sums(chosen: list[EntityProposal], tables: dict[str, TableProfile]) -> None:
    """What an expression or a query computes with has to be a number even where a value is bad: the table says its type."""
    for draft in chosen:
        if not draft.is_complete:
            continue
        types = {raw: kind for raw, kind in summed_columns(draft).items() if kind != "text"}
        table = tables[draft.table]
        taken = {plain_column(column.expression) for column in draft.columns.values()}
        for column in draft.columns.values():
            for raw in column.raw if plain_column(column.expression) is None else ():
                name = raw.removeprefix(f"{table.name}.")
                profile = table.columns.get(name)
                if profile is None or name in taken:
                    continue
                if profile.is_odd or (profile.form == "text" and "money" in profile.kind.patterns):
                    # Where all values of a new file happen to be plain numbers, the expression still wants text.
                    types[name] = "text"
                elif profile.form in {"integer", "decimal"}:
                    is_double = load_entities()[draft.entity].columns[column.column].type == "double"
                    types[name] = "double" if is_double else profile.form
        if types:
            table.read = table.read.model_copy(update={"types": {**table.read.types, **types}})


def _unused(
    con: duckdb.DuckDBPyConnection,
    tables: dict[str, TableProfile],
    chosen: list[EntityProposal],
    drafts: list[EntityProposal],
) -> dict[str, str]:
    """Say of every table that fills no entity what it looks like."""
    used = {name for draft in chosen for name in (draft.table, *(join.table for join in draft.joins))}
    found = {}
    for name, table in tables.items():
        if name in used:
            continue
        like = max((d for d in drafts if d.table == name), key=lambda draft: draft.score, default=None)
        better = next((d.table for d in chosen if like is not None and d.entity == like.entity), None)
        found[table.given.label] = (
            f"looks like {like.entity}, but {better} fits better" if like and better else _lacks(con, table)
        )
    return found


def _lacks(con: duckdb.DuckDBPyConnection, table: TableProfile) -> str:
    """Say what the likeliest entity of a table that is like none would still need."""
    near = entity_candidates(table)[0]
    lacking = [name for name in near.entity.required if name not in near.columns]
    if not near.columns or not lacking:
        return "like no entity"
    refused = refused_columns(con, table, near.entity, lacking)
    return f"like no entity: lacks {in_words(lacking, refused)} of {near.entity.name}"


def _settings(
    con: duckdb.DuckDBPyConnection,
    complete: list[EntityProposal],
    tables: dict[str, TableProfile],
    given: Given,
    days: dict[str, Days],
) -> dict[str, tuple[Any, str]]:
    """Return time zone, currency, first day and clock of a workspace over these entities, each with a comment."""
    currency, currency_note = _currency(con, complete, tables, given)
    timezone_note = "as given" if given.timezone else "CHECK: the zone in which your days begin"
    settings: dict[str, tuple[Any, str]] = {
        "timezone": (given.timezone or "UTC", timezone_note),
        "currency": (currency, currency_note),
    }
    today = machine_now().date()
    events = [found for found in days.values() if found.first <= today]
    if not events:
        settings["history_start"] = (today.replace(month=1, day=1), "CHECK: the first day could not be found")
        return settings
    first, last = min(found.first for found in events), max(found.last for found in events)
    settings["history_start"] = (first.replace(day=1), f"the first event is of {first}")
    if last < today - OLD_AFTER:
        settings["clock"] = ("data_end", f"the last event is of {last}; `now` once new files arrive every day")
    else:
        settings["clock"] = ("now", f"the last event is of {last}")
    return settings


def _currency(
    con: duckdb.DuckDBPyConnection, complete: list[EntityProposal], tables: dict[str, TableProfile], given: Given
) -> tuple[str, str]:
    if given.currency:
        return given.currency, "as given"
    for draft in complete:
        # A table of rates names the other currencies.
        column = draft.columns.get("currency") if draft.entity != "exchange_rates" else None
        if column is not None and len(column.raw) == 1:
            table, _, raw = column.raw[0].partition(".")
            code = f"upper(trim({quoted(raw) if plain_column(column.expression) else column.expression}))"
            row = con.execute(f"select mode({code}) from {tables[table].relation} where length({code}) = 3").fetchone()
            if row and row[0] and row[0].isalpha():
                return row[0], f"the usual one in {table}.{raw}; CHECK"
        if column is not None and not column.raw:
            return str(column.expression).strip("'"), "the sign of the amounts; CHECK"
    names = [name for draft in complete for name in tables[draft.table].columns if not is_loader_column(name)]
    found = Counter(code for name in names if (code := currency_of(name)))
    if found:
        return found.most_common(1)[0][0], "in the names of columns"
    return "USD", "CHECK: no column says which"
