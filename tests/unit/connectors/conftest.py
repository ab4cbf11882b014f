"""A small workspace over files in a temporary folder, and a hand to load it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from dagster_project.connectors import TableLoad, extract_source, finish_extraction
from metrics.errors import SourceError
from metrics.warehouse import open_warehouse
from metrics.workspace import Workspace, load_workspace

ORDERS = {"order_id": "id", "ordered_at": "created_at", "gross_amount": "price"}


class SmallWorkspace:
    """A workspace with one source; ``load`` brings its tables up to date, ``rows`` shows one of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: dict[str, Any] = {
            "name": "Small",
            "timezone": "Europe/Berlin",
            "currency": "EUR",
            "history_start": "2024-01-01",
            "clock": "data_end",
        }
        self.source: dict[str, Any] = {
            "connector": "files",
            "domain": "sales",
            "path": "files",
            "tables": {"orders": {"files": "orders*.csv"}},
            "entities": {"orders": {"table": "orders", "columns": dict(ORDERS)}},
        }
        self.more_sources: dict[str, dict[str, Any]] = {}
        self.said: list[str] = []
        self._opened = ExitStack()
        self._con: duckdb.DuckDBPyConnection | None = None
        (folder / "files").mkdir(parents=True)

    def line_of(self, text: str) -> int:
        """Number of the first line of workspace.yml that holds ``text``."""
        lines = (self.folder / "workspace.yml").read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    def refusal(self) -> str:
        """The one line with which a whole load stops."""
        with pytest.raises(SourceError) as caught:
            self.load_everything()
        text = str(caught.value)
        assert "\n" not in text
        return text

    def file(self, name: str, content: str | bytes) -> Path:
        """Write a file of the source."""
        path = self.folder / "files" / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    @property
    def workspace(self) -> Workspace:
        text = yaml.safe_dump(self.settings | {"sources": {"shop": self.source, **self.more_sources}}, sort_keys=False)
        (self.folder / "workspace.yml").write_text(text, encoding="utf-8")
        return load_workspace(self.folder)

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The warehouse, opened once."""
        if self._con is None:
            self._con = self._opened.enter_context(open_warehouse(self.workspace))
        return self._con

    def close(self) -> None:
        self._opened.close()
        self._con = None

    def load(self, *tables: str, run_id: str = "run") -> list[TableLoad]:
        ws = self.workspace
        chosen = tables or list(ws.sources["shop"].tables)
        return extract_source(self.con, ws, "shop", chosen, run_id, self.said.append)

    def load_everything(self, run_id: str = "run") -> None:
        """Load every table of every source, then close the days, as a run does before the models are built."""
        ws = self.workspace
        for source in ws.sources.values():
            extract_source(self.con, ws, source.name, list(source.tables), run_id, self.said.append)
        finish_extraction(self.con, ws, run_id)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.con.execute(sql).fetchall()

    def rows(self, columns: str = "id, created_at, price", table: str = "orders") -> list[tuple[Any, ...]]:
        return self.query(f"select {columns} from raw.raw_shop.{table} order by all")

    def dates(self, entity: str = "orders") -> list[str | None]:
        """Return the business dates recorded so far, and forget them."""
        sql = "select distinct business_date::varchar from raw.ops.run_dates where entity = ? order by 1"
        found = [row[0] for row in self.con.execute(sql, [entity]).fetchall()]
        self.con.execute("delete from raw.ops.run_dates")
        return found


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallWorkspace]:
    workspace = SmallWorkspace(tmp_path)
    yield workspace
    workspace.close()


def csv_text(*rows: str, header: str = "id,created_at,price") -> str:
    return "\n".join([header, *rows]) + "\n"


def at(text: str) -> dt.datetime:
    """Return a naive time, as DuckDB gives it."""
    return dt.datetime.fromisoformat(text)
