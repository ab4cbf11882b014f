"""Checks of the facts and of the KPI values before they are published: keys and ranges. They block."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.assets.keys import KPI_VALUES, model_key
from dagster_project.checks.fact_rows import fact_faults
from dagster_project.checks.gx import Between, validate
from dagster_project.resources import WorkspaceRun
from metrics.warehouse import open_warehouse
from metrics.workspace import Entity, Workspace, load_entities

_VALUES = """
select v.metric, v.grain, v.segment_dimension, count(*) as rows_checked,
       count(*) filter (where not isfinite(v.value)) as not_finite,
       count(*) filter (where v.value < 0 and d.unit = 'count') as negative,
       count(*) filter (where v.denominator = 0 and v.value is not null) as divided_by_zero
from mart.kpi_current as v join mart.dim_kpi as d on d.metric = v.metric
group by v.metric, v.grain, v.segment_dimension
"""


def mart_checks(ws: Workspace, fact_names: set[str]) -> list[dg.AssetChecksDefinition]:
    """Keys and ranges of every fact whose entity is mapped, and of kpi_values."""
    entities = {
        f"fct_{name}": entity
        for name, entity in load_entities().items()
        if f"fct_{name}" in fact_names and name in ws.mapped_entities()
    }
    return [*([_fact_check(entities)] if entities else []), _values_check()]


def _fact_check(entities: dict[str, Entity]) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec("keys_and_ranges", asset=model_key("core", fact), blocking=True,
                          description="One row per key; every row has a business date within the history.")
        for fact in entities
    ]  # fmt: skip

    @dg.multi_asset_check(name="check_facts", specs=specs)
    def check(workspace: WorkspaceRun) -> Iterator[dg.AssetCheckResult]:
        import pandas as pd

        with open_warehouse(workspace.workspace) as con:
            faults = {fact: fact_faults(con, workspace.workspace, fact, entity) for fact, entity in entities.items()}
        frame = pd.DataFrame([found.counts for found in faults.values()])
        outcome = validate(frame, "facts", [Between(c, 0, 0) for c in ("duplicate_keys", "dates_outside")])
        for position, (fact, found) in enumerate(faults.items()):
            passed = outcome.passed or (outcome.verdict == "breach" and position not in outcome.rows)
            yield dg.AssetCheckResult(
                asset_key=model_key("core", fact),
                check_name="keys_and_ranges",
                passed=passed,
                severity=dg.AssetCheckSeverity.ERROR,
                description=None if passed else str(found) if outcome.verdict == "breach" else outcome.reason,
                metadata=found.counts,
            )

    return check


def _values_check() -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=KPI_VALUES, name="ranges", blocking=True,
                    description="Values are finite, counts are not negative, nothing was divided by zero.")  # fmt: skip
    def ranges(workspace: WorkspaceRun) -> dg.AssetCheckResult:
        with open_warehouse(workspace.workspace) as con:
            frame = con.execute(_VALUES).df()
        outcome = validate(frame, "kpi_values", [Between(c, 0, 0) for c in ("not_finite", "negative", "divided_by_zero")])
        first = frame.iloc[outcome.rows[0]].to_dict() if outcome.rows else {}
        return dg.AssetCheckResult(
            passed=outcome.passed,
            severity=dg.AssetCheckSeverity.ERROR,
            description=outcome.reason if outcome.passed else f"{outcome.reason}; first: {first}",
            metadata={"rows checked": int(frame["rows_checked"].sum()) if len(frame) else 0},
        )

    return ranges
