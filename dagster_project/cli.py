"""The command line. Every command imports what it needs when it runs, so that ``kpi --help`` answers at once."""

from __future__ import annotations

import logging
import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dagster_project.source_commands import source_app

if TYPE_CHECKING:
    from metrics.workspace import Workspace

app = typer.Typer(
    name="kpi",
    help="Bellwether: trusted KPI values, whether they are on target, and what moved.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
demo_app = typer.Typer(help="The demo company: a fictional online shop.", no_args_is_help=True)
app.add_typer(demo_app, name="demo")
app.add_typer(source_app, name="source")


class OutputFormat(StrEnum):
    """How a table is printed."""

    table = "table"
    csv = "csv"
    json = "json"


WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="Folder with workspace.yml. Default: $BELLWETHER_WORKSPACE, else the demo.",
                 show_default=False),
]  # fmt: skip
FormatOption = Annotated[OutputFormat, typer.Option("--format", "-f", help="table, csv or json.")]


def main() -> None:
    """Entry point of ``kpi``: an expected error is one line on stderr and exit code 1, without a traceback."""
    from metrics.errors import BellwetherError

    try:
        app()
    except BellwetherError as error:
        print(f"kpi: {error}", file=sys.stderr)
        sys.exit(1)


def _path(workspace: Path | None) -> Path:
    import os

    from dagster_project.paths import DEFAULT_WORKSPACE

    return workspace or Path(os.environ.get("BELLWETHER_WORKSPACE", DEFAULT_WORKSPACE))


def _load(workspace: Path | None) -> Workspace:
    from metrics.workspace import load_workspace

    return load_workspace(_path(workspace))


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option} {text!r} is not a day; write it as 2026-06-30.") from None


def _progress() -> Any:
    """Print each line of progress to stderr, so that stdout stays for results."""
    logger = logging.getLogger("bellwether.progress")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("  %(message)s"))
    logger.handlers = [handler]
    return logger.info


@app.command()
def run(
    workspace: WorkspaceOption = None,
    first: Annotated[str | None, typer.Option("--from", help="Recompute from this day, YYYY-MM-DD.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Recompute to this day, YYYY-MM-DD.")] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Rebuild and recompute everything.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for another run of this workspace.")] = 60.0,
) -> None:
    """Extract, transform, compute the KPIs, check them, publish; then print the scorecard.

    Examples:  kpi run   |   kpi run -w clients/acme   |   kpi run --from 2026-06-01 --to 2026-06-30
    """
    from dagster_project.console import print_run
    from dagster_project.run import run_workspace

    report = run_workspace(
        _path(workspace),
        _progress(),
        first=_day(first, "--from"),
        last=_day(last, "--to"),
        full_refresh=full_refresh,
        wait_seconds=wait,
    )
    print_run(_load(workspace), report)


@app.command("list")
def list_(
    workspace: WorkspaceOption = None,
    all_: Annotated[bool, typer.Option("--all", help="Plain metrics and KPIs that are not connected, too.")] = False,
    output: FormatOption = OutputFormat.table,
) -> None:
    """List the KPIs with owner, timing, target and last value."""
    from dagster_project.console import print_rows
    from serving.published import list_kpis

    columns = ["metric", "timing", "owner", "value", "target", "status"]
    if all_:
        columns = ["metric", "kind", "value", "status", "missing_entities"]
    ws = _load(workspace)
    print_rows(list_kpis(ws, everything=all_), output, columns, currency=ws.currency)


@app.command()
def show(kpi: str, workspace: WorkspaceOption = None, output: FormatOption = OutputFormat.table) -> None:
    """Show one KPI: what it is, its formula, target, status and last values.

    Example:  kpi show conversion_rate
    """
    from dagster_project.console import print_kpi
    from serving.published import describe_kpi

    ws = _load(workspace)
    print_kpi(describe_kpi(ws, kpi), output, ws.currency)


@app.command()
def query(
    metrics: Annotated[list[str], typer.Argument(help="Metrics, for example revenue conversion_rate.")],
    by: Annotated[
        list[str] | None, typer.Option("--by", "-b", help="metric_time__month, channel, session__device ...")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="For example \"{{ Dimension('session__device') }} = 'mobile'\".")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="First day.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day.")] = None,
    include_open: Annotated[bool, typer.Option("--include-open", help="Also periods that are not complete.")] = False,
    workspace: WorkspaceOption = None,
    output: FormatOption = OutputFormat.table,
) -> None:
    """Compute metrics by any dimension from the published data; complete periods only, unless you ask otherwise.

    Example:  kpi query revenue conversion_rate --by metric_time__month --by channel --from 2026-01-01
    """
    from dagster_project.console import print_rows
    from serving.published import complete_periods_only, run_query

    ws, wanted = _load(workspace), _query(metrics, by, where, first, last)
    print_rows(run_query(ws, wanted if include_open else complete_periods_only(ws, wanted)), output)


