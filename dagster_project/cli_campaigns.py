"""``kpi campaigns``: what each campaign cost and brought, from the published data."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

import typer

from dagster_project.cli_options import FormatOption, OutputFormat, WorkspaceOption, load

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_QUARTER = re.compile(r"(\d{4})-Q([1-4])")


def campaigns(
    month: Annotated[str | None, typer.Option(help="A closed month such as 2026-05; default: the last one.")] = None,
    quarter: Annotated[str | None, typer.Option(help="A closed quarter such as 2026-Q1, instead of a month.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only this channel, for example paid_search.")] = None,
    workspace: WorkspaceOption = None,
    output: FormatOption = OutputFormat.table,
) -> None:
    """Show campaigns by channel: spend, visits, new customers, revenue; CAC, ROAS and CPA against their targets.

    Example:  kpi campaigns --month 2026-05 --channel paid_search
    """
    from dagster_project.campaign_view import print_campaigns

    grain, start = _period(month, quarter)
    print_campaigns(load(workspace), grain, start, channel, output)


def _period(month: str | None, quarter: str | None) -> tuple[str, date | None]:
    if month is not None and quarter is not None:
        raise typer.BadParameter("--month and --quarter exclude each other; give one of them.")
    if quarter is not None:
        found = _QUARTER.fullmatch(quarter)
        if not found:
            raise typer.BadParameter(f"--quarter {quarter!r} is not a quarter; write it as 2026-Q1.")
        return "quarter", date(int(found[1]), 3 * int(found[2]) - 2, 1)
    if month is None:
        return "month", None
    found = _MONTH.fullmatch(month)
    if not found:
        raise typer.BadParameter(f"--month {month!r} is not a month; write it as 2026-05.")
    return "month", date(int(found[1]), int(found[2]), 1)
