"""A small company for tests of values and alerts: facts in DuckDB, dbt manifests as dbt-core 1.11 writes them, a workspace.

The compiler, the catalogue and the lineage are the real ones. `truth` computes every value again with pandas.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from metrics.catalogue import Catalogue, load_catalogue, read_lineage
from metrics.semantic import SemanticLayer
from metrics.values import ensure_tables
from metrics.warehouse.ops_tables import TABLES
from metrics.workspace import Workspace, load_workspace

EPOCH = datetime.fromisoformat("2026-01-01")
FIRST, TODAY = date(2026, 3, 2), date(2026, 6, 10)
CHANNELS = ["email", "search", "social", "(none)", "", None]
Frames = dict[str, pd.DataFrame]

WORKSPACE = """
name: Small shop
timezone: UTC
currency: EUR
history_start: 2026-03-02
clock: data_end
notify:
  - {kind: file, path: alerts.jsonl}
sources:
  shop:
    connector: files
    domain: sales
    tables:
      all: {files: "*.csv"}
    entities:
      orders: {table: all, columns: {order_id: a, ordered_at: b, gross_amount: c}}
      web_sessions: {table: all, columns: {session_id: a, started_at: b}}
      survey_responses: {table: all, columns: {response_id: a, survey: b, sent_at: c}}
      tickets: {table: all, columns: {ticket_id: a, created_at: b}}
"""


def _measure(name: str, agg: str, expr: str) -> dict[str, Any]:
    return {"name": name, "agg": agg, "expr": expr, "agg_time_dimension": None, "agg_params": None}


def _model(name: str, table: str, primary: str, measures: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "model": f"ref('{table}')",
        "node_relation": {"alias": table, "schema_name": "core", "database": None, "relation_name": f"core.{table}"},
        "defaults": {"agg_time_dimension": "business_date"},
        "primary_entity": None,
        "entities": [
            {"name": primary, "type": "primary", "expr": f"{primary}_id"},
            {"name": "channel", "type": "foreign", "expr": "channel"},
        ],
        "dimensions": [{"name": "business_date", "type": "time", "expr": None, "type_params": {"time_granularity": "day"}}],
        "measures": measures,
        "depends_on": {"nodes": [f"model.small.{table}"]},
        "config": {"meta": {}},
    }


MODELS = [
    _model("orders", "fct_orders", "order", [_measure("orders", "sum", "1"), _measure("amount", "sum", "gross_amount")]),
    _model("web_sessions", "fct_web_sessions", "session", [_measure("sessions", "sum", "1")]),
    _model(
        "survey_responses",
        "fct_survey_responses",
        "response",
        [_measure("answers", "sum", "1"), _measure("satisfied", "sum", "case when score >= 4 then 1 else 0 end")],
    ),
    _model("tickets", "fct_tickets", "ticket", [_measure("tickets", "sum", "1"), _measure("wait", "median", "minutes")]),
]
STAGED = {"fct_orders": ["orders", "web_sessions", "customers"], "fct_web_sessions": ["web_sessions"],
          "fct_survey_responses": ["survey_responses"], "fct_tickets": ["tickets"]}  # fmt: skip


def _metric(name: str, kind: str, params: dict[str, Any], **meta: Any) -> dict[str, Any]:
    meta.setdefault("segments", ["channel"])
    return {"name": name, "type": kind, "type_params": params, "filter": None, "label": name, "description": name,
            "config": {"meta": meta}}  # fmt: skip


def _simple(name: str, measure: str, **meta: Any) -> dict[str, Any]:
    reference = {"name": measure, "filter": None, "join_to_timespine": False, "fill_nulls_with": None}
    return _metric(name, "simple", {"measure": reference}, **meta)


def _input(name: str, **offset: Any) -> dict[str, Any]:
    return {"name": name, "filter": None, "alias": offset.pop("alias", None), "offset_to_grain": None,
            "offset_window": None, **offset}  # fmt: skip


def _ratio(name: str, numerator: str, denominator: str, **meta: Any) -> dict[str, Any]:
    params = {"numerator": _input(numerator), "denominator": _input(denominator)}
    return _metric(name, "ratio", params, additivity="ratio", **meta)


def _email_orders() -> dict[str, Any]:
    """Orders by mail, 0 where a gap would be: it must not get a 0 on every channel that has other orders."""
    metric = _simple("email_orders", "orders", additivity="additive", unit="count", direction="up")
    condition = {"where_filters": [{"where_sql_template": "{{ Entity('channel') }} = 'email'"}]}
    metric["type_params"]["measure"] |= {"filter": condition, "fill_nulls_with": 0}
    return metric


METRICS = [
    _email_orders(),
    _simple("orders", "orders", additivity="additive", unit="count", direction="up"),
    _simple("sessions", "sessions", additivity="additive", unit="count", direction="up"),
    _simple("gross_revenue", "amount", additivity="additive", unit="currency", direction="up", n="orders"),
    _ratio("conversion_rate", "orders", "sessions", unit="ratio", direction="up"),
    _simple("csat_answers", "answers", additivity="additive", unit="count", direction="up"),
    _simple("csat_satisfied", "satisfied", additivity="additive", unit="count", direction="up"),
    _ratio("csat", "csat_satisfied", "csat_answers", unit="ratio", direction="up", interval="wilson"),
    _simple("tickets_created", "tickets", additivity="additive", unit="count", direction="down"),
    _simple("first_response_minutes", "wait", additivity="quantile", unit="minutes", direction="down", n="tickets_created"),
    _metric(
        "revenue_growth",
        "derived",
        {
            "expr": "now_revenue / nullif(previous_revenue, 0) - 1",
            "metrics": [
                _input("gross_revenue", alias="now_revenue"),
                _input("gross_revenue", alias="previous_revenue", offset_window={"count": 1, "granularity": "month"}),
            ],
        },
        additivity="derived",
        unit="ratio",
        direction="up",
        grains=["month"],
        segments=[],
    ),
]  # fmt: skip


def manifest() -> dict[str, Any]:
    """The parts of dbt's manifest.json that the catalogue reads."""
    parents: dict[str, list[str]] = {}
    for table, entities in STAGED.items():
        parents[f"model.small.{table}"] = [f"model.small.int_{entity}__unioned" for entity in entities]
        for entity in entities:
            parents[f"model.small.int_{entity}__unioned"] = [f"model.small.stg_mapped__{entity}"]
    return {
        "metrics": {f"metric.small.{metric['name']}": metric for metric in METRICS},
        "semantic_models": {f"semantic_model.small.{model['name']}": model for model in MODELS},
        "nodes": {f"model.small.{table}": _node(table) for table in STAGED},
        "macros": {},
        "metadata": {"project_name": "small"},
        "parent_map": parents,
    }


