"""MetricFlow reads the same semantic manifest, without the daily table, which it has no use for."""

import json
from pathlib import Path

from asking import main


def load(manifest, database):
    from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
    from metricflow.protocols.sql_client import SqlEngine
    from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
    from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

    class RenderOnly:
        sql_engine_type = SqlEngine.DUCKDB
        sql_plan_renderer = DuckDbSqlPlanRenderer()

    raw = json.loads(Path(manifest).read_text())
    raw["semantic_models"] = [item for item in raw["semantic_models"] if item["name"] != "metrics_daily"]
    parsed = parse_manifest_from_dbt_generated_manifest(manifest_json_string=json.dumps(raw))
    engine = MetricFlowEngine(semantic_manifest_lookup=SemanticManifestLookup(parsed), sql_client=RenderOnly())

    def compile_one(name, question):
        from datetime import datetime

        request = MetricFlowQueryRequest.create(
            metric_names=question["metrics"],
            group_by_names=question["group_by"] or None,
            time_constraint_start=datetime.fromisoformat(question["start"]),
            time_constraint_end=datetime.fromisoformat(question["end"]),
        )
        return engine.explain(request).sql_statement.sql

    return compile_one


if __name__ == "__main__":
    main(load)
