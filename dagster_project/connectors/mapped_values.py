"""Values that a mapping's expressions and queries give: whether staging can hold them in their canonical types.

A raw column that is mapped as it is was judged row by row when it was loaded (quarantine). Of an expression only the mapped
value is known, so that a value which does not fit stops the run here, in one line, before dbt stops at it with less to say.
"""

from __future__ import annotations

import duckdb

from dagster_project.connectors.canonical_types import RANGES, fits
from dagster_project.connectors.mapped_columns import DATA_ERRORS, mapping_errors
from metrics.errors import SourceError
from metrics.warehouse import quoted
from metrics.workspace import Source, Workspace, load_entities
from metrics.workspace.business_dates import expression_type, is_loaded, mapped_relation
from metrics.workspace.mapping import parse_query, plain_column
from metrics.workspace.model import EntityMapping


def check_values(con: duckdb.DuckDBPyConnection, ws: Workspace) -> None:
    """Raise SourceError for the first column of a mapping with values that its canonical type cannot hold."""
    for source in ws.sources.values():
        for name, mapping in source.entities.items():
            if is_loaded(con, source, mapping):
                _check_mapping(con, ws, source, name, mapping)


def _check_mapping(
    con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source, entity: str, mapping: EntityMapping
) -> None:
    columns = _computed_columns(source, entity, mapping)
    if not columns:
        return
    tests = {name: _test(con, source, entity, mapping, name) for name in columns}
    relation = mapped_relation(source, mapping, columns[0])[0]
    places = {name: ("query",) if mapping.query is not None else ("columns", name) for name in columns}
    try:
        rows, *counts = _counts(con, relation, list(tests.values()))
    except DATA_ERRORS:
        # All columns are computed in one scan; only after an error each by itself, to name the one.
        for name, test in tests.items():
            with mapping_errors(ws, source, entity, *places[name]):
                _counts(con, relation, [test])
        with mapping_errors(ws, source, entity):
            raise
    for name, bad in zip(tests, counts, strict=True):
        if bad:
            wanted = load_entities()[entity].columns[name].type
            within = f" ({RANGES[wanted]})" if wanted in RANGES else ""
            where = ws.where("sources", source.name, "entities", entity, *places[name])
            raise SourceError(
                f"{where}: {source.name}.{entity}.{name}: {bad:,} of {rows:,} values cannot be held as {wanted}{within}"
                f"{_first_file(con, mapping, relation, tests[name])}. "
                "Mend the rows, or let the expression give NULL for them. Nothing was published."
            )


def _computed_columns(source: Source, entity: str, mapping: EntityMapping) -> list[str]:
    """The canonical columns that are more than a raw column; all of a query, whose rows depend on every part of it."""
    if mapping.query is None:
        return [name for name, text in mapping.columns.items() if plain_column(text) is None]
    names = parse_query(mapping.query, tuple(source.tables)).named_selects
    return [name for name in names if name in load_entities()[entity].columns]


def _test(con: duckdb.DuckDBPyConnection, source: Source, entity: str, mapping: EntityMapping, column: str) -> str:
    """SQL that is true for a value that does not fit."""
    relation, expression = mapped_relation(source, mapping, column)
    fitting = fits(
        f"({expression})", expression_type(con, relation, expression), load_entities()[entity].columns[column].type
    )
    # Where every value fits it still has to be computed, or an error of the expression would only show in staging.
    return f"(({expression}) is not null and not {fitting})" if fitting else f"(hash({expression}) = -1)"


def _counts(con: duckdb.DuckDBPyConnection, relation: str, tests: list[str]) -> tuple[int, ...]:
    counted = ", ".join(f"count(*) filter (where {test})" for test in tests)
    return con.execute(f"select count(*), {counted} from {relation}").fetchone() or (0,) * (len(tests) + 1)


def _first_file(con: duckdb.DuckDBPyConnection, mapping: EntityMapping, relation: str, test: str) -> str:
    if mapping.query is not None:
        return ""
    row = con.execute(f"select min({quoted('_file')}) from {relation} where {test}").fetchone()
    return f", the first in {row[0]}" if row and row[0] else ""
