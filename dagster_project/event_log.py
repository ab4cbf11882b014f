"""Dagster's SQLite event log, told not to wait for the disk after every event.

A run writes some thousand events, each in transactions of its own; waiting for the disk each time is most of what a small
run costs. In WAL mode ``synchronous = normal`` cannot damage the file; a power cut may lose the newest log lines only.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any


def relax_event_log(dagster_home: Path) -> None:
    """Apply it to every connection that this process opens below ``dagster_home``."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    home = str(dagster_home.resolve())

    @event.listens_for(Engine, "connect")
    def relax(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            file = connection.execute("pragma database_list").fetchone()[2]
            if file and str(Path(file).resolve()).startswith(home):
                connection.execute("pragma synchronous = normal")
