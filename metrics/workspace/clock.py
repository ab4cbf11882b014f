"""The workspace's clock: the only place that reads the machine's clock, and the only source of "today"."""

from __future__ import annotations

import datetime as dt

import duckdb

from metrics.workspace.business_dates import latest_business_date
from metrics.workspace.model import Workspace


def machine_now() -> dt.datetime:
    """Return the machine's time, naive UTC: for audit columns such as ``recorded_at``, never for "today"."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


class Clock:
    """Today and now of a workspace.

    ``clock: now`` follows the machine. ``data_end`` stands at the end of the latest business date in the raw data,
    a date at the end of that day: both give the same run twice.
    """

    def __init__(self, ws: Workspace, con: duckdb.DuckDBPyConnection) -> None:
        self._ws = ws
        if ws.clock == "now":
            machine = machine_now()
            self._today = machine.replace(tzinfo=dt.UTC).astimezone(ws.zone).date()
            self._now = machine
        else:
            tomorrow = machine_now() + dt.timedelta(days=1)
            fixed = ws.clock if isinstance(ws.clock, dt.date) else latest_business_date(con, ws, tomorrow)
            # Without a single row there is no end of the data: the history starts today.
            self._today = fixed or ws.history_start
            self._now = self.end_of(self._today)

    @property
    def today(self) -> dt.date:
        """The day it is in the workspace's time zone."""
        return self._today

    @property
    def now(self) -> dt.datetime:
        """The moment it is, naive UTC."""
        return self._now

    def end_of(self, day: dt.date) -> dt.datetime:
        """Return the moment at which a local day ends, naive UTC."""
        midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=self._ws.zone)
        return midnight.astimezone(dt.UTC).replace(tzinfo=None)
