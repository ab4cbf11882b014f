"""The command line. Every command imports what it needs when it runs, so that ``kpi --help`` answers at once."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from dagster_project import cli_alignment, cli_campaigns, cli_diff, cli_docs, cli_queries, cli_runs, cli_target, cli_validate
from dagster_project.cli_new import new_app
from dagster_project.cli_options import FormatOption, OutputFormat, TextLanguage, WorkspaceOption
from dagster_project.cli_options import load as _load
from dagster_project.cli_options import progress as _progress
from dagster_project.source_commands import source_app

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
app.add_typer(new_app, name="new")
_COMMANDS = (
    cli_queries.query,
    cli_queries.explain,
    cli_target.target,
    cli_diff.diff,
    cli_docs.docs,
    cli_validate.validate,
    cli_alignment.scorecard,
    cli_alignment.tree,
    cli_alignment.pairs,
    cli_alignment.okr,
    cli_campaigns.campaigns,
    cli_runs.run,
    cli_runs.health,
    cli_runs.dev,
    cli_runs.daemon,
)
for command in _COMMANDS:
    app.command()(command)


def main() -> None:
    """Entry point of ``kpi``: an expected error is one line on stderr and exit code 1, without a traceback."""
    from dagster_project.cli_errors import run_app

    run_app(app)


@app.command("list")
def list_(
    workspace: WorkspaceOption = None,
    all_: Annotated[bool, typer.Option("--all", help="Plain metrics and KPIs that are not connected, too.")] = False,
    output: FormatOption = OutputFormat.table,
) -> None:
    """List the KPIs by team, with owner, timing, target and last value; --all says what to map for those not connected."""
    from dagster_project.list_view import print_list

    print_list(_load(workspace), output, everything=all_)


@app.command()
def show(
    kpi: str,
    language: Annotated[
        TextLanguage | None, typer.Option(help="Language of what is shown, or both; default: the workspace's.")
    ] = None,
    workspace: WorkspaceOption = None,
    output: FormatOption = OutputFormat.table,
) -> None:
    """Show one KPI: what it is, whether it is good, where it is heading, whose it is, what to do, its last values.

    Example:  kpi show conversion_rate --language both
    """
    from dagster_project.kpi_view import print_kpi
    from serving.published import describe_kpi

    ws = _load(workspace)
    own = ws.language if language in (None, TextLanguage.both) else language.value
    texts = (own, "en" if own == "zh" else "zh") if language is TextLanguage.both else (own,)
    print_kpi(describe_kpi(ws, kpi, own), output, ws.currency, own, texts)


@app.command()
def alerts(
    workspace: WorkspaceOption = None,
    days: Annotated[int, typer.Option(help="Days back from the workspace's today.", min=1)] = 30,
    all_: Annotated[bool, typer.Option("--all", help="All there ever were, withdrawn ones too, with their status.")] = False,
    output: FormatOption = OutputFormat.table,
) -> None:
    """List alerts: closed days that moved more than their threshold.

    One of a day more than a week back when it is first seen, as on a first run, is historic: it is listed and never sent.
    One whose day is no such swing any more, after a correction or with another threshold, is withdrawn: --all lists it.
    """
    from dagster_project.console import print_rows
    from dagster_project.words import Words
    from serving.published import list_alerts

    columns = ["day", "metric", "value", "previous_value", "change", "threshold", "severity", *(["status"] if all_ else [])]
    ws = _load(workspace)
    say = Words(ws.language)
    none = "No alert in the last {days} days; kpi alerts --all goes further back."
    if days == 1:
        none = "No alert since yesterday; kpi alerts --all goes further back."
    empty = say("No alert yet.") if all_ else say(none, days=days)
    print_rows(list_alerts(ws, None if all_ else days), output, columns, currency=ws.currency, empty=empty, say=say)


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
def quarantine(
    source: Annotated[str | None, typer.Argument(help="One source; default: all of them.")] = None,
    limit: Annotated[int | None, typer.Option(help="So many rows; default: 20 in a table, else all.", min=1)] = None,
    with_rows: Annotated[
        bool, typer.Option("--rows", help="Also the rows themselves; they may hold personal data.")
    ] = False,
    workspace: WorkspaceOption = None,
    output: FormatOption = OutputFormat.table,
) -> None:
    """List the rows that could not be read, with file, line and reason, as the newest load of each file left them.

    Mended files are read again by the next run, and their rows leave this list.
    """
    from dagster_project.console import print_rows
    from dagster_project.words import Words
    from serving.quarantine import in_words, quarantined_rows

    ws = _load(workspace)
    rows = quarantined_rows(ws, source, with_rows=with_rows)
    if output != OutputFormat.table:
        print_rows(rows[:limit], output)
        return
    shown = rows[: limit or 20]
    say = Words(ws.language)
    empty = say("No row of {source} is in quarantine.", source=source) if source else say("No row is in quarantine.")
    print_rows(in_words(shown), output, wrapped=("reason", "row"), empty=empty, say=say)
    if len(rows) > len(shown):
        typer.echo(say("... and {count} more: --limit {all} shows all.", count=f"{len(rows) - len(shown):,}", all=len(rows)))


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
