"""``kpi tree``, ``kpi pairs``, ``kpi scorecard`` and ``kpi okr``: KPIs read together, from the published data."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project.cli_options import FormatOption, OutputFormat, WorkspaceOption, load

Name = Annotated[str | None, typer.Argument(help="One of them; default: all.")]


def tree(
    kpi: Annotated[str | None, typer.Argument(help="A KPI or a goal; default: all goals.")] = None,
    workspace: WorkspaceOption = None,
    output: FormatOption = OutputFormat.table,
) -> None:
    """Show which KPI serves which goal and what it is made of, with values and status; and goals with their cascade.

    Example:  kpi tree gross_revenue
    """
    from dagster_project.tree_view import print_tree

    print_tree(load(workspace), kpi, output)


def pairs(pair: Name = None, workspace: WorkspaceOption = None, output: FormatOption = OutputFormat.table) -> None:
    """Show KPIs of two teams side by side, as marketing's leads beside what sales makes of them, by channel."""
    from dagster_project.tree_view import print_pairs

    print_pairs(load(workspace), pair, output)


def scorecard(
    name: Name = None,
    workspace: WorkspaceOption = None,
    all_sets: Annotated[bool, typer.Option("--all-sets", help="Also sets that workspace.yml did not choose.")] = False,
    output: FormatOption = OutputFormat.table,
) -> None:
    """Show the scorecards with North Star and HEART, or the items of one.

    Example:  kpi scorecard marketing
    """
    from dagster_project.score_view import print_scorecards

    print_scorecards(load(workspace), name, output, all_sets=all_sets)


def okr(workspace: WorkspaceOption = None, output: FormatOption = OutputFormat.table) -> None:
    """Show objectives with the progress of their key results, and the floors that must hold meanwhile."""
    from dagster_project.score_view import print_okrs

    print_okrs(load(workspace), output)
