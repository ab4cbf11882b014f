"""The commands that run a workspace, or keep it running: run, health, dev, daemon."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from dagster_project.cli_options import FormatOption, OutputFormat, WorkspaceOption, day, load, path, progress

AllOption = Annotated[
    Path | None,
    typer.Option("--all", help="Every workspace below this folder, one after the other.", show_default=False),
]


def run(
    workspace: WorkspaceOption = None,
    all_: AllOption = None,
    first: Annotated[str | None, typer.Option("--from", help="Recompute from this day, YYYY-MM-DD.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Recompute to this day, YYYY-MM-DD.")] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Rebuild and recompute everything.")] = False,
    lookback: Annotated[int, typer.Option(min=0, help="Read and recompute so many days again.")] = 0,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for another run of this workspace.")] = 60.0,
    unattended: Annotated[
        bool, typer.Option("--unattended", help="For cron: a failure is sent to the workspace's routes, too.")
    ] = False,
    accept_fewer_rows: Annotated[
        bool, typer.Option("--accept-fewer-rows", help="A table that lost more than half of its rows is right.")
    ] = False,
    output: FormatOption = OutputFormat.table,
) -> None:
    """Extract, transform, compute the KPIs, check them, publish; then print the scorecard.

    Examples:  kpi run -w clients/acme   |   kpi run --all clients   |   kpi run --from 2026-06-01 --to 2026-06-30
    """
    from dagster_project.attended import Asked, run_one

    asked = Asked(day(first, "--from"), day(last, "--to"), full_refresh, lookback, wait, unattended, accept_fewer_rows)
    if all_ is None:
        run_one(path(workspace), asked, progress(), output)
        return
    if workspace is not None:
        raise typer.BadParameter("--all and --workspace exclude each other: give one of them.")
    from dagster_project.portfolio import run_all

    raise typer.Exit(run_all(all_, asked, output))


def health(
    workspace: WorkspaceOption = None,
    all_: AllOption = None,
    tell: Annotated[bool, typer.Option("--tell", help="Also send it to the workspace's routes, once a day.")] = False,
    output: FormatOption = OutputFormat.table,
) -> None:
    """Has the last scheduled run published in time? Exit code 1 when not. For a timer or a monitor.

    Reads only what is published: it works while a run writes, and when the scheduler is dead.
    """
    from dagster_project.health import check_health
    from dagster_project.portfolio import find_workspaces

    if all_ is not None and workspace is not None:
        raise typer.BadParameter("--all and --workspace exclude each other: give one of them.")
    folders = find_workspaces(all_) if all_ is not None else [path(workspace)]
    raise typer.Exit(check_health(folders, output, tell=tell))


def dev(
    workspace: WorkspaceOption = None,
    all_: AllOption = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; with --all the first of several.")] = 3000,
) -> None:
    """Open Dagster on the workspace: lineage, runs, checks, schedule."""
    from dagster_project.services import dev_command, prepare, serve_all

    if all_ is not None:
        if workspace is not None:
            raise typer.BadParameter("--all and --workspace exclude each other: give one of them.")
        raise typer.Exit(serve_all(all_, port))
    service = prepare(load(workspace))
    typer.echo(f"Dagster on http://127.0.0.1:{port} for {service.name}; stop it with Ctrl-C.")
    os.execve(sys.executable, dev_command(service, port), service.environment)  # noqa: S606


def daemon(workspace: WorkspaceOption = None) -> None:
    """Keep the schedule going without the web page: for a service manager."""
    from dagster_project.services import daemon_command, prepare

    service = prepare(load(workspace))
    typer.echo(f"Schedules and sensors of {service.name} are on; stop with Ctrl-C or SIGTERM.")
    sys.stdout.flush()
    os.execve(sys.executable, daemon_command(service), service.environment)  # noqa: S606
