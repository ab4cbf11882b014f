"""The lint of the KPI files on every run: it warns, because errors have stopped the run before anything is built."""

import dagster as dg

from dagster_project.assets.keys import DIM_KPI, KPI_VALUES
from dagster_project.resources import WorkspaceRun
from dagster_project.words import Words
from metrics.catalogue import Finding
from metrics.catalogue.lint import LintReport, lint_catalogue
from metrics.warehouse import open_warehouse

_SHOWN = ("place", "severity", "rule", "message")


def catalogue_check() -> dg.AssetChecksDefinition:
    """One check on ``mart/dim_kpi``, after the values that targets are compared with."""

    values = dg.AssetDep(KPI_VALUES, partition_mapping=dg.AllPartitionMapping())

    @dg.asset_check(
        asset=DIM_KPI, name="catalogue", additional_deps=[values],
        description="The KPI files follow the rules of the catalogue (docs/kpi-files.md); `kpi validate` shows the same.",
    )  # fmt: skip
    def catalogue(workspace: WorkspaceRun) -> dg.AssetCheckResult:
        ws = workspace.workspace
        with open_warehouse(ws) as con:
            report = lint_catalogue(ws, workspace.definitions.layer, workspace.definitions.lineage, con)
        return dg.AssetCheckResult(
            passed=not report.findings,
            severity=dg.AssetCheckSeverity.ERROR if report.errors else dg.AssetCheckSeverity.WARN,
            description=_in_words(report, ws.language),
            metadata={
                "KPIs": len(report.checked.catalogue.kpis),
                "errors": len(report.errors),
                "warnings": len(report.warnings),
                **({"findings": _table(report.findings, ws.language)} if report.findings else {}),
            },
        )

    return catalogue


def _in_words(report: LintReport, language: str) -> str | None:
    """How many, and the first of them; None when there is nothing to say."""
    found, say = [*report.errors, *report.warnings], Words(language)
    if not found:
        return None
    kinds = ((len(report.errors), "1 error", "{count} errors"), (len(report.warnings), "1 warning", "{count} warnings"))
    counted = [say(one) if count == 1 else say(several, count=count) for count, one, several in kinds if count]
    first = f"{found[0].where}: {found[0].in_language(language)}"
    return say("{found}: {first} kpi validate shows all.", found=say(", ").join(counted), first=first)


def _table(findings: tuple[Finding, ...], language: str) -> dg.TableMetadataValue:
    records = [
        dg.TableRecord({
            "place": one.where, "severity": one.severity, "rule": one.rule, "message": one.in_language(language)
        })
        for one in findings
    ]  # fmt: skip
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name, "string") for name in _SHOWN]))
