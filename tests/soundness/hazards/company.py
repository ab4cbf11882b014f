"""A case with runs as a workspace: the real compiler, catalogue, values, status and alerts over the case's few rows.

Only extraction and dbt are left out: the facts are the case's own tables, and the watermarks those that it names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import yaml

from metrics.alerts import evaluate_swings
from metrics.catalogue import Catalogue, load_catalogue, read_lineage
from metrics.catalogue.definitions import read_definitions
from metrics.semantic import Query, SemanticLayer
from metrics.values import clear_pending, compute_values, ensure_tables, pending_windows, write_definitions, write_status
from metrics.values.comparison import Asked, Definitions, compare_definitions
from metrics.warehouse import open_published
from metrics.warehouse.ops_tables import TABLES
from metrics.workspace import Workspace, load_entities, load_workspace
from serving.publish import log_publish, publish
from serving.published import run_query
from tests.soundness.hazards.case import CATALOG, SCHEMA, Case, Run
from tests.soundness.hazards.manifest import semantic_manifest
from tests.soundness.hazards.preparing import create_spine, create_table

_TEXT = {"en": "text", "zh": "文字"}
# What every KPI file must say and no hazard depends on.
_KPI = {
    "title": _TEXT, "description": _TEXT, "question": _TEXT, "playbook": _TEXT, "owner": "Head of sales",
    "level": "operational", "scope": "company", "timing": "lagging", "role": "output",
}  # fmt: skip
_TOTAL = "metric = $metric and segment_dimension = ''"
_SQL = {
    "values": "mart.kpi_current where " + _TOTAL + " and grain = $grain",
    "restatements": "mart.kpi_restatements where " + _TOTAL + " and grain = $grain",
    "status": "mart.kpi_status where metric = $metric and grain = $grain",
    "swings": "mart.swings where metric = $metric and day between $from::date and $to::date",
    "alerts": "(select * replace (case when withdrawn_at is null then status else 'withdrawn' end as status) from mart.alerts)"
    + " as told where metric = $metric",
    "breaks": "mart.kpi_breaks where metric = $metric",
    "definitions": "(select period_start, count(distinct definition_hash) as versions from mart.kpi_values where "
    + _TOTAL
    + " and grain = $grain group by period_start) as counted where true",
}


def read_side(path: Path) -> Definitions:
    """A semantic manifest as one side of a comparison."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    return Definitions(SemanticLayer.from_manifest(path), read_definitions(raw), raw)


