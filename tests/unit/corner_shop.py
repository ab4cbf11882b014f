"""The smallest workspace that loads, for what is printed about one: nothing of it is ever run."""

from __future__ import annotations

from pathlib import Path

from metrics.workspace import Workspace, load_workspace

SETTINGS = """name: Corner shop
language: {language}
timezone: UTC
currency: EUR
history_start: 2026-01-01
sources:
  shop:
    connector: files
    domain: sales
    path: files
    tables: {{orders: {{files: "*.csv"}}}}
    entities: {{orders: {{table: orders, columns: {{order_id: id, ordered_at: at, gross_amount: total}}}}}}
"""


def corner_shop(folder: Path, language: str = "en") -> Workspace:
    """Written to ``folder`` and loaded; ``language``: what it is told in."""
    (folder / "workspace.yml").write_text(SETTINGS.format(language=language))
    return load_workspace(folder)
