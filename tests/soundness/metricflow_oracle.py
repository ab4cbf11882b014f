"""MetricFlow 0.213 as the oracle: the same query, compiled by another compiler from the same manifest.

Only the differential tests import this. MetricFlow needs nothing but ``semantic_manifest.json`` and an object that
names an engine and its renderer; the SQL text it returns is run by the test itself.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.engine.models import Entity
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup


class _RenderOnly:
    """Duck-typed SqlClient: MetricFlow reads these two names to render, and nothing is ever executed through it."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


class MetricFlow:
    """Compile queries with MetricFlow from a dbt ``semantic_manifest.json``."""

    def __init__(self, manifest: Path) -> None:
        parsed = parse_manifest_from_dbt_generated_manifest(manifest_json_string=manifest.read_text(encoding="utf-8"))
        client: Any = _RenderOnly()
        self._engine = MetricFlowEngine(semantic_manifest_lookup=SemanticManifestLookup(parsed), sql_client=client)

    def compile(
        self,
        metrics: list[str],
        group_by: list[str],
        where: list[str] | None = None,
        start: date | None = None,
        end: date | None = None,
    ) -> str:
        """Return DuckDB SQL. Raises MetricFlow's own errors for a query that it refuses."""
        request = MetricFlowQueryRequest.create(
            metric_names=metrics,
            group_by_names=group_by or None,
            where_constraints=where or None,
            time_constraint_start=datetime(start.year, start.month, start.day) if start else None,  # noqa: DTZ001
            time_constraint_end=datetime(end.year, end.month, end.day) if end else None,  # noqa: DTZ001
        )
        return str(self._engine.explain(request).sql_statement.sql)

    def compile_saved(self, name: str) -> str:
        """Return DuckDB SQL for a saved query of the manifest."""
        request = MetricFlowQueryRequest.create(saved_query_name=name)
        return str(self._engine.explain(request).sql_statement.sql)

    def names(self, metric: str) -> set[str]:
        """Every entity and dimension that ``metric`` can be grouped by; times without a grain, metric_time with it."""
        found = self._engine.list_group_bys(metric_names=[metric], include_derived_time_granularities=True)
        return {item.name if isinstance(item, Entity) else item.dunder_name for item in found}