class Company:
    """Runs the case day by day and answers from what each run had published."""

    def __init__(self, case: Case, root: Path) -> None:
        self._case, self._root = case, root
        self._con = duckdb.connect()
        self._published: dict[str, datetime] = {}
        self._sides: dict[str, Definitions] = {}
        self._answers: dict[str, dict[str, list[tuple[Any, ...]]]] = {}
        self._write_workspace()
        self._create_warehouse()
        for run in case.runs:
            self._run(run)

    def history(self, asked: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
        """Rows of what ``asked`` names, as they stood after its run; of an indicator, what the catalogue takes.

        What is published and what `kpi query` says of it are read from the published file, as it is after the last run.
        Raises CatalogueError and QueryError.
        """
        if asked["of"] == "indicator":
            return self._declared(asked)
        if asked["of"] == "published":
            return self._published_rows(asked)
        if asked["of"] == "query":
            return [tuple(row.values()) for row in run_query(load_workspace(self._root), Query(**asked["query"]))]
        return self._answers[str(asked["run"])][json.dumps(asked, default=str)]

    def _declared(self, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The leading indicator of a KPI file that declares it, as the catalogue has taken it."""
        leader = {"kpi": asked["indicator"], "lag_days": asked["lag_days"]}
        self._write_kpis([{"id": asked["outcome"], "leading_indicators": [leader]}])
        kpi = self._definitions()[2].kpis[asked["outcome"]]
        return [(kpi.id, one.kpi, one.lag_days) for one in kpi.leading_indicators]

    def _published_rows(self, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with open_published(load_workspace(self._root)) as con:
            return con.execute(
                f"select {', '.join(asked['columns'])} from mart.kpi_current where metric = ? and grain = ? "
                "and segment_dimension = ?",
                [asked["metric"], asked["grain"], asked["by"]],
            ).fetchall()

    def _publish(self, ws: Workspace, catalogue: Catalogue, run: Run) -> None:
        """What a run does last, from a file instead of the memory in which the case is computed."""
        write_definitions(self._con, catalogue)
        log_publish(self._con, run.name)
        ws.warehouse_path.unlink(missing_ok=True)
        self._con.execute(f"attach '{ws.warehouse_path}' as kept; copy from database {CATALOG} to kept; detach kept")
        publish(ws, run.name, catalogue=catalogue)

    def _definitions(self) -> tuple[Workspace, SemanticLayer, Catalogue]:
        ws = load_workspace(self._root)
        layer = SemanticLayer.from_manifest(ws.dbt_target_dir / "semantic_manifest.json")
        lineage = read_lineage(ws.dbt_target_dir / "manifest.json")
        return ws, layer, load_catalogue(ws, layer, lineage, shipped=self._root / "none")

    def _run(self, run: Run) -> None:
        """One daily run: rows, definitions, watermarks, values, status, alerts; then every question about it."""
        for name, table in run.tables.items():
            create_table(self._con, f"{SCHEMA}.{name}", table)
        self._write_definitions(run)
        self._set_time(run)
        ws, layer, catalogue = self._definitions()
        self._sides[run.name] = read_side(ws.dbt_target_dir / "semantic_manifest.json")
        compute_values(self._con, ws, layer, catalogue, pending_windows(self._con, ws, layer, catalogue), run.name)
        clear_pending(self._con)
        write_status(self._con, ws, catalogue)
        evaluate_swings(self._con, ws, catalogue, run.name)
        if self._case.product.get("small_cells"):
            self._publish(ws, catalogue, run)
        self._published[run.name] = self._one("select max(recorded_at) from mart.kpi_values")
        asked = [item.history for item in self._case.questions if item.history and _is_kept(item.history, run)]
        self._answers[run.name] = {json.dumps(item, default=str): self._ask(item) for item in asked}

    def _ask(self, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        if asked["of"] == "diff":
            return self._diff(asked)
        source, given = _SQL[asked["of"]], {name: asked[name] for name in ("metric", "grain", "from", "to") if name in asked}
        if "as_of" in asked:
            source = source.replace("mart.kpi_current", "mart.kpi_as_of($as_of)")
            given["as_of"] = self._published[asked["as_of"]]
        if "period" in asked:
            source += " and period_start = $period"
            given["period"] = asked["period"]
        return self._con.execute(f"select {', '.join(asked['columns'])} from {source}", given).fetchall()

    def _diff(self, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What `kpi diff` says of the definitions of two runs, on the data as it is."""
        old, new = (self._sides[str(asked[side])] for side in ("against", "run"))
        only = Asked([asked["metric"]], [asked["grain"]])
        write_definitions(self._con, self._definitions()[2])
        found = compare_definitions(self._con, load_workspace(self._root), old, new, {}, only)
        return [tuple(getattr(value, name) for name in asked["columns"]) for value in found.values]

    def _one(self, sql: str) -> Any:
        return self._con.execute(sql).fetchall()[0][0]

    def _set_time(self, run: Run) -> None:
        now = datetime.fromisoformat("2024-01-01") + timedelta(
            seconds=self._one("select count(*) from mart.source_watermarks")
        )
        self._con.execute("delete from mart.clock")
        self._con.execute("insert into mart.clock values (?, ?)", [run.today, now])
        for entity in self._entities.values():
            self._con.execute(
                "insert into mart.source_watermarks values ('shop', ?, null, null, ?, ?, ?, ?)",
                [entity, run.closed, run.settled, run.name, now],
            )

    @property
    def _entities(self) -> dict[str, str]:
        """Fact table -> the entity that it is made of."""
        return dict(self._case.product["entities"])

    def _create_warehouse(self) -> None:
        self._con.execute(f"attach ':memory:' as raw; attach ':memory:' as {CATALOG}; use {CATALOG}")
        for schema in (f"{CATALOG}.{SCHEMA}", f"{CATALOG}.mart", "raw.ops"):
            self._con.execute(f"create schema if not exists {schema}")
        for table in TABLES:
            self._con.execute(f"create table {table}")
        create_spine(self._con, date(2023, 1, 1), date(2024, 12, 31))
        for name, rows in self._case.tables.items():
            create_table(self._con, f"{SCHEMA}.{name}", rows)
        ensure_tables(self._con)

    def _write_workspace(self) -> None:
        known = load_entities()
        mapped = {
            entity: {
                "table": "all",
                "columns": {name: "a" for name, column in known[entity].columns.items() if column.required},
            }
            for entity in self._entities.values()
        }
        source = {"connector": "files", "domain": "sales", "tables": {"all": {"files": "*.csv"}}, "entities": mapped}
        workspace = {
            "name": "Small shop", "timezone": "UTC", "currency": "EUR", "history_start": "2024-01-01", "clock": "data_end",
            "notify": [{"kind": "file", "path": "alerts.jsonl"}], "sources": {"shop": source},
        }  # fmt: skip
        if "small_cells" in self._case.product:
            workspace["small_cells"] = self._case.product["small_cells"]
        (self._root / "kpis").mkdir(parents=True)
        (self._root / "workspace.yml").write_text(yaml.safe_dump(workspace, sort_keys=False), encoding="utf-8")
        self._write_kpis(self._case.product.get("kpis", ()))

    def _write_kpis(self, kpis: Sequence[Mapping[str, Any]]) -> None:
        written = {"version": 1, "kpis": [{**_KPI, **item} for item in kpis]}
        (self._root / "kpis" / "own.yml").write_text(yaml.safe_dump(written), encoding="utf-8")

    def _write_definitions(self, run: Run) -> None:
        """dbt's two manifests: the semantic one, and what the catalogue reads of the other."""
        semantic = semantic_manifest(self._case, run.metrics or None)
        target = self._root / ".bellwether" / "dbt_target"
        target.mkdir(parents=True, exist_ok=True)
        (target / "semantic_manifest.json").write_text(json.dumps(semantic), encoding="utf-8")
        nodes, parents, models = {}, {}, {}
        for model in semantic["semantic_models"]:
            table = model["node_relation"]["alias"]
            unique_id = f"model.case.{table}"
            nodes[unique_id] = {
                "resource_type": "model",
                "original_file_path": f"models/{table}.sql",
                "checksum": {"name": "sha256", "checksum": table},
                "config": {"meta": {}},
                "meta": {},
            }
            parents[unique_id] = [f"model.case.stg_mapped__{self._entities[table]}"]
            depends = {"depends_on": {"nodes": [unique_id]}, "model": f"ref('{table}')"}
            models[f"semantic_model.case.{model['name']}"] = {**model, **depends}
        metrics = {f"metric.case.{metric['name']}": metric for metric in semantic["metrics"]}
        manifest = {
            "metrics": metrics,
            "semantic_models": models,
            "nodes": nodes,
            "macros": {},
            "metadata": {"project_name": "case"},
            "parent_map": parents,
        }
        (target / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def _is_kept(asked: Mapping[str, Any], run: Run) -> bool:
    """Whether the answer is what that run leaves behind; the catalogue and the published file are asked afterwards."""
    return asked["run"] == run.name and asked["of"] not in ("indicator", "published", "query")
