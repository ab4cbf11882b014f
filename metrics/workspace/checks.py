"""Checks of workspace.yml across keys: connectors and tables, entities and their columns, SQL of the mappings."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from metrics.errors import did_you_mean
from metrics.workspace.cron import is_cron
from metrics.workspace.entities import Entity, load_entities
from metrics.workspace.headers import raw_columns_of
from metrics.workspace.mapping import MappingError, mapping_tables, maps_column, parse_column, parse_query, plain_column
from metrics.workspace.model import EntityMapping, Source, Table, Workspace
from metrics.workspace.yaml_lines import YamlPath


@dataclass(frozen=True)
class Finding:
    """Something wrong with workspace.yml at a path of keys."""

    path: YamlPath
    message: str


def check_workspace(ws: Workspace) -> list[Finding]:
    """Return everything that is wrong; empty when the workspace can be used."""
    findings: list[Finding] = [*_check_schedules(ws), *_check_tables(ws)]
    for source in ws.sources.values():
        findings += _check_source(ws, source)
        for entity, mapping in source.entities.items():
            findings += _check_mapping(ws, source, entity, mapping)
        findings += _check_control_totals(source)
    return findings


def workspace_warnings(ws: Workspace) -> list[str]:
    """Return one line for each thing that can be used as it is and may still be a slip."""
    return [
        f"{ws.where('sources', source.name)}: warning: {source.name} maps timestamps and sets no `timezone:`; those that "
        "name no zone are read as UTC. Set it, for example `timezone: Europe/Berlin`, or `timezone: UTC` if that is right."
        for source in ws.sources.values()
        if "timezone" not in source.model_fields_set and _maps_timestamps(source)
    ]


def _maps_timestamps(source: Source) -> bool:
    return any(
        column.type == "timestamp" and maps_column(source, mapping, name)
        for entity, mapping in source.entities.items()
        for name, column in load_entities()[entity].columns.items()
    )


def _check_tables(ws: Workspace) -> Iterator[Finding]:
    for key in ("promotions", "channel_rules"):
        name = getattr(ws, key)
        if isinstance(name, str) and not (ws.root / name).resolve().is_relative_to(ws.root.resolve()):
            yield Finding((key,), f"{key} names '{name}', which lies outside the workspace. Copy it into the folder")
    if isinstance(ws.channel_rules, str):
        return
    seen = [rule.patterns for rule in ws.channel_rules]
    for index, patterns in enumerate(seen):
        if patterns in seen[:index]:
            earlier = ws.where("channel_rules", seen.index(patterns))
            yield Finding(("channel_rules", index), f"this rule asks for the same as {earlier}, which wins. Keep one")


def _check_schedules(ws: Workspace) -> Iterator[Finding]:
    schedules: dict[YamlPath, str] = {("schedule",): ws.schedule}
    if ws.lookback:
        schedules[("lookback", "schedule")] = ws.lookback.schedule
    for path, cron in schedules.items():
        if not is_cron(cron):
            name = ".".join(map(str, path))
            yield Finding(path, f"{name} '{cron}' is never due. Write minute, hour, day, month, weekday: \"0 6 * * *\"")


def _check_source(ws: Workspace, source: Source) -> Iterator[Finding]:
    path: YamlPath = ("sources", source.name)
    if source.connector == "sql_database" and not source.connection:
        yield Finding(path, f"{source.name} uses the connector sql_database and needs `connection:`, an SQLAlchemy URL")
    if source.connector != "sql_database" and source.connection:
        yield Finding((*path, "connection"), f"{source.name} uses the connector {source.connector}, which takes `path:`")
    if source.connector == "warehouse_table" and source.path == ".":
        yield Finding(path, f"{source.name} uses the connector warehouse_table and needs `path:`, a DuckDB file")
    closes = source.closes
    for by, value, key in (("manual", closes.through, "through"), ("file_name", closes.pattern, "pattern")):
        if closes.by == by and value is None:
            yield Finding((*path, "closes"), f"{source.name} closes by {by} and needs `closes.{key}:`")
    if closes.by == "file_name" and source.connector != "files":
        yield Finding((*path, "closes"), f"{source.name} closes by file_name, which only the connector files can")
    if closes.pattern is not None and "%Y" not in closes.pattern:
        message = f"closes.pattern '{closes.pattern}' names no year. Use %Y, %m, %d and *, as in *_%Y-%m-%d.csv"
        yield Finding((*path, "closes", "pattern"), message)
    if closes.entity is not None and closes.entity not in source.entities:
        hint = did_you_mean(closes.entity, source.entities)
        yield Finding((*path, "closes", "entity"), f"closes.entity '{closes.entity}' is not mapped there.{hint}")
    for name, table in source.tables.items():
        yield from _check_table(source, table, (*path, "tables", name), name)


def _check_table(source: Source, table: Table, path: YamlPath, name: str) -> Iterator[Finding]:
    label = f"table {source.name}.{name}"
    if source.connector == "files":
        if not table.files:
            yield Finding(path, f"{label} needs `files:`, a file name or pattern below the source's path")
        for key in ("cursor", "key", "table"):
            if getattr(table, key):
                yield Finding((*path, key), f"{label} has `{key}:`, which the connector files does not take")
        yield from _check_read(table, path, label)
    else:
        if table.files:
            yield Finding((*path, "files"), f"{label} has `files:`, which only the connector files takes")
        if source.connector == "warehouse_table" and (table.cursor or table.key):
            yield Finding(path, f"{label} has `cursor:` or `key:`, which only the connector sql_database takes")
        if bool(table.cursor) != bool(table.key):
            yield Finding(path, f"{label} needs both `cursor:` and `key:` to read only newer rows, or neither")


def _check_read(table: Table, path: YamlPath, label: str) -> Iterator[Finding]:
    try:
        codecs.lookup(table.read.encoding)
    except LookupError:
        message = f"{label} has the unknown encoding '{table.read.encoding}'. Known are utf-8, utf-16, cp1252, gbk ..."
        yield Finding((*path, "read", "encoding"), message)
    formats = [text for text in (table.read.date_format, table.read.timestamp_format) if text]
    if table.read.year is not None and all(re.search("%[yYcxDFsG]", text) for text in formats):
        message = f"{label} has `year:`, which needs a `date_format:` or `timestamp_format:` without a year, such as %d.%m."
        yield Finding((*path, "read", "year"), message)
    if table.read.thousands_separator == table.read.decimal_separator:
        yield Finding((*path, "read", "thousands_separator"), f"{label} has one separator for decimals and thousands")


def _check_control_totals(source: Source) -> Iterator[Finding]:
    for name, controls in source.control_totals.items():
        path: YamlPath = ("sources", source.name, "control_totals", name)
        label = f"control_totals of {source.name}.{name}"
        if name not in source.entities:
            yield Finding(path, f"{label}: {name} is not mapped there.{did_you_mean(name, source.entities)}")
            continue
        entity = load_entities().get(name)
        if entity is None or entity.reconcile.fact is None:
            yield Finding(path, f"{label}: {name} has no fact, and so no business date to compare a period by")
            continue
        for position, control in enumerate(controls):
            here = (*path, position)
            if (control.period is None) == (control.file is None):
                yield Finding(here, f"{label} needs either `period:` with rows or amount, or `file:`")
            elif control.file is None and control.rows is None and control.amount is None:
                yield Finding(here, f"{label} needs `rows:` or `amount:` beside `period:`")
            elif control.file is not None and (control.rows is not None or control.amount is not None):
                yield Finding(here, f"{label} has `file:`, whose rows and amounts stand in the file")
            if entity.reconcile.amount is None and (control.amount is not None or control.currency is not None):
                yield Finding(here, f"{label}: {name} has no amount to compare")


def _check_mapping(ws: Workspace, source: Source, name: str, mapping: EntityMapping) -> Iterator[Finding]:
    path: YamlPath = ("sources", source.name, "entities", name)
    entity = load_entities().get(name)
    if entity is None:
        known = load_entities()
        hint = did_you_mean(name, known) or f" Known are: {', '.join(known)}"
        yield Finding(path, f"'{name}' is not a canonical entity.{hint}")
        return
    if (mapping.table is None) == (mapping.query is None):
        yield Finding(path, f"{source.name}.{name} needs either `table:` with `columns:`, or `query:`")
        return
    if mapping.query is not None:
        yield from _check_query(source, entity, mapping, path)
        return
    if mapping.table not in source.tables:
        hint = did_you_mean(mapping.table or "", source.tables)
        message = f"{source.name}.{name} maps the table '{mapping.table}', which {source.name} does not have.{hint}"
        yield Finding((*path, "table"), message)
        return
    yield from _check_columns(ws, source, entity, mapping, path)


def _check_columns(
    ws: Workspace, source: Source, entity: Entity, mapping: EntityMapping, path: YamlPath
) -> Iterator[Finding]:
    label, table = f"{source.name}.{entity.name}", mapping.table or ""
    unknown = [name for name in mapping.columns if name not in entity.columns]
    for name in unknown:
        hint = did_you_mean(name, entity.columns) or f" It has: {', '.join(entity.columns)}"
        yield Finding((*path, "columns", name), f"the entity {entity.name} has no column '{name}'.{hint}")
    for name, text in mapping.columns.items():
        if isinstance(text, bool) and name in entity.columns and entity.columns[name].type != "boolean":
            message = f"{label}: {name} cannot be {str(text).lower()}. YAML reads no, off, yes and on so: quote the column"
            yield Finding((*path, "columns", name), message)
    missing = [name for name in entity.required if name not in mapping.columns]
    if missing and not unknown:
        raw = raw_columns_of(ws, source, table)
        for name in missing:
            hint = did_you_mean(name, raw) or (f" Columns of {table}: {', '.join(raw)}" if raw else "")
            yield Finding((*path, "columns"), f"{label} maps nothing to the required column {name}.{hint}")
    texts = [((*path, "columns", name), text) for name, text in mapping.columns.items()]
    texts += [((*path, "latest_by"), mapping.latest_by)] if mapping.latest_by else []
    for text_path, text in texts:
        try:
            parse_column(text, table)
        except MappingError as problem:
            yield Finding(text_path, f"{label}: {problem}")


def _check_query(source: Source, entity: Entity, mapping: EntityMapping, path: YamlPath) -> Iterator[Finding]:
    label = f"{source.name}.{entity.name}"
    if mapping.columns:
        yield Finding((*path, "columns"), f"{label} has `columns:`, which goes with `table:`, not with `query:`")
    try:
        query = parse_query(mapping.query or "", tuple(source.tables))
        mapping_tables(source, mapping)
    except MappingError as problem:
        yield Finding((*path, "query"), f"{label}: {problem}")
        return
    returned = query.named_selects
    latest_by = plain_column(mapping.latest_by) if mapping.latest_by else None
    if mapping.latest_by and latest_by not in returned:
        hint = did_you_mean(mapping.latest_by, returned)
        message = f"{label}: latest_by '{mapping.latest_by}' is no column that the query returns.{hint}"
        yield Finding((*path, "latest_by"), message)
        return
    for name in returned:
        if name not in entity.columns and name != latest_by:
            hint = did_you_mean(name, entity.columns) or f" It has: {', '.join(entity.columns)}"
            yield Finding((*path, "query"), f"{label}: the query returns '{name}', no column of {entity.name}.{hint}")
    for name in entity.required:
        if name not in returned:
            message = f"{label}: the query does not return the required column {entity.name}.{name}"
            yield Finding((*path, "query"), message + did_you_mean(name, returned))
