"""A new workspace from answers: workspace.yml with comments, and its kpis/ folder. Nothing is overwritten."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from tempfile import TemporaryDirectory

from dagster_project.new_kpi import defaults_yaml, scalar, schema_line
from metrics.errors import WorkspaceError
from metrics.workspace import Workspace, load_workspace, machine_now
from metrics.workspace.json_schema import SCHEMA_FILE


@dataclass(frozen=True)
class NewWorkspace:
    """What was answered. ``files``: the folder with the exports, relative to the workspace."""

    name: str
    language: str
    timezone: str
    currency: str
    history_start: date
    files: str


def write_workspace(answers: NewWorkspace, folder: Path) -> list[Path]:
    """Write the workspace and return its files. Raises WorkspaceError where one is there already or would not be valid."""
    texts = _texts(answers, folder)
    for file in texts:
        if file.exists():
            raise WorkspaceError(f"{file}: is there already. Give another folder, or add what is missing by hand.")
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(f"{folder}: is a file. Give a folder.")
    with TemporaryDirectory(prefix="bellwether-") as scratch:
        trial = Path(scratch)
        (trial / Workspace.FILE_NAME).write_text(texts[folder / Workspace.FILE_NAME], encoding="utf-8")
        zone = load_workspace(trial).zone
    today = machine_now().replace(tzinfo=UTC).astimezone(zone).date()
    if answers.history_start > today:
        raise WorkspaceError(f"--history-start {answers.history_start} lies in the future; today is {today}. "
                             "Give the first day of your data.")  # fmt: skip
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return list(texts)


def _texts(answers: NewWorkspace, folder: Path) -> Mapping[Path, str]:
    kpis = folder / "kpis"
    return {
        folder / Workspace.FILE_NAME: _workspace_yaml(answers, folder / Workspace.FILE_NAME),
        kpis / "targets.yml": _targets_yaml(kpis / "targets.yml"),
        kpis / "defaults.yml": defaults_yaml(kpis / "defaults.yml"),
    }


def _workspace_yaml(answers: NewWorkspace, file: Path) -> str:
    schema = Path(os.path.relpath(SCHEMA_FILE, file.resolve().parent)).as_posix()
    return f"""# yaml-language-server: $schema={schema}
# What each key means: docs/mapping.md and the schema. Secrets only as ${{VARIABLE}}.
name: {scalar(answers.name)}
language: {answers.language}
timezone: {answers.timezone}  # decides the day of every row
currency: {answers.currency}  # all money is converted to it
history_start: {answers.history_start}  # first day of every KPI
clock: now  # data_end for files that are not refreshed every day
schedule: "0 6 * * *"
notify:
  - {{kind: file, path: alerts.jsonl}}
  # - {{kind: webhook, url: "${{SLACK_WEBHOOK}}"}}

sources:
  # One entry for each system. `kpi source suggest {answers.files}/` proposes tables and entities from your files.
  shop:
    connector: files
    domain: sales
    path: {scalar(answers.files)}
    timezone: {answers.timezone}
    closes: {{by: load_time, grace: 6h}}
    tables:
      orders: {{files: "orders*.csv"}}
    entities: {{}}
    # entities:
    #   orders: {{table: orders, columns: {{order_id: id, ordered_at: created_at, gross_amount: total}}}}
"""


def _targets_yaml(file: Path) -> str:
    return f"""{schema_line(file)}
# Owners, targets, thresholds and weights of KPIs that ship: only what changes. A KPI of your own: `kpi new kpi`.
version: 1
overrides: []
# overrides:
#   - id: conversion_rate
#     owner: Nora Lindqvist (head of sales)
#     targets:
#       - {{from: 2026-01-01, to: 2026-12-31, grain: month, floor: 0.025, value: 0.03, stretch: 0.034}}
"""
