"""Is every KPI the formula that its drivers say? A remainder means that the tree lies, not that a value is wrong: it warns
nobody off the values, and so it never stops a run."""

import dagster as dg

from dagster_project.assets.keys import KPI_TREE
from dagster_project.resources import WorkspaceRun
from metrics.alignment import formula_checks
from metrics.warehouse import open_warehouse

_SHOWN = 5


def formula_check() -> dg.AssetChecksDefinition:
    """``formulas_add_up`` of mart/kpi_tree, over every closed period at every grain."""

    @dg.asset_check(
        asset=KPI_TREE,
        name="formulas_add_up",
        description="Every KPI with a formula of drivers equals it in each closed period, but for rounding (1e-9).",
    )
    def formulas_add_up(workspace: WorkspaceRun) -> dg.AssetCheckResult:
        with open_warehouse(workspace.workspace) as con:
            checks = formula_checks(con, workspace.workspace, workspace.definitions.catalogue)
        failed = [check for check in checks if check.failed]
        more = f" (and {len(failed) - _SHOWN} more)" if len(failed) > _SHOWN else ""
        return dg.AssetCheckResult(
            passed=not failed,
            severity=dg.AssetCheckSeverity.ERROR,
            description="; ".join(map(str, failed[:_SHOWN])) + more if failed else None,
            metadata={
                "formulas by grain": len(checks),
                "periods checked": sum(check.checked for check in checks),
                "periods without all drivers": sum(check.incomplete for check in checks),
            },
        )

    return formulas_add_up
