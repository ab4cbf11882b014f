"""Dagster's SQLite event log with its files kept open while a run writes to them.

A run writes some thousand events. Dagster opens a new engine and connection for each statement, waits for the disk, and
with the last connection SQLite folds its write-ahead log back into the file: most of what a small run would cost. Tables
and place of the files are Dagster's own, so that its tools, and runs from before, see no difference.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.polling_event_watcher import SqlPollingEventWatcher
from sqlalchemy import create_engine, event
from sqlalchemy.pool import QueuePool

if TYPE_CHECKING:
    from dagster._core.event_api import EventHandlerFn
    from dagster._serdes import ConfigurableClassData
    from sqlalchemy.engine import Connection, Engine

_INDEX = "index"
# The index and the run being written; a few more, for the web server that shows several runs.
_MOST_OPEN = 4
_BUSY_SECONDS = 30.0


class OpenEventLog(SqliteEventLogStorage):
    """The event log of the instance it belongs to, below that instance's home: no path is configured, so that a copied
    workspace writes to its own log and not to that of the original."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._own_data = inst_data
        self._open: dict[str, Engine] = {}
        self._open_lock = threading.Lock()
        self._known_tables: set[str] = set()
        self._watcher: SqlPollingEventWatcher | None = None

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> OpenEventLog:
        """Called by Dagster for the ``event_log_storage`` of dagster.yaml."""
        return cls(inst_data)

    def register_instance(self, instance: Any) -> None:
        """Called by Dagster once; only now is it known where the files are."""
        super().__init__(os.path.join(instance.root_directory, "history", "runs"), self._own_data)
        super().register_instance(instance)

    def run_connection(self, run_id: str | None = None) -> Any:
        """A transaction on the file of one run."""
        return self._transaction(str(run_id))

    def index_connection(self) -> AbstractContextManager[Connection]:
        """A transaction on the file of all runs."""
        return self._transaction(_INDEX)

    @contextmanager
    def _transaction(self, shard: str) -> Iterator[Connection]:
        with self._open_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        """The open engine of a file, the tables made on first use; the one unused for longest is closed for it."""
        engine = self._open.pop(shard, None)
        if engine is None:
            with super().run_connection(shard):
                pass
            engine = _engine(self.conn_string_for_shard(shard))
            while len(self._open) >= _MOST_OPEN:
                self._open.pop(next(iter(self._open))).dispose()
        self._open[shard] = engine
        return engine

    def has_table(self, table_name: str) -> bool:
        """Whether the index has the table; one that is there stays."""
        if table_name not in self._known_tables and super().has_table(table_name):
            self._known_tables.add(table_name)
        return table_name in self._known_tables

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """Follow a run by asking: a log that is kept open changes beside the file that Dagster would watch."""
        self._watcher = self._watcher or SqlPollingEventWatcher(self)
        self._watcher.watch_run(run_id, cursor, callback)

    def end_watch(self, run_id: str, handler: EventHandlerFn) -> None:
        """Stop following a run."""
        if self._watcher:
            self._watcher.unwatch_run(run_id, handler)

    def wipe(self) -> None:
        """Delete every event; the files go, so they are closed before."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close the files, which folds their write-ahead logs into them."""
        if self._watcher:
            self._watcher.close()
        self._close()
        super().dispose()

    def _close(self) -> None:
        with self._open_lock:
            while self._open:
                self._open.popitem()[1].dispose()


def _engine(address: str) -> Engine:
    """An engine that holds one connection. In WAL mode ``synchronous = normal`` cannot damage the file; a power cut may
    lose the newest log lines only."""
    engine = create_engine(
        address,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def relax(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute("pragma synchronous = normal")

    return engine