@app.command()
def explain(
    metrics: Annotated[list[str], typer.Argument(help="Metrics, for example revenue conversion_rate.")],
    by: Annotated[list[str] | None, typer.Option("--by", "-b", help="Group by, as in kpi query.")] = None,
    where: Annotated[list[str] | None, typer.Option(help="Filter, as in kpi query.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First day.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day.")] = None,
    dialect: Annotated[str, typer.Option(help="duckdb or postgres.")] = "duckdb",
    workspace: WorkspaceOption = None,
) -> None:
    """Show the plan and the SQL of a query without running it."""
    from serving.published import complete_periods_only, semantic_layer

    ws = _load(workspace)
    layer = semantic_layer(ws)
    wanted = complete_periods_only(ws, _query(metrics, by, where, first, last))
    typer.echo(str(layer.explain(wanted)))
    typer.echo("")
    typer.echo(layer.compile(wanted, dialect=dialect))


def _query(metrics: list[str], by: list[str] | None, where: list[str] | None, first: str | None, last: str | None) -> Any:
    from metrics.semantic import Query

    return Query(
        metrics=metrics,
        group_by=by or [],
        where=where or [],
        start=_day(first, "--from"),
        end=_day(last, "--to"),
        order_by=by or [],
    )


@app.command()
def alerts(
    workspace: WorkspaceOption = None,
    days: Annotated[int, typer.Option(help="Days back from the last alerted day.", min=1)] = 30,
    output: FormatOption = OutputFormat.table,
) -> None:
    """List alerts: closed days that moved more than their threshold."""
    from dagster_project.console import print_rows
    from serving.published import list_alerts

    columns = ["day", "metric", "value", "previous_value", "change", "threshold", "severity"]
    ws = _load(workspace)
    empty = "No alert on the last day." if days == 1 else f"No alert in the last {days} days."
    print_rows(list_alerts(ws, days), output, columns, currency=ws.currency, empty=empty)


@app.command()
def reconcile(
    source: Annotated[str | None, typer.Argument(help="One source; default: all of them.")] = None,
    workspace: WorkspaceOption = None,
    output: FormatOption = OutputFormat.table,
) -> None:
    """Why is this not the vendor's number: rows and amounts from file to metric table, every difference by name.

    Example:  kpi reconcile shop
    """
    from dagster_project.console import print_rows
    from serving.reconciliation import in_words, reconciliation

    rows = reconciliation(_load(workspace), source)
    print_rows(in_words(rows) if output == OutputFormat.table else rows, output)


@app.command()
def validate(workspace: WorkspaceOption = None) -> None:
    """Check workspace.yml, the mapping, the models and the KPI files without running anything."""
    from dagster_project.dbt_runner import ensure_manifest
    from metrics.errors import CatalogueError
    from metrics.workspace import workspace_warnings

    ws = _load(workspace)
    ensure_manifest(ws)
    from serving.published import check_definitions

    catalogue, findings = check_definitions(ws)
    for finding in [*workspace_warnings(ws), *findings]:
        typer.echo(str(finding))
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise CatalogueError(f"{len(errors)} errors in the KPI files of {ws.name}; each is listed above.")
    typer.echo(f"{ws.name}: {len(ws.sources)} sources, {len(ws.mapped_entities())} entities, "
               f"{len(catalogue.kpis)} KPIs: no error.")  # fmt: skip


@app.command()
def dev(
    workspace: WorkspaceOption = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Open Dagster on the workspace: lineage, runs, checks, schedule."""
    import os

    from dagster_project.dbt_runner import ensure_manifest
    from dagster_project.run import prepare_dagster_home

    ws = _load(workspace)
    ensure_manifest(ws)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(prepare_dagster_home(ws)),
        "BELLWETHER_WORKSPACE": str(ws.root),
    }
    command = [sys.executable, "-m", "dagster", "dev", "-m", "dagster_project.definitions", "-h", "127.0.0.1",
               "-p", str(port)]  # fmt: skip
    typer.echo(f"Dagster on http://127.0.0.1:{port} for {ws.name}; stop it with Ctrl-C.")
    os.execve(sys.executable, command, environment)  # noqa: S606


@demo_app.command("generate")
def demo_generate(
    scale: Annotated[float, typer.Option(help="1 = about 400,000 sessions, 12,000 orders, 6,000 tickets.")] = 1.0,
    if_absent: Annotated[bool, typer.Option("--if-absent", help="Do nothing when the files are there.")] = False,
) -> None:
    """Generate two years of the demo company's data; the same every time."""
    from dagster_project.paths import DEFAULT_WORKSPACE

    out = DEFAULT_WORKSPACE / "files"
    if if_absent and (out / "truth.json").is_file():
        typer.echo("The demo company is there already.")
        return
    _generator().generate(out, scale=scale, say=_progress())


@demo_app.command("next-day")
def demo_next_day() -> None:
    """Let one more day pass at the demo company: new rows, late rows, restated ad spend."""
    from dagster_project.paths import DEFAULT_WORKSPACE

    out = DEFAULT_WORKSPACE / "files"
    if not (out / "truth.json").is_file():
        raise typer.BadParameter("there is no demo company yet; run `kpi demo generate` first.")
    day = _generator().next_day(out, say=_progress())
    typer.echo(f"The demo company now reaches to {day}. Run `kpi run` to bring the KPIs up to date.")


def _generator() -> Any:
    """The generator is part of the repository and never of the package."""
    import importlib

    from dagster_project.paths import REPOSITORY

    if str(REPOSITORY) not in sys.path:
        sys.path.insert(0, str(REPOSITORY))
    return importlib.import_module("data.generator")
