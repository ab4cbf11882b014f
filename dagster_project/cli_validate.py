"""``kpi validate``: what is wrong with a workspace and its KPI files, without running anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli_options import OutputFormat, WorkspaceOption, load

if TYPE_CHECKING:
    from dagster_project.lint_view import Checks
    from metrics.workspace import Workspace


def validate(
    workspace: WorkspaceOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings about KPI files count as errors.")] = False,
    smart: Annotated[
        bool, typer.Option("--smart", help="Per KPI: specific, measurable, achievable, relevant, time-bound?")
    ] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Which levels, roles, timings, teams and goals have no KPI.")
    ] = False,
    output: Annotated[
        OutputFormat, typer.Option("--output", "-o", "--format", "-f", help="table, csv or json.")
    ] = OutputFormat.table,
) -> None:
    """Check workspace.yml, the columns of your files, the models and the KPI files without running anything.

    Exit code 1 with errors; with --strict also with warnings about the KPI files.

    Examples:  kpi validate -w clients/acme   |   kpi validate --strict --output json   |   kpi validate --smart
    """
    from dagster_project.lint_view import print_checks
    from metrics.errors import CatalogueError

    ws = load(workspace)
    checks = _checks(ws)
    print_checks(checks, str(output), smart=smart, coverage=coverage)
    failed = checks.failed(strict)
    if failed:
        raise CatalogueError(failed)


def _checks(ws: Workspace) -> Checks:
    from dagster_project.connectors.looking import look_at_files
    from dagster_project.dbt_runner import ensure_manifest
    from dagster_project.lint_view import Checks
    from metrics.workspace import workspace_warnings

    seen = [(str(one), one.severity) for one in look_at_files(ws)]
    seen += [(str(line), "warning") for line in workspace_warnings(ws)]
    ensure_manifest(ws)
    from serving.published import lint_definitions

    return Checks(ws, seen, lint_definitions(ws))