def _node(table: str) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "original_file_path": f"models/{table}.sql",
        "checksum": {"name": "sha256", "checksum": table},
        "config": {"meta": {}},
        "meta": {},
    }


def semantic_manifest() -> dict[str, Any]:
    """dbt's semantic_manifest.json."""
    spine = {"alias": "time_spine_daily", "schema_name": "core", "database": None, "relation_name": "core.time_spine_daily"}
    only_in_the_other = ("model", "depends_on")
    return {
        "semantic_models": [{k: v for k, v in model.items() if k not in only_in_the_other} for model in MODELS],
        "metrics": METRICS,
        "project_configuration": {
            "time_spines": [{"node_relation": spine, "primary_column": {"name": "date_day", "time_granularity": "day"}}]
        },
        "saved_queries": [],
    }


def random_frames(seed: int, last: date = TODAY) -> Frames:
    """Facts from FIRST to ``last``: some 6 orders, 60 visits, 4 answers and 5 tickets a day."""
    chance = np.random.default_rng(seed)
    days = pd.date_range(FIRST, last).date

    def fact(key: str, per_day: float, **columns: Any) -> pd.DataFrame:
        counts = chance.poisson(per_day, len(days))
        rows = int(counts.sum())
        return pd.DataFrame(
            {
                f"{key}_id": [f"{key}{place}" for place in range(rows)],
                "business_date": np.repeat(days, counts),
                "channel": chance.choice(np.array(CHANNELS, dtype=object), rows),
                **{name: draw(rows) for name, draw in columns.items()},
            }
        )

    return {
        "fct_orders": fact("order", 6, gross_amount=lambda n: chance.integers(100, 20000, n) / 100),
        "fct_web_sessions": fact("session", 60),
        "fct_survey_responses": fact("response", 4, score=lambda n: chance.integers(1, 6, n)),
        "fct_tickets": fact("ticket", 5, minutes=lambda n: chance.exponential(40, n)),
    }


_TYPES = {"business_date": "date", "gross_amount": "decimal(18, 4)", "score": "double", "minutes": "double"}


