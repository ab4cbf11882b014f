"""What the commands of the command line share: their options, and how they say what they do. Imports nothing heavy."""

from __future__ import annotations

import logging
import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from metrics.workspace import Workspace


class OutputFormat(StrEnum):
    """How a table is printed."""

    table = "table"
    csv = "csv"
    json = "json"


class TextLanguage(StrEnum):
    """In which language a KPI is shown."""

    en = "en"
    zh = "zh"
    both = "both"


WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="Folder with workspace.yml. Default: $BELLWETHER_WORKSPACE, else the demo.",
                 show_default=False),
]  # fmt: skip
FormatOption = Annotated[OutputFormat, typer.Option("--format", "--output", "-f", help="table, csv or json.")]


def path(workspace: Path | None) -> Path:
    import os

    from dagster_project.paths import DEFAULT_WORKSPACE

    return workspace or Path(os.environ.get("BELLWETHER_WORKSPACE", DEFAULT_WORKSPACE))


def load(workspace: Path | None) -> Workspace:
    from metrics.workspace import load_workspace

    return load_workspace(path(workspace))


def day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option} {text!r} is not a day; write it as 2026-06-30.") from None


def progress() -> Any:
    """Print each line of progress to stderr, so that stdout stays for results."""
    logger = logging.getLogger("bellwether.progress")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("  %(message)s"))
    logger.handlers = [handler]
    return logger.info
