"""Writing a table as CSV, gzipped CSV, Parquet, JSON lines, Excel or into SQLite. The same rows give the same bytes.

A file is written beside its place and then moved there, so that a reader never meets half a file.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

_DATE = pd.ArrowDtype(pa.date32())
_SQLITE_TYPES = {"b": "BOOLEAN", "i": "INTEGER", "f": "REAL", "M": "DATETIME"}


def exported(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[[column for column in frame.columns if not column.startswith("_")]]


def write_file(frame: pd.DataFrame, path: Path) -> int:
    """Write the exported columns in the format that the ending names; return the number of rows."""
    table = exported(frame)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name("~" + path.name)
    name = path.name
    if name.endswith(".parquet"):
        pyarrow.parquet.write_table(_arrow(table), beside, compression="zstd")
    elif name.endswith(".csv"):
        pyarrow.csv.write_csv(_with_cents(_arrow(table)), beside)
    elif name.endswith(".csv.gz"):
        buffer = io.BytesIO()
        pyarrow.csv.write_csv(_with_cents(_arrow(table)), buffer)
        beside.write_bytes(gzip.compress(buffer.getvalue(), mtime=0))
    elif name.endswith(".jsonl"):
        beside.write_text(_json_lines(table), encoding="utf-8")
    elif name.endswith(".xlsx"):
        _write_excel(table, beside)
    else:
        raise ValueError(f"{path}: no writer for this ending")
    os.replace(beside, path)
    return len(table)


def write_csv_with(frame: pd.DataFrame, path: Path, delimiter: str) -> int:
    """A CSV with another delimiter than a comma."""
    table = exported(frame)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name("~" + path.name)
    pyarrow.csv.write_csv(_with_cents(_arrow(table)), beside, pyarrow.csv.WriteOptions(delimiter=delimiter))
    os.replace(beside, path)
    return len(table)


def write_sqlite(tables: Mapping[str, pd.DataFrame], path: Path) -> dict[str, int]:
    """One database with a table per frame, the first column its primary key; return the rows of each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name("~" + path.name)
    beside.unlink(missing_ok=True)
    with sqlite3.connect(beside, isolation_level=None) as connection:
        connection.execute("pragma journal_mode = off")
        connection.execute("begin")
        for name, frame in tables.items():
            _fill(connection, name, exported(frame))
        connection.execute("commit")
    connection.close()
    os.replace(beside, path)
    return {name: len(frame) for name, frame in tables.items()}


def _fill(connection: sqlite3.Connection, name: str, table: pd.DataFrame) -> None:
    declared = [
        f'"{column}" {_sqlite_type(table[column])}' + (" primary key" if position == 0 else "")
        for position, column in enumerate(table.columns)
    ]
    connection.execute(f'create table "{name}" ({", ".join(declared)})')
    marks = ", ".join("?" * len(table.columns))
    connection.executemany(
        f'insert into "{name}" values ({marks})', zip(*(_plain(table[each], " ", "") for each in table), strict=True)
    )


def _sqlite_type(column: pd.Series) -> str:
    return "DATE" if column.dtype == _DATE else _SQLITE_TYPES.get(column.dtype.kind, "TEXT")


def _plain(column: pd.Series, between: str, zone: str) -> list[object]:
    """Python values with None where missing; times as text, date and time parted by ``between``."""
    if column.dtype == _DATE:
        return column.astype(str).tolist()
    if column.dtype.kind == "M":
        text = np.datetime_as_string(column.to_numpy().astype("datetime64[s]"), unit="s")
        return [None if each == "NaT" else each.replace("T", between) + zone for each in text.tolist()]
    missing = column.isna()
    if missing.any():
        return [
            None if gone else value for value, gone in zip(column.astype(object).tolist(), missing.tolist(), strict=True)
        ]
    return column.tolist()


def _arrow(table: pd.DataFrame) -> pa.Table:
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    return arrow.replace_schema_metadata(None)


def _with_cents(table: pa.Table) -> pa.Table:
    """Numbers with two decimals (four where two are not enough), as exports print them: 24.00, not 24."""
    for position, name in enumerate(table.column_names):
        column = table.column(position)
        if pa.types.is_floating(column.type):
            values = column.to_numpy()
            known = values[np.isfinite(values)]
            digits = 2 if np.array_equal(known, known.round(2)) else 4
            table = table.set_column(position, name, column.cast(pa.decimal128(18, digits)))
    return table


def _json_lines(table: pd.DataFrame) -> str:
    columns = [_plain(table[each], "T", "Z") for each in table.columns]
    names = list(table.columns)
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    return "".join(encode(dict(zip(names, row, strict=True))) + "\n" for row in zip(*columns, strict=True))


def _write_excel(table: pd.DataFrame, path: Path) -> None:
    """Through DuckDB's excel extension, which comes as a PyPI package, so that no download is needed."""
    import duckdb_extension_excel

    extension = next(Path(duckdb_extension_excel.__file__).parent.rglob("*.duckdb_extension"))
    # The sheet is named after the file, which is written under a name that begins with a tilde.
    sheet = path.name.removeprefix("~").removesuffix(".xlsx")
    with duckdb.connect() as connection:
        connection.execute(f"load '{extension}'")
        connection.register("export_rows", _arrow(table))
        connection.execute(f"copy (from export_rows) to '{path}' (format xlsx, header true, sheet '{sheet}')")
