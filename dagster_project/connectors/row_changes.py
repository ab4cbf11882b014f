"""What a load changed: rows that came and went, and the business dates (raw.ops.run_dates) that they touch.

- An event touches the business dates of its changed rows, old and new, and of every row with the same key (one of them
  may now be the one that is kept). Rows of ``table:`` mappings are compared as raw rows; a ``query:`` is evaluated before
  and after the load of each of its tables, and its results are compared.
- A reference touches the whole history (a NULL date), by new rows too: what refers to them may be there already. New
  exchange rates touch the days that use them, until the next one.
- A raw column that changes its type touches the whole history, and so does a row without a date.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from dagster_project.connectors.mapped_columns import mapping_errors
from metrics.warehouse import quoted
from metrics.workspace import Clock, Entity, Source, Workspace, load_entities
from metrics.workspace.business_dates import business_date_sql, expression_type, is_loaded, mapped_relation, raw_relation
from metrics.workspace.mapping import expression_sql, mapping_tables, parse_query
from metrics.workspace.model import EntityMapping

CAME, WENT = "rows_came", "rows_went"


@dataclass(frozen=True)
class Change:
    """Rows that came and went, as temporary relations, and the relation as it is now; ``columns`` of an entity in it."""

    came: str
    went: str
    relation: str
    columns: dict[str, str]


def compare_rows(con: duckdb.DuckDBPyConnection, old: str, new: str, columns: list[str]) -> int:
    """Fill temp.rows_came and temp.rows_went with the rows that only ``new`` or only ``old`` has; return how many.

    Duplicates count. ``old`` and ``new`` are relations that hold ``columns`` with the same types.
    """
    listed = ", ".join(quoted(name) for name in columns)
    old_sql, new_sql = f"select {listed} from {old}", f"select {listed} from {new}"
    # Comparing hashes every row; a first load, new files and removed files have nothing to be compared with.
    old_rows, new_rows = (count(con, f"(select 1 from {side} limit 1)") for side in (old, new))
    came, went = (f"({new_sql}) except all ({old_sql})", f"({old_sql}) except all ({new_sql})")
    if not old_rows:
        came, went = new_sql, f"{new_sql} limit 0"
    elif not new_rows:
        came, went = f"{old_sql} limit 0", old_sql
    drop_compared(con)
    con.execute(f"create temp {'table' if old_rows else 'view'} {CAME} as {came}")
    con.execute(f"create temp table {WENT} as {went}")
    return count(con, CAME) + count(con, WENT)


def drop_compared(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what ``compare_rows`` left."""
    found = "select view_name from duckdb_views() where database_name = 'temp' and view_name = 'rows_came'"
    kind = "view" if con.execute(found).fetchone() else "table"
    con.execute(f"drop {kind} if exists temp.{CAME}; drop table if exists temp.{WENT}")


def count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = con.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0


class MappedQueries:
    """The results of the queries that read a table, kept from before its load to be compared with after."""

    def __init__(self, con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source, table: str) -> None:
        self._con, self._ws, self._source = con, ws, source
        self._queries = {
            name: mapping
            for name, mapping in source.entities.items()
            if mapping.query is not None and table in mapping_tables(source, mapping)
        }
        self._kept: set[str] = set()

    def keep(self) -> None:
        """Evaluate the queries before the load."""
        for name, mapping in self._queries.items():
            if is_loaded(self._con, self._source, mapping):
                relation, columns = self._relation(mapping)
                listed = ", ".join(columns.values())
                with mapping_errors(self._ws, self._source, name, "query"):
                    self._con.execute(f"create or replace temp table {_before(name)} as select {listed} from {relation}")
                self._kept.add(name)

    def change(self, name: str) -> Change | None:
        """Compare a query's result with the one before the load; None while a table of it is missing."""
        mapping = self._queries[name]
        if not is_loaded(self._con, self._source, mapping):
            return None
        relation, columns = self._relation(mapping)
        listed = ", ".join(columns.values())
        now, before = f"select {listed} from {relation}", f"select {listed} from temp.{_before(name)}"
        came, went = f"{now} except all {before}", f"{before} except all {now}"
        if name not in self._kept:
            came, went = now, f"{now} limit 0"
        return Change(f"({came})", f"({went})", relation, columns)

    def drop(self) -> None:
        for name in self._kept:
            self._con.execute(f"drop table if exists temp.{_before(name)}")

    def _relation(self, mapping: EntityMapping) -> tuple[str, dict[str, str]]:
        names = parse_query(mapping.query or "", tuple(self._source.tables)).named_selects
        return mapped_relation(self._source, mapping, names[0])[0], {name: quoted(name) for name in names}


