"""Tables that describe loads and the clock: raw.ops.* and mart.clock, mart.source_watermarks.

- file_ledger: one row per file that is loaded now; read_hash changes when the file has to be read another way
- file_columns: what each loaded file holds per column (value_kinds is a bit set, see connectors/column_types.py)
- quarantine: rows that could not be loaded, by run
- run_dates: business dates that loads touched and the models have not taken up yet; a NULL date is the whole history
- digests: for tables that are read in place, what they held at the last run, so that a change is seen; a NULL date is all
- fact_days: what the facts held, day by day, when the KPI values were last computed from them (a digest of their rows)
- loads: one row per attempt to load a table
"""

from __future__ import annotations

import duckdb

SCHEMAS = ("raw.ops", "raw.staging", "warehouse.intermediate", "warehouse.core", "warehouse.mart")

TABLES = (
    """raw.ops.file_ledger (
        source text not null,
        table_name text not null,
        path text not null,
        size bigint not null,
        modified_at timestamp not null,
        sha256 text not null,
        rows bigint not null,
        rejected bigint not null,
        read_hash text not null,
        run_id text not null,
        loaded_at timestamp not null,
        checked_at timestamp not null
    )""",
    """raw.ops.file_columns (
        source text not null,
        table_name text not null,
        path text not null,
        column_name text not null,
        position integer not null,
        value_kinds integer not null,
        native_type text
    )""",
    """raw.ops.quarantine (
        source text not null,
        table_name text not null,
        file text,
        line bigint,
        column_name text,
        value text,
        reason text not null,
        row_text text,
        run_id text not null,
        quarantined_at timestamp not null
    )""",
    """raw.ops.run_dates (
        entity text not null,
        business_date date,
        run_id text not null,
        recorded_at timestamp not null
    )""",
    """raw.ops.fact_days (
        fact text not null,
        day date not null,
        digest hugeint not null
    )""",
    """raw.ops.digests (
        source text not null,
        subject text not null,
        business_date date,
        rows bigint not null,
        digest text not null
    )""",
    """raw.ops.loads (
        source text not null,
        table_name text not null,
        run_id text not null,
        loaded_at timestamp not null,
        rows bigint not null,
        rows_changed bigint not null,
        rejected bigint not null,
        succeeded boolean not null
    )""",
    """warehouse.mart.clock (
        today date not null,
        now_at timestamp not null
    )""",
    """warehouse.mart.source_watermarks (
        source text not null,
        entity text not null,
        last_event_on date,
        last_loaded_at timestamp,
        closed_through date,
        settled_through date,
        run_id text not null,
        recorded_at timestamp not null
    )""",
)


def ensure_tables(con: duckdb.DuckDBPyConnection, source_schemas: list[str]) -> None:
    """Create the schemas and tables that are not there yet."""
    schemas = [*SCHEMAS, *(f"raw.{name}" for name in source_schemas)]
    found = con.execute("select database_name || '.' || schema_name from duckdb_schemas()").fetchall()
    for schema in schemas:
        if (schema,) not in found:
            con.execute(f"create schema {schema}")
    found = con.execute("select database_name || '.' || schema_name || '.' || table_name from duckdb_tables()").fetchall()
    for table in TABLES:
        if (table.split()[0],) not in found:
            con.execute(f"create table {table}")
