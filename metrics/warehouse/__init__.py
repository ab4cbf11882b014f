"""The warehouse: two DuckDB files of a workspace, the tables that describe loads, names in SQL."""

from metrics.warehouse.connection import append_rows, column_types, load_excel, open_published, open_warehouse, table_exists
from metrics.warehouse.names import literal, quoted
from metrics.warehouse.ops_tables import ensure_tables

__all__ = [
    "append_rows",
    "column_types",
    "ensure_tables",
    "literal",
    "load_excel",
    "open_published",
    "open_warehouse",
    "quoted",
    "table_exists",
]
