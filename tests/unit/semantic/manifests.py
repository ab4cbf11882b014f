"""A semantic manifest written by hand, in the form of dbt-core 1.11, for tests of single stages."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from metrics.semantic.manifest import Manifest, parse_manifest


def entity(name: str, kind: str, expr: str | None = None) -> dict[str, Any]:
    return {"name": name, "type": kind, "expr": expr}


def dimension(name: str, expr: str | None = None) -> dict[str, Any]:
    return {"name": name, "type": "categorical", "expr": expr, "type_params": None}


def time(name: str, grain: str = "day") -> dict[str, Any]:
    return {"name": name, "type": "time", "expr": None, "type_params": {"time_granularity": grain}}


def measure(name: str, agg: str = "sum", expr: str | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "agg": agg, "expr": expr, **more}


def model(
    name: str,
    entities: list[dict[str, Any]],
    dimensions: list[dict[str, Any]] | None = None,
    measures: list[dict[str, Any]] | None = None,
    at: str | None = "day",
) -> dict[str, Any]:
    """A semantic model over ``core.<name>``; with measures it has a time dimension called ``at``."""
    return {
        "name": name,
        "node_relation": {"alias": name, "schema_name": "core", "database": "db"},
        "primary_entity": None,
        "defaults": {"agg_time_dimension": "at"} if measures else None,
        "entities": entities,
        "dimensions": [*(dimensions or []), *([time("at", at)] if measures and at else [])],
        "measures": measures or [],
    }


def metric(name: str, kind: str = "simple", **params: Any) -> dict[str, Any]:
    """A metric; ``measure`` and inputs may be given as names."""
    filters = params.pop("filter", None)
    if isinstance(params.get("measure"), str):
        params["measure"] = {"name": params["measure"], "filter": None}
    for part in ("numerator", "denominator"):
        if isinstance(params.get(part), str):
            params[part] = {"name": params[part]}
    if "metrics" in params:
        params["metrics"] = [{"name": item} if isinstance(item, str) else item for item in params["metrics"]]
    return {
        "name": name,
        "type": kind,
        "type_params": params,
        "filter": {"where_filters": [{"where_sql_template": filters}]} if filters else None,
    }


def manifest(models: list[dict[str, Any]], metrics: list[dict[str, Any]], spine: bool = True) -> Manifest:
    spines = [
        {
            "node_relation": {"alias": "days", "schema_name": "core", "database": "db"},
            "primary_column": {"name": "date_day", "time_granularity": "day"},
        }
    ]
    raw = {
        "semantic_models": models,
        "metrics": metrics,
        "project_configuration": {"time_spines": spines if spine else []},
    }
    return parse_manifest(raw, hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest())


def shop() -> Manifest:
    """Orders, their lines, sessions; customers reached over two paths; an entity called like a keyword."""
    return manifest(
        [
            model(
                "orders",
                [entity("order", "primary", "order_id"), entity("customer", "foreign"), entity("session", "foreign")],
                [dimension("status")],
                [measure("order_count", "count", "order_id"), measure("amount"), measure("select", "sum", "1")],
            ),
            model(
                "lines",
                [entity("line", "primary"), entity("order", "foreign", "order_id"), entity("bought_by", "foreign")],
                [],
                [measure("items", "sum", "quantity")],
            ),
            model(
                "sessions",
                [entity("session", "primary"), entity("visitor", "foreign"), entity("campaign", "foreign")],
                [dimension("device")],
                [measure("session_count", "sum", "1")],
            ),
            model("customers", [entity("customer", "primary"), entity("country", "foreign")], [dimension("segment")]),
            model("visitors", [entity("visitor", "primary"), entity("country", "foreign")]),
            model("countries", [entity("country", "primary")], [dimension("area")]),
            model("months", [entity("month_key", "primary")], [], [measure("budget")], at="month"),
        ],
        [
            metric("orders", measure="order_count"),
            metric("amount", measure="amount"),
            metric("keyword", measure="select"),
            metric("items", measure="items"),
            metric("sessions", measure="session_count"),
            metric("budget", measure="budget"),
            metric("conversion", "ratio", numerator="orders", denominator="sessions"),
            metric("paid", measure="amount", filter="{{ Dimension('order__status') }} = 'paid'"),
            metric(
                "growth",
                "derived",
                expr="amount / before - 1",
                metrics=[
                    "amount",
                    {"name": "amount", "alias": "before", "offset_window": {"count": 1, "granularity": "month"}},
                ],
            ),
            metric("loop", "derived", expr="loop + 1", metrics=["loop"]),
            metric(
                "trailing",
                "cumulative",
                measure="amount",
                cumulative_type_params={"window": {"count": 7, "granularity": "days"}, "period_agg": "last"},
            ),
            metric("funnel", "conversion", conversion_type_params={}),
        ],
    )
