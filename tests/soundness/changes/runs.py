"""Runs of the changing company in this process: the steps of a daily run without Dagster around them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb

from dagster_project import dbt_runner
from dagster_project.assets import dbt as dbt_assets
from dagster_project.connectors import extract_source, finish_extraction
from dagster_project.kpi_definitions import load_definitions
from metrics.alerts import evaluate_swings
from metrics.values import clear_pending, compute_values, pending_windows, write_definitions, write_status
from metrics.warehouse import open_warehouse
from metrics.workspace import Workspace, load_workspace
from tests.soundness.changes.company import OWN_MODEL, OWN_SEMANTICS, WORKSPACE, Files


@dataclass(frozen=True)
class Company:
    """A workspace folder whose files change."""

    root: Path

    def create(self) -> Company:
        """Write what does not change."""
        for name, text in {
            "workspace.yml": WORKSPACE,
            "models/order_dues.sql": OWN_MODEL,
            "semantic/own.yml": OWN_SEMANTICS,
        }.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self

    @property
    def workspace(self) -> Workspace:
        return load_workspace(self.root)

    def run(self, files: Files, run_id: str) -> None:
        """One daily run over ``files``."""
        ws = self.workspace
        files.write(self.root / "files")
        with open_warehouse(ws) as con:
            for name, source in ws.sources.items():
                extract_source(con, ws, name, list(source.tables), run_id, lambda _: None)
            finish_extraction(con, ws, run_id)
        self._build(ws, run_id)
        with open_warehouse(ws) as con:
            definitions = load_definitions(ws)
            layer, catalogue = definitions.layer, definitions.catalogue
            compute_values(con, ws, layer, catalogue, pending_windows(con, ws, layer, catalogue), run_id)
            clear_pending(con)
            write_definitions(con, catalogue, ws.known_promotions)
            write_status(con, ws, catalogue)
            evaluate_swings(con, ws, catalogue, run_id)

    def _build(self, ws: Workspace, run_id: str) -> None:
        manifest = json.loads(dbt_runner.ensure_manifest(ws).read_text())
        built, now = dbt_assets._Built.read(ws), dbt_assets._Built.of(ws)
        stale = dbt_assets._stale_models(ws, manifest, built, now, full=False)
        if stale:
            names = [manifest["nodes"][unique_id]["name"] for unique_id in sorted(stale)]
            # Only the models: their tests have tests of their own, and cost more than they.
            with patch.dict(os.environ, {"DBT_EXCLUDE_RESOURCE_TYPES": "test unit_test"}):
                outcome = dbt_runner.build(ws, names, unit_tests=True)
            assert {node.unique_id for node in outcome.nodes} == stale
            assert outcome.success, outcome.failures()
        dbt_assets._remember_as_built(ws, now)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse; the session is in UTC."""
        with duckdb.connect(str(self.workspace.warehouse_path), read_only=True) as con:
            return con.execute(sql).fetchall()
