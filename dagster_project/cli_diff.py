"""``kpi diff A B``: which values another definition changes, before anything is published."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project.cli_options import FormatOption, OutputFormat, WorkspaceOption, day, load, progress

Metric = Annotated[list[str] | None, typer.Option("--metric", "-m", help="Only this metric; may be given several times.")]
Grain = Annotated[list[str] | None, typer.Option(help="Only day, week, month or quarter; may be given several times.")]
First = Annotated[str | None, typer.Option("--from", help="Only periods that hold this day or a later one.")]
Last = Annotated[str | None, typer.Option("--to", help="Only periods that hold this day or an earlier one.")]
Segments = Annotated[bool, typer.Option("--segments", help="Also the values of segments that change, not only totals.")]
Limit = Annotated[int, typer.Option(help="So many values in a table; csv and json have all.", min=1)]


def diff(
    a: Annotated[str, typer.Argument(help="The old side.", metavar="[A]")] = "published",
    b: Annotated[str, typer.Argument(help="The new side.", metavar="[B]")] = ".",
    metric: Metric = None,
    grain: Grain = None,
    first: First = None,
    last: Last = None,
    segments: Segments = False,
    limit: Limit = 20,
    workspace: WorkspaceOption = None,
    output: FormatOption = OutputFormat.table,
) -> None:
    """Show which KPI values change between two versions of the definitions, computed on the same published data.

    A and B: a commit (HEAD, main, 1a2b3c4), a YAML file of definitions, a folder (workspace, dbt project, or YAML
    files), '.' for the files as they are now, 'published' for what the last run has used. Without them: what would
    your edits change? Nothing is written. KPI files (grains, segments) and the mapping are those of now.

    The exit code is 0 whether something differs or not, 1 for an error; `--format json` tells them apart.

    Examples:  kpi diff    kpi diff HEAD .    kpi diff v1.2 main    kpi diff old/sales.yml new/sales.yml
    """
    from dagster_project.diff_view import print_diff
    from dagster_project.diffing import diff_sides
    from metrics.values.comparison import Asked

    ws = load(workspace)
    asked = Asked(metric or (), _grains(grain), day(first, "--from"), day(last, "--to"))
    if asked.first and asked.last and asked.last < asked.first:
        raise typer.BadParameter(f"--to {asked.last} lies before --from {asked.first}.")
    found = diff_sides(ws, a, b, asked, progress())
    print_diff(found, output, ws.currency, with_segments=segments, limit=limit)


def _grains(given: list[str] | None) -> list[str]:
    from metrics.catalogue.model import GRAINS

    for one in given or ():
        if one not in GRAINS:
            raise typer.BadParameter(f"--grain is '{one}', expected one of {', '.join(GRAINS)}.")
    return given or []
