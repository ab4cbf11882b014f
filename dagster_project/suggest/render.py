"""Writes a proposal as YAML with a comment on every line, and as JSON for machines. Comments hold names and shares only."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import yaml

from dagster_project.suggest.proposal import ColumnProposal, EntityProposal, Proposal, SourceProposal, TableProposal
from dagster_project.suggest.query_sql import query_lines, query_text
from metrics.workspace import ReadOptions, load_entities
from metrics.workspace.model import BusinessHours

WIDEST = 60


def sources_yaml(proposal: Proposal) -> str:
    """Return the ``sources:`` part of a workspace.yml."""
    lines = ["sources:"]
    for source in proposal.sources:
        lines += _indented(_source_lines(source), 2)
    lines += _indented(_incomplete_lines(proposal), 2)
    lines += _indented(_left_out_lines(proposal), 2)
    return "\n".join(lines) + "\n"


def workspace_yaml(proposal: Proposal, name: str) -> str:
    """Return a complete workspace.yml."""
    lines = [
        "# Proposed by `kpi source suggest`. Every line says how sure it is; look at those with CHECK, then: kpi run -w .",
        f"name: {_scalar(name)}",
        *(_line(f"{key}: {_scalar(value)}", comment) for key, (value, comment) in proposal.settings.items()),
        *_business_hours(proposal),
    ]
    return "\n".join(lines) + "\n" + sources_yaml(proposal)


def _business_hours(proposal: Proposal) -> list[str]:
    """No file says when people work: the default as a line to change, where tickets are answered."""
    if all(entity.entity != "tickets" for entity in proposal.entities):
        return []
    hours = BusinessHours()
    start, end = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (hours.start, hours.end))
    return [
        "# Minutes to the first reply count working time only. These are the hours that hold without this line:",
        f'# business_hours: {{days: [{", ".join(hours.days)}], from: "{start}", to: "{end}"}}',
    ]


def _line(text: str, comment: str = "") -> str:
    return f"{text}  # {comment}" if comment else text


def _indented(lines: Iterator[str] | list[str], by: int) -> list[str]:
    return [" " * by + line for line in lines]


def _scalar(value: Any) -> str:
    """A value as one line of YAML, quoted where it has to be."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6).removesuffix("\n...\n").strip()


def _source_lines(source: SourceProposal) -> Iterator[str]:
    yield f"{source.name}:"
    yield "  connector: files"
    yield _line(f"  domain: {source.domain}", source.notes.get("domain", ""))
    yield f"  path: {_scalar(source.folder)}"
    yield _line(f"  timezone: {source.timezone}", source.notes.get("timezone", ""))
    entity = f", entity: {source.closes_entity}" if source.closes_entity else ""
    yield _line(f"  closes: {{by: max_event_time{entity}}}", source.notes.get("closes", ""))
    if source.settles_after_days:
        yield _line(f"  settles_after: {source.settles_after_days}d", source.notes.get("settles_after", ""))
    yield "  tables:"
    for table in source.tables:
        yield from _indented(_table_lines(table), 4)
    yield "  entities:"
    for entity_proposal in source.complete:
        yield from _indented(_entity_lines(entity_proposal), 4)


def _table_lines(table: TableProposal) -> Iterator[str]:
    comment = f"{table.rows:,} rows, {table.columns} columns"
    options = read_options(table.read)
    if options:
        yield _line(f"{table.name}:", comment)
        yield f"  files: {_scalar(table.files)}"
        yield f"  read: {_scalar(options)}"
    else:
        yield _line(f"{table.name}: {_scalar({'files': table.files})}", comment)
    for note in table.notes:
        yield from _wrapped(note)
    if table.unmapped:
        yield from _wrapped("not mapped: " + ", ".join(table.unmapped))


def _wrapped(text: str) -> Iterator[str]:
    """A long comment as several lines."""
    line = "#"
    for word in text.split(" "):
        if len(line) + len(word) > 2 * WIDEST:
            yield line
            line = "#  "
        line += f" {word}"
    yield line


