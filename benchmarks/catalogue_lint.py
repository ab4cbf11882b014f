"""The whole lint over a generated catalogue: reading the files, every rule, three years of history behind each target.

    python -m benchmarks.catalogue_lint --kpis 500

Prints the seconds of reading the definitions (dbt's two manifests) and of the lint itself. The goal: 500 KPIs are linted in
less than 2 s.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import yaml

from metrics.catalogue import read_lineage
from metrics.catalogue.lint import LintReport, lint_catalogue
from metrics.semantic import SemanticLayer
from metrics.values import ensure_tables
from metrics.workspace import load_workspace

PER_FILE = 25
TEAMS = ("marketing", "sales", "support", "finance")
WORKSPACE = """
name: Five hundred
timezone: UTC
currency: EUR
history_start: 2023-01-01
clock: 2026-06-10
sources:
  shop:
    connector: files
    domain: sales
    path: files
    tables: {all: {files: "*.csv"}}
    entities:
      orders: {table: all, columns: {order_id: a, ordered_at: b, gross_amount: c}}
"""


def generate(root: Path, count: int) -> None:
    """A workspace with ``count`` metrics (every fourth a ratio of two others) and a KPI for each of them."""
    (root / "kpis").mkdir(parents=True)
    (root / "workspace.yml").write_text(WORKSPACE)
    metrics = [_metric(number) for number in range(count)]
    models = [_model(first, min(first + PER_FILE, count)) for first in range(0, count, PER_FILE)]
    spine = {"alias": "time_spine_daily", "schema_name": "core", "database": None, "relation_name": "core.time_spine_daily"}
    semantic = {
        "semantic_models": models,
        "metrics": metrics,
        "project_configuration": {
            "time_spines": [{"node_relation": spine, "primary_column": {"name": "date_day", "time_granularity": "day"}}]
        },
        "saved_queries": [],
    }
    node = {"config": {"meta": {}}, "meta": {}}
    tables = [model["node_relation"]["alias"] for model in models]
    manifest = {
        "metrics": {f"metric.x.{one['name']}": one for one in metrics},
        "semantic_models": {f"semantic_model.x.{model['name']}": {
            **model, "depends_on": {"nodes": [f"model.x.{model['node_relation']['alias']}"]}} for model in models},
        "nodes": {f"model.x.{table}": node for table in tables},
        "parent_map": {f"model.x.{table}": ["model.x.stg_mapped__orders"] for table in tables},
    }  # fmt: skip
    (root / "semantic_manifest.json").write_text(json.dumps(semantic))
    (root / "manifest.json").write_text(json.dumps(manifest))
    for first in range(0, count, PER_FILE):
        kpis = [_kpi(number) for number in range(first, min(first + PER_FILE, count))]
        text = yaml.safe_dump({"version": 1, "kpis": kpis}, sort_keys=False, allow_unicode=True)
        (root / "kpis" / f"part_{first:04}.yml").write_text(text, encoding="utf-8")


def _model(first: int, last: int) -> dict[str, Any]:
    table = f"fct_part_{first}"
    return {
        "name": f"part_{first}",
        "node_relation": {"alias": table, "schema_name": "core", "database": None, "relation_name": f"core.{table}"},
        "defaults": {"agg_time_dimension": "business_date"},
        "primary_entity": None,
        "entities": [{"name": f"row_{first}", "type": "primary", "expr": "id"},
                     {"name": "channel", "type": "foreign", "expr": "channel"}],
        "dimensions": [{"name": "business_date", "type": "time", "expr": None, "type_params": {"time_granularity": "day"}}],
        "measures": [{"name": f"measure_{number}", "agg": "sum", "expr": f"column_{number}", "agg_time_dimension": None,
                      "agg_params": None} for number in range(first, last)],
        "config": {"meta": {}},
    }  # fmt: skip


def _metric(number: int) -> dict[str, Any]:
    reference = {"filter": None, "alias": None, "offset_to_grain": None, "offset_window": None}
    if number % 4 == 3:
        kind, unit = "ratio", "ratio"
        params: dict[str, Any] = {"numerator": {**reference, "name": f"metric_{number - 1}"},
                                  "denominator": {**reference, "name": f"metric_{number - 2}"}}  # fmt: skip
    else:
        kind, unit = "simple", "count"
        measure = {"name": f"measure_{number}", "filter": None, "join_to_timespine": False, "fill_nulls_with": None}
        params = {"measure": measure}
    meta = {
        "unit": unit,
        "direction": "up",
        "segments": ["channel"],
        "label": {"en": f"Metric {number}", "zh": f"指标 {number}"},
    }
    return {"name": f"metric_{number}", "type": kind, "type_params": params, "filter": None, "label": f"Metric {number}",
            "description": "", "config": {"meta": meta}}  # fmt: skip


def _kpi(number: int) -> dict[str, Any]:
    kpi = {
        "id": f"metric_{number}",
        "title": {"en": f"Indicator number {number}", "zh": f"第 {number} 号指标"},
        "description": {"en": f"How often thing {number} happened on a day, without tests. Example: {number + 1} times on Monday.",
                        "zh": f"某天第 {number} 件事发生的次数，不含测试。例如：周一发生了 {number + 1} 次。"},
        "question": {"en": f"How often does {number} happen?", "zh": f"{number} 多久发生一次？"},
        "owner": f"Owner {number % 40}",
        "team": TEAMS[number % len(TEAMS)],
        "goals": ["grow_revenue"],
        "level": "functional",
        "scope": "team",
        "timing": "leading" if number % 3 else "lagging",
        "role": "output",
        "segments": ["channel"],
        "guardrails": [f"metric_{(number + 7) // 8}"] if number > 1 else [],
        "targets": [{"from": f"{year}-01-01", "to": f"{year}-12-31", "grain": "month", "floor": 90.0, "value": 101.0 + year % 7,
                     "stretch": 140.0} for year in (2024, 2025, 2026)],
        "playbook": {"en": f"Split {number} by channel first, then ask the team what changed on that day.",
                     "zh": f"先按渠道拆分第 {number} 号指标，再问团队当天有什么变化。"},
    }  # fmt: skip
    if number >= PER_FILE:
        kpi["leading_indicators"] = [{"kpi": f"metric_{number - PER_FILE + (number % 2)}", "lag_days": 3}]
    if number:
        kpi["parent"] = f"metric_{number // 5}"
    return kpi


def history(count: int) -> duckdb.DuckDBPyConnection:
    """36 closed months of every metric, as a run has written them."""
    con = duckdb.connect()
    con.execute("create schema mart")
    ensure_tables(con)
    con.execute("create table if not exists mart.clock (today date)")
    con.execute(
        """insert into mart.kpi_values by name
        select 'metric_' || m as metric, 'month' as grain, (date '2023-06-01' + to_months(i::int))::date as period_start,
               100 + (m * 7 + i * 13) % 20 as value, 'settled' as state, 'x' as definition_hash, 'run' as run_id,
               timestamp '2026-06-10' as recorded_at
        from range(?) as a(m), range(36) as b(i)""",
        [count],
    )
    return con


def measure(root: Path, count: int, repeat: int) -> tuple[float, list[tuple[float, float]], LintReport]:
    """Seconds of reading the definitions, (wall, CPU) seconds of each lint, and the last report."""
    con, ws = history(count), load_workspace(root)
    began = time.perf_counter()
    layer = SemanticLayer.from_manifest(root / "semantic_manifest.json")
    lineage = read_lineage(root / "manifest.json")
    read = time.perf_counter() - began
    seconds = []
    for _ in range(repeat):
        began, busy = time.perf_counter(), time.process_time()
        report = lint_catalogue(ws, layer, lineage, con, root / "none")
        seconds.append((time.perf_counter() - began, time.process_time() - busy))
    return read, seconds, report


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--kpis", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        generate(root, asked.kpis)
        read, seconds, report = measure(root, asked.kpis, asked.repeat)
    best, busy = min(wall for wall, _ in seconds), min(cpu for _, cpu in seconds)
    print(f"{asked.kpis} KPIs: definitions read in {read:.2f} s; linted in {seconds[0][0]:.2f} s the first time")
    print(f"best of {len(seconds)}: {best:.2f} s wall, {busy:.2f} s CPU")
    print(f"{len(report.checked.catalogue.kpis)} KPIs, {len(report.errors)} errors, {len(report.warnings)} warnings")
    for found in report.findings[:5]:
        print(f"  {found}")


if __name__ == "__main__":
    main()