@dataclass
class Company:
    """One warehouse with its definitions. ``closed`` and ``settled`` are the watermarks of every entity."""

    root: Path
    ws: Workspace
    con: duckdb.DuckDBPyConnection
    layer: SemanticLayer
    catalogue: Catalogue
    frames: Frames = field(default_factory=dict)

    def load(self, frames: Frames) -> None:
        """Replace the facts."""
        self.frames = frames
        for table, frame in frames.items():
            given = frame  # read by DuckDB under this name
            columns = ", ".join(f'"{name}"::{_TYPES.get(name, "text")} as "{name}"' for name in given.columns)
            self.con.execute(f"create or replace table core.{table} as select {columns} from given")

    def set_time(self, today: date, closed: date | None, settled: date | None) -> None:
        """Move the clock and the watermarks of every entity."""
        now = EPOCH + timedelta(seconds=self._count("mart.source_watermarks"))
        self.con.execute("delete from mart.clock")
        self.con.execute("insert into mart.clock values (?, ?)", [today, now])
        for entity in self.ws.mapped_entities():
            self.con.execute(
                "insert into mart.source_watermarks values ('shop', ?, null, null, ?, ?, 'run', ?)",
                [entity, closed, settled, now],
            )

    def _count(self, table: str) -> int:
        found = self.con.execute(f"select count(*) from {table}").fetchone()
        return int(found[0]) if found else 0


def build(root: Path, kpis: str = "version: 1\n") -> Company:
    """A company in ``root``: workspace, manifests, an empty warehouse in memory, and its own KPI file."""
    (root / "kpis").mkdir(parents=True, exist_ok=True)
    (root / "workspace.yml").write_text(WORKSPACE)
    (root / "kpis" / "own.yml").write_text(kpis, encoding="utf-8")
    (root / "manifest.json").write_text(json.dumps(manifest()))
    (root / "semantic_manifest.json").write_text(json.dumps(semantic_manifest()))
    con = duckdb.connect()
    con.execute("attach ':memory:' as raw; attach ':memory:' as warehouse; use warehouse")
    for schema in ("warehouse.core", "warehouse.mart", "raw.ops"):
        con.execute(f"create schema if not exists {schema}")
    for table in TABLES:
        con.execute(f"create table {table}")
    con.execute(
        "create table core.time_spine_daily as select unnest(generate_series(date '2025-12-01', date '2026-12-31',"
        " interval 1 day))::date as date_day"
    )
    ensure_tables(con)
    ws = load_workspace(root)
    layer = SemanticLayer.from_manifest(root / "semantic_manifest.json")
    catalogue = load_catalogue(ws, layer, read_lineage(root / "manifest.json"), shipped=root / "none")
    return Company(root, ws, con, layer, catalogue)


_PERIODS = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q"}
Truth = dict[tuple[date, str], float]


def truth(frames: Frames, metric: str, grain: str, by_channel: bool) -> Truth:
    """(period start, member) -> value, computed with pandas alone."""
    count = {"orders": "fct_orders", "sessions": "fct_web_sessions", "csat_answers": "fct_survey_responses",
             "tickets_created": "fct_tickets"}  # fmt: skip
    groups = {table: _grouped(frame, grain, by_channel) for table, frame in frames.items()}
    if metric in count:
        return _as_truth(groups[count[metric]].size())
    if metric == "email_orders":
        orders = frames["fct_orders"]
        return _as_truth(_grouped(orders[orders["channel"] == "email"], grain, by_channel).size())
    if metric == "gross_revenue":
        return _as_truth(groups["fct_orders"]["gross_amount"].sum())
    if metric == "conversion_rate":
        orders, sessions = groups["fct_orders"].size(), groups["fct_web_sessions"].size()
        return _as_truth((orders / sessions).dropna())
    if metric == "csat":
        return _as_truth(groups["fct_survey_responses"]["score"].agg(lambda scores: (scores >= 4).mean()))
    if metric == "csat_satisfied":
        return _as_truth(groups["fct_survey_responses"]["score"].agg(lambda scores: (scores >= 4).sum()))
    if metric == "first_response_minutes":
        # medians of rows without a channel and of the channel "(none)" cannot be put together
        return _as_truth(_grouped(frames["fct_tickets"], grain, by_channel, none="(no value)")["minutes"].median())
    raise AssertionError(metric)


def _grouped(frame: pd.DataFrame, grain: str, by_channel: bool, none: str = "(none)") -> Any:
    starts = pd.to_datetime(frame["business_date"]).dt.to_period(_PERIODS[grain]).dt.start_time.dt.date.rename("start")
    member = frame["channel"].map(lambda name: "(empty)" if name == "" else name).fillna(none)
    return frame.groupby([starts, member if by_channel else pd.Series("", index=frame.index, name="channel")])


def _as_truth(series: pd.Series[Any]) -> Truth:
    found: Mapping[Any, Any] = series.to_dict()
    return {(start, str(member)): float(value) for (start, member), value in found.items()}
