"""Does every source add up, and does it agree with the vendor?

An unexplained remainder blocks: a number that nobody can explain is wrong without an error (docs/adr/0003). A vendor's total
beyond its tolerance warns: two systems may disagree for reasons that neither is wrong about. So do versions of a row
of which nothing says which is the newest: one has to be kept, and its owner has to know that it was chosen by its values.

Plain checks: the table is small, and what has to hold is that two queries find no row.
"""

from collections.abc import Sequence

import dagster as dg

from dagster_project.assets.keys import RECONCILIATION
from dagster_project.resources import WorkspaceRun
from metrics.reconciliation import beyond_tolerance, remainders, undecided_versions
from metrics.warehouse import open_warehouse

_STAGES = """
select count(*) from mart.reconciliation where unexplained_rows is not null or unexplained_amount is not null
"""
_COMPARED = "select count(*) from mart.reconciliation where within_tolerance is not null"


def reconciliation_checks() -> list[dg.AssetChecksDefinition]:
    """``adds_up``, ``control_totals`` and ``undecided_versions`` of mart/reconciliation."""
    return [_adds_up(), _control_totals(), _undecided_versions()]


def _adds_up() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=RECONCILIATION,
        name="adds_up",
        blocking=True,
        description="Every stage is the stage before it plus the named differences, exactly.",
    )
    def adds_up(workspace: WorkspaceRun) -> dg.AssetCheckResult:
        with open_warehouse(workspace.workspace) as con:
            found = remainders(con)
            compared = con.execute(_STAGES).fetchone()[0]
        # A table that compares nothing is a broken check, not a passed one.
        broken = not compared and bool(workspace.workspace.mapped_entities())
        return dg.AssetCheckResult(
            passed=not found and not broken,
            severity=dg.AssetCheckSeverity.ERROR,
            description="no stage was compared with the one before it" if broken else _in_words(found),
            metadata={
                "stages compared": compared,
                "stages that do not add up": len(found),
                **({"remainders": _table(found)} if found else {}),
            },
        )

    return adds_up


def _control_totals() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=RECONCILIATION,
        name="control_totals",
        description="Closed periods agree with the vendor's own totals, within the tolerance of workspace.yml.",
    )
    def control_totals(workspace: WorkspaceRun) -> dg.AssetCheckResult:
        with open_warehouse(workspace.workspace) as con:
            found = beyond_tolerance(con)
            compared = con.execute(_COMPARED).fetchone()[0]
        return dg.AssetCheckResult(
            passed=not found,
            severity=dg.AssetCheckSeverity.WARN,
            description=_in_words(found),
            metadata={"periods compared": compared, "beyond tolerance": len(found)},
        )

    return control_totals


def _undecided_versions() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=RECONCILIATION,
        name="undecided_versions",
        description="Of rows with the same key that differ, the mapping says which is the newest.",
    )
    def check(workspace: WorkspaceRun) -> dg.AssetCheckResult:
        with open_warehouse(workspace.workspace) as con:
            found = undecided_versions(con, workspace.workspace)
        return dg.AssetCheckResult(
            passed=not found,
            severity=dg.AssetCheckSeverity.WARN,
            description=" ".join(map(str, found)) or None,
            metadata={"undecided keys": sum(item.keys for item in found)},
        )

    return check


def _in_words(found: Sequence[object]) -> str | None:
    if not found:
        return None
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{found[0]}{more}"


def _table(found: Sequence[object]) -> dg.TableMetadataValue:
    names = ("source", "entity", "currency", "stage", "rows", "amount")
    records = [dg.TableRecord({name: str(getattr(item, name)) for name in names}) for item in found]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name, "string") for name in names]))
