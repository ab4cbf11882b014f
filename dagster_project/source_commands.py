"""``kpi source``: commands about the data that a workspace reads. Imports what it needs when it runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dagster_project.suggest import Proposal

source_app = typer.Typer(help="Sources: propose how your files fill the canonical entities.", no_args_is_help=True)


class SuggestFormat(StrEnum):
    """How a proposal is printed."""

    yaml = "yaml"
    json = "json"


@source_app.callback()
def _source() -> None:
    """Sources: propose how your files fill the canonical entities."""


@source_app.command()
def suggest(
    files: Annotated[
        list[Path], typer.Argument(help="CSV, Parquet, JSON lines or Excel files (.gz and .zip too), or folders.")
    ],
    new: Annotated[Path | None, typer.Option("--new", help="Write a complete new workspace into this folder.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the company; with --new.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the proposal to this file.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Zone of your days and times, for example Europe/Berlin.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code, for example EUR.")] = None,
    year: Annotated[int | None, typer.Option(min=1970, max=2100, help="Year of dates that name none.")] = None,
    output_format: Annotated[SuggestFormat, typer.Option("--format", "-f", help="yaml or json.")] = SuggestFormat.yaml,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Propose a mapping for files: their format, which entity each fills, which column is which, and how sure that is.

    Changes nothing unless --new or --output says where to write. Look at the lines with CHECK and TODO.

    Examples:  kpi source suggest exports/   |   kpi source suggest exports/ --new my_shop --name "My shop" --currency EUR
    |   kpi source suggest tickets.xlsx --format json   |   kpi source suggest ads.csv --year 2026 -o ads.yml
    """
    from dagster_project.suggest import suggest_sources
    from dagster_project.suggest.render import as_json
    from dagster_project.suggest.suggesting import Given
    from dagster_project.suggest.writing import checked_sources_yaml, refuse_existing, write_workspace
    from metrics.workspace import Workspace

    for target in filter(None, (output, new / Workspace.FILE_NAME if new else None)):
        refuse_existing(target, force)
    given = Given(_zone(timezone), _currency(currency), year)
    proposal = suggest_sources(files, given, lambda line: typer.echo(f"  {line}", err=True))
    _refuse_nothing(proposal)
    text = checked_sources_yaml(proposal)
    if output_format is SuggestFormat.json:
        text = as_json(proposal) + "\n"
    if new is not None:
        written = write_workspace(proposal, new, name, force)
        typer.echo(_summary(proposal, written), err=output_format is SuggestFormat.json)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    elif new is None or output_format is SuggestFormat.json:
        typer.echo(text, nl=False)


def _zone(timezone: str | None) -> str | None:
    from zoneinfo import available_timezones

    from metrics.errors import did_you_mean

    if timezone is not None and timezone not in available_timezones():
        hint = did_you_mean(timezone, available_timezones())
        raise typer.BadParameter(f"--timezone {timezone!r} is no time zone of the IANA database.{hint}")
    return timezone


def _currency(currency: str | None) -> str | None:
    if currency is not None and not (
        len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()
    ):
        raise typer.BadParameter(f"--currency {currency!r} is no ISO 4217 code such as EUR.")
    return currency


def _refuse_nothing(proposal: Proposal) -> None:
    """Raise SourceError where no entity can be filled, with the closest one."""
    from metrics.errors import SourceError

    if proposal.entities:
        return
    if proposal.incomplete:
        near = max(proposal.incomplete, key=lambda entity: entity.score)
        hint = f"{near.table} is like {near.entity}, but has no column for {near.lacks}"
    else:
        hint = "; ".join([*proposal.left_out, *(f"{name}: {why}" for name, why in proposal.unused_tables.items())][:3])
    raise SourceError(f"no entity could be filled from these files: {hint or 'there are no data files'}. "
                      "The entities and their required columns are in dbt_project/entities.yml.")  # fmt: skip


def _summary(proposal: Proposal, written: Path) -> str:
    # The first line of the file only says what CHECK means.
    lines_written = written.read_text(encoding="utf-8").splitlines()
    checks = sum("CHECK" in line and not line.startswith("#") for line in lines_written)
    lines = [f"{written}: {len(proposal.entities)} entities from {sum(len(s.tables) for s in proposal.sources)} tables"]
    for source in proposal.sources:
        for entity in source.complete:
            lines.append(f"  {entity.entity} from {entity.table}: {entity.confidence}, {len(entity.columns)} columns")
    for incomplete in proposal.incomplete:
        lines.append(f"  {incomplete.entity} from {incomplete.table}: lacks {incomplete.lacks}; a TODO in the file")
    lines += [f"  {label}: {reason}; not used" for label, reason in proposal.unused_tables.items()]
    lines += [f"  {reason}; not read" for reason in proposal.left_out]
    lines.append(f"{checks} lines to CHECK. Next: kpi validate -w {written.parent}, then kpi run -w {written.parent}")
    return "\n".join(lines)
