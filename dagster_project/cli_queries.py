"""``kpi query`` and ``kpi explain``: any metric by any dimension, from the published data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli_options import FormatOption, OutputFormat, WorkspaceOption, day, load

if TYPE_CHECKING:
    from metrics.semantic import Query
    from metrics.workspace import Workspace

Metrics = Annotated[list[str] | None, typer.Argument(help="Metrics, for example revenue conversion_rate.")]
By = Annotated[list[str] | None, typer.Option("--by", "-b", help="metric_time__month, channel, session__device ...")]
Where = Annotated[list[str] | None, typer.Option(help="For example \"{{ Dimension('session__device') }} = 'mobile'\".")]
First = Annotated[str | None, typer.Option("--from", help="First day.")]
Last = Annotated[str | None, typer.Option("--to", help="Last day.")]
IncludeOpen = Annotated[bool, typer.Option("--include-open", help="Also periods that are not complete.")]
Compare = Annotated[
    list[str] | None, typer.Option(help="previous_period, same_period_last_year or a distance such as '7 days'.")
]
Zone = Annotated[str | None, typer.Option("--timezone", help="Days of this time zone, for metrics that count timestamps.")]
Totals = Annotated[bool, typer.Option("--totals", help="Also a row over everything.")]
Share = Annotated[bool, typer.Option("--share", help="Also the share of the period's total.")]
Raw = Annotated[bool, typer.Option("--raw", help="Read the facts, never the daily tables.")]
Saved = Annotated[str | None, typer.Option(help="A saved query of the dbt project, instead of metrics and --by.")]


def query(
    metrics: Metrics = None,
    by: By = None,
    where: Where = None,
    first: First = None,
    last: Last = None,
    include_open: IncludeOpen = False,
    compare: Compare = None,
    timezone: Zone = None,
    totals: Totals = False,
    share: Share = False,
    raw: Raw = False,
    saved: Saved = None,
    workspace: WorkspaceOption = None,
    output: FormatOption = OutputFormat.table,
) -> None:
    """Compute metrics by any dimension from the published data; complete periods only, unless you ask otherwise.

    Example:  kpi query revenue conversion_rate --by metric_time__month --by channel --from 2026-01-01
    """
    from dagster_project.console import print_rows
    from serving.gaps import gap_notes
    from serving.published import run_query

    ws = load(workspace)
    asked = _asked(ws, saved, metrics, by)
    wanted = _with_options(asked, where, first, last, include_open, compare, timezone, totals, share, raw)
    print_rows(run_query(ws, wanted), output)
    for note in gap_notes(ws, wanted):
        typer.echo(note, err=True)


def explain(
    metrics: Metrics = None,
    by: By = None,
    where: Where = None,
    first: First = None,
    last: Last = None,
    include_open: IncludeOpen = False,
    compare: Compare = None,
    timezone: Zone = None,
    totals: Totals = False,
    share: Share = False,
    raw: Raw = False,
    saved: Saved = None,
    dialect: Annotated[str, typer.Option(help="duckdb or postgres.")] = "duckdb",
    workspace: WorkspaceOption = None,
) -> None:
    """Show the plan and the SQL of a query without running it: which tables are read, and why."""
    from serving.published import semantic_layer

    ws = load(workspace)
    asked = _asked(ws, saved, metrics, by)
    wanted = _with_options(asked, where, first, last, include_open, compare, timezone, totals, share, raw)
    layer = semantic_layer(ws)
    typer.echo(str(layer.explain(wanted)))
    typer.echo("")
    typer.echo(layer.compile(wanted, dialect=dialect))


def _asked(ws: Workspace, saved: str | None, metrics: list[str] | None, by: list[str] | None) -> Query:
    """The saved query of that name, else one of the named metrics."""
    from metrics.semantic import Query

    if saved:
        return _saved(ws, saved, metrics, by)
    if not metrics:
        raise typer.BadParameter("missing argument 'metrics'; name one or more, or a saved query with --saved.")
    return Query(metrics=metrics, group_by=by or [], order_by=by or [])


def _saved(ws: Workspace, name: str, metrics: list[str] | None, by: list[str] | None) -> Query:
    from metrics.errors import QueryError
    from serving.published import semantic_layer

    if metrics or by:
        raise QueryError(f"--saved {name} has its metrics and --by already; leave them out, or leave out --saved")
    return semantic_layer(ws).saved_query(name)


def _with_options(
    asked: Query,
    where: list[str] | None,
    first: str | None,
    last: str | None,
    include_open: bool,
    compare: list[str] | None,
    timezone: str | None,
    totals: bool,
    share: bool,
    raw: bool,
) -> Query:
    """The query with the range, further conditions and options of the command line."""
    return replace(
        asked,
        where=(*asked.where, *(where or [])),
        start=day(first, "--from"),
        end=day(last, "--to"),
        compare=compare or [],
        timezone=timezone,
        complete_periods=False if include_open else None,
        totals=totals,
        share_of_total=share,
        raw=raw,
    )
