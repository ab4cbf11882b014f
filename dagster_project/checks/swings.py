"""The daily swing: a closed day that moved more than its threshold. It warns, it never stops a run.

An alert is a row in ``mart.alerts`` first; this check shows the same verdict in Dagster.
"""

import dagster as dg

from dagster_project.assets.keys import ALERTS
from dagster_project.checks.gx import Between, validate
from dagster_project.resources import WorkspaceRun
from metrics.alerts import recent_swings
from metrics.warehouse import open_warehouse

_SHOWN = ("metric", "day", "value", "previous_value", "change", "threshold")

SWING_CHECK = "daily_swing"


def swing_check() -> dg.AssetChecksDefinition:
    """One check on ``mart/alerts`` over the closed days that are recent enough to be alerted on."""

    @dg.asset_check(
        asset=ALERTS, name=SWING_CHECK, description="No closed day moved more than its KPI's threshold (15 % by default)."
    )
    def daily_swing(workspace: WorkspaceRun) -> dg.AssetCheckResult:
        with open_warehouse(workspace.workspace) as con:
            frame = recent_swings(con)
        if frame.empty:
            return dg.AssetCheckResult(passed=True, description="No closed day to compare yet.", metadata={"days": 0})
        # A day in order may lie beyond the threshold, in a direction that its KPI does not alert on.
        within = frame["breach_ratio"].clip(upper=1)
        frame["share_of_threshold"] = frame["breach_ratio"].where(frame["verdict"] == "breach", within)
        outcome = validate(frame, "kpi_days", [Between("share_of_threshold", 0, 1)])
        breaches = [frame.iloc[i] for i in outcome.rows]
        records = [dg.TableRecord({name: _plain(row[name]) for name in _SHOWN}) for row in breaches]
        return dg.AssetCheckResult(
            passed=outcome.passed,
            severity=dg.AssetCheckSeverity.WARN if outcome.verdict == "breach" else dg.AssetCheckSeverity.ERROR,
            description=outcome.reason,
            metadata={"days": len(frame), **({"swings": _table(records)} if records else {})},
        )

    return daily_swing


def _plain(value: object) -> str | float:
    return float(value) if isinstance(value, int | float) else str(value)[:10] if hasattr(value, "year") else str(value)


def _table(records: list[dg.TableRecord]) -> dg.TableMetadataValue:
    types = {name: "string" if name in ("metric", "day") else "float" for name in _SHOWN}
    schema = dg.TableSchema([dg.TableColumn(name, types[name]) for name in _SHOWN])
    return dg.MetadataValue.table(records, schema)
