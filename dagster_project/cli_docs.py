"""``kpi docs``: the glossary as Markdown and HTML."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dagster_project.cli_options import WorkspaceOption, load


class Language(StrEnum):
    """Languages of the glossary."""

    en = "en"
    zh = "zh"


class DocsFormat(StrEnum):
    """Formats of the glossary."""

    md = "md"
    html = "html"


def docs(
    out: Annotated[Path | None, typer.Option(help="Folder to write into; default: docs in the workspace.")] = None,
    language: Annotated[list[Language] | None, typer.Option(help="en or zh; default: both.")] = None,
    form: Annotated[list[DocsFormat] | None, typer.Option("--format", help="md or html; default: both.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the glossary: every KPI in plain words, with owner, target, playbook and where its numbers come from.

    Example:  kpi docs --language en --format html
    """
    from serving.glossary import write_glossary

    ws = load(workspace)
    languages = [one.value for one in language or list(Language)]
    formats = [one.value for one in form or list(DocsFormat)]
    for path in write_glossary(ws, out or ws.root / "docs", languages, formats):
        typer.echo(str(path))