def _before(entity: str) -> str:
    return quoted(f"{entity}_before")


def record_run_dates(
    con: duckdb.DuckDBPyConnection,
    ws: Workspace,
    source: Source,
    table: str,
    queries: MappedQueries,
    run_id: str,
    recorded_at: dt.datetime,
    whole_history: bool = False,
) -> None:
    """Append the business dates that the compared rows touch. Call it when the raw table holds the new rows."""
    for name, mapping in source.entities.items():
        if table not in mapping_tables(source, mapping):
            continue
        change = queries.change(name) if mapping.query is not None else _raw_change(source, mapping)
        if change is None:
            continue
        keys = ("query",) if mapping.query is not None else ("columns",)
        with mapping_errors(ws, source, name, *keys):
            dates = None if whole_history else _touched_dates(con, ws, source, load_entities()[name], change)
            con.execute(
                f"""insert into raw.ops.run_dates
                select $entity, touched.business_date, $run_id, $recorded_at
                from ({dates or "select cast(null as date)"}) as touched (business_date)""",
                {"entity": name, "run_id": run_id, "recorded_at": recorded_at},
            )


def _raw_change(source: Source, mapping: EntityMapping) -> Change:
    table = mapping.table or ""
    columns = {name: expression_sql(text, table) for name, text in mapping.columns.items()}
    return Change(f"temp.{CAME}", f"temp.{WENT}", raw_relation(source, table), columns)


def _touched_dates(
    con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source, entity: Entity, change: Change
) -> str | None:
    """Return SQL for the touched dates, None for the whole history."""
    if entity.business_date is None:
        return None if count(con, change.went) else _rate_dates(con, ws, entity, change)
    column = change.columns[entity.business_date]
    date = business_date_sql(ws, source, entity, column, expression_type(con, change.relation, column))
    touched = f"select {date} as business_date from {change.came} union select {date} from {change.went}"
    # A key column with a default may be unmapped; it then has one value everywhere.
    keys = ", ".join(change.columns[name] for name in entity.key if name in change.columns)
    if count(con, change.relation) > count(con, change.came):
        same_key = f"select {keys} from {change.came} union all select {keys} from {change.went}"
        touched += f" union select {date} from {change.relation} where ({keys}) in ({same_key})"
    return f"select distinct business_date from ({touched})"


def _rate_dates(con: duckdb.DuckDBPyConnection, ws: Workspace, entity: Entity, change: Change) -> str | None:
    """Return SQL for the dates that new rows of a reference decide, None (all of them) unless a day is part of its key."""
    days = [name for name in entity.key if entity.columns[name].type == "date"]
    if not days:
        return None
    day = f"cast({change.columns[days[0]]} as date)"
    others = [change.columns[name] for name in entity.key if name not in days]
    partition = f"partition by {', '.join(others)}" if others else ""
    last = f"greatest(max(day) over (), date '{Clock(ws, con).today.isoformat()}')"
    return f"""
        with ordered as (
            select {day} as day, lead({day}) over ({partition} order by {day}) as next_day from {change.relation}
        ),
        spans as (select day, coalesce(next_day - 1, {last}) as last_day from ordered)
        select distinct cast(unnest(generate_series(day, last_day, interval 1 day)) as date)
        from spans where day in (select {day} from {change.came})"""
