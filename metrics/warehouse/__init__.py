"""The warehouse: two DuckDB files of a workspace, the tables that describe loads, names in SQL."""

from metrics.warehouse.attached import attached_name, attachments, source_file
from metrics.warehouse.connection import (
    append_rows,
    column_types,
    load_excel,
    open_facts,
    open_published,
    open_raw,
    open_warehouse,
    table_exists,
)
from metrics.warehouse.names import literal, quoted
from metrics.warehouse.ops_tables import ensure_tables

__all__ = [
    "append_rows",
    "attached_name",
    "attachments",
    "column_types",
    "ensure_tables",
    "literal",
    "load_excel",
    "open_facts",
    "open_published",
    "open_raw",
    "open_warehouse",
    "quoted",
    "source_file",
    "table_exists",
]