def read_options(read: ReadOptions) -> dict[str, Any]:
    """Return what differs from the defaults, as it stands in YAML."""
    default = ReadOptions()
    found = {}
    for key, value in read.model_dump(mode="json").items():
        if value != default.model_dump(mode="json")[key]:
            found[key] = list(value) if isinstance(value, tuple) else value
    return found


def _entity_lines(proposal: EntityProposal) -> Iterator[str]:
    entity = load_entities()[proposal.entity]
    found = [name for name in entity.required if name in proposal.columns]
    yield _line(f"{proposal.entity}:", f"{proposal.confidence}: {len(found)} of {len(entity.required)} required columns")
    for note in proposal.notes:
        yield f"  # {note}"
    if proposal.needs_query:
        for join in proposal.joins:
            yield f"  # joined: {join.reason}"
        yield "  query: |"
        for text, column in query_lines(proposal):
            yield f"    {text}" + (f"  -- {_said(column)}" if column else "")
    else:
        yield f"  table: {proposal.table}"
        if proposal.latest_by:
            yield _line(f"  latest_by: {_scalar(proposal.latest_by)}", "one row per key: the one with the largest value")
        yield "  columns:"
        for column in proposal.columns.values():
            yield _line(f"    {column.column}: {_scalar(column.expression)}", _said(column))
    for name in proposal.missing:
        yield f"    # TODO {name}: required, not found ({entity.columns[name].description})"
    rest = [name for name in entity.columns if name not in proposal.columns and name not in proposal.missing]
    if rest:
        yield from (f"  {line}" for line in _wrapped("not found, optional: " + ", ".join(rest)))


def _said(column: ColumnProposal) -> str:
    return f"{column.confidence}: {column.reason}"


def _incomplete_lines(proposal: Proposal) -> Iterator[str]:
    """What lacks a required column, as comments: to be completed by hand."""
    for entity in proposal.incomplete:
        yield f"# {entity.table} looks like {entity.entity}, but a required column is missing. Complete it and remove the #:"
        for line in _entity_lines(entity):
            yield f"#   {line}"


def _left_out_lines(proposal: Proposal) -> Iterator[str]:
    for label, reason in proposal.unused_tables.items():
        yield f"# not used: {label} ({reason})"
    for reason in proposal.left_out:
        yield f"# not read: {reason}"


def as_json(proposal: Proposal) -> str:
    """Return the proposal for machines."""
    return json.dumps(
        {
            "settings": {key: {"value": value, "reason": reason} for key, (value, reason) in proposal.settings.items()},
            "sources": [_source_json(source) for source in proposal.sources],
            "incomplete": [_entity_json(entity) for entity in proposal.incomplete],
            "unused": proposal.unused_tables,
            "not_read": proposal.left_out,
        },
        ensure_ascii=False,
        indent=2,
        default=str,
    )


def _source_json(source: SourceProposal) -> dict[str, Any]:
    return {
        "name": source.name,
        "domain": source.domain,
        "path": source.folder,
        "timezone": source.timezone,
        "closes": {"by": "max_event_time"} | ({"entity": source.closes_entity} if source.closes_entity else {}),
        "settles_after_days": source.settles_after_days,
        "tables": [
            {"name": t.name, "files": t.files, "rows": t.rows, "read": read_options(t.read), "unmapped": t.unmapped}
            for t in source.tables
        ],
        "entities": [_entity_json(entity) for entity in source.complete],
    }


def _entity_json(entity: EntityProposal) -> dict[str, Any]:
    return {
        "entity": entity.entity,
        "table": entity.table,
        "confidence": entity.confidence,
        "latest_by": entity.latest_by,
        "query": query_text(entity) if entity.needs_query and entity.is_complete else None,
        "missing": entity.missing,
        "notes": entity.notes,
        "columns": [
            {
                "column": c.column,
                "expression": c.expression,
                "raw": list(c.raw),
                "confidence": c.confidence,
                "score": round(c.score, 3),
                "reason": c.reason,
            }
            for c in entity.columns.values()
        ],
    }
