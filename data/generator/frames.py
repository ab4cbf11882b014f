"""The simulated tables on their way to files: linking rows to earlier rows, and what was known by the last day.

A table is a DataFrame whose columns starting with ``_`` are not exported: ``_day`` (local day of the row), ``_seen_on``
(day on which the export first shows it; later than ``_day`` for late rows). Times are UTC seconds while simulated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from data.generator.calendar import FIRST_DAY, HORIZON, Calendar
from data.generator.drivers import Drivers
from data.generator.randomness import Bools, Floats, Ints, Stream


@dataclass(frozen=True)
class World:
    """What every simulation needs: the seed, the size, how many days exist, the calendar and the hidden causes."""

    seed: int
    scale: float
    days: int
    calendar: Calendar
    drivers: Drivers

    def stream(self, name: str) -> Stream:
        return Stream(self.seed, name)

    @property
    def last_day(self) -> int:
        return self.days - 1

    @cached_property
    def end_utc(self) -> int:
        """The first second that is not yet known."""
        return int(self.calendar.starts_utc[self.days])

    @property
    def desk_scale(self) -> float:
        """Scale of the small tables, such as leads and tickets; below a fifth they would be mostly empty."""
        return max(self.scale, 0.2)


def world_of(seed: int, scale: float, days: int) -> World:
    return World(seed, scale, days, Calendar(), Drivers(seed))


def rows_of_counts(counts: npt.NDArray[np.int64]) -> tuple[Ints, Ints]:
    """Repeat each position of a flat array of counts; return the positions and the running number within each."""
    position = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return position, np.arange(len(position)) - first[position]


def within_day(day: Ints) -> Ints:
    """Running number of each row within its day; rows must be sorted by day."""
    starts = np.searchsorted(day, np.arange(HORIZON + 1))
    return np.arange(len(day)) - starts[day]


def link_to_earlier(day: Ints, group: Ints, wants: Bools, distance: Floats) -> Ints:
    """For each row the first row of its chain: a row that wants to joins a row of an earlier day of its group.

    ``distance`` counts rows of the group before the row's day; a distance beyond the beginning starts a new chain.
    Rows must be sorted by day.
    """
    parent = np.arange(len(day))
    for member in np.unique(group):
        rows = np.flatnonzero(group == member)
        starts = np.searchsorted(day[rows], np.arange(HORIZON + 1))
        target = starts[day[rows]] - 1 - np.floor(distance[rows]).astype(np.int64)
        linked = wants[rows] & (target >= 0)
        parent[rows[linked]] = rows[target[linked]]
    while True:
        grand = parent[parent]
        if np.array_equal(grand, parent):
            return parent
        parent = grand


def instant(seconds: Ints, *, known: Bools | None = None) -> pd.Series:
    """UTC seconds as a naive timestamp; NaT where it is not known."""
    times = np.asarray(seconds).astype("datetime64[s]")
    if known is not None:
        times = np.where(known, times, np.datetime64("NaT", "s"))
    return pd.Series(times)


def on_date(day: npt.ArrayLike) -> pd.Series:
    """Day numbers as dates without a time, which pandas itself does not have."""
    dates = np.datetime64(FIRST_DAY, "D") + np.asarray(day).astype("timedelta64[D]")
    return pd.Series(pd.array(pa.array(dates), dtype=pd.ArrowDtype(pa.date32())))


def labelled(codes: Ints, names: Iterable[str | None]) -> pd.Categorical:
    """Names by position, None becoming missing; a category costs a byte or four per row instead of an object."""
    names = list(names)
    known = list(dict.fromkeys(name for name in names if name is not None))
    lookup = np.array([-1 if name is None else known.index(name) for name in names])
    return pd.Categorical.from_codes(lookup[codes], categories=known)


def days_late(stream: Stream, shares: tuple[float, ...], *keys: npt.ArrayLike) -> Ints:
    """Days by which a row comes late: ``shares[i]`` of the rows are i + 1 days late, the others none."""
    drawn = stream.uniform("late", *keys)
    late = np.zeros(drawn.shape, dtype=np.int64)
    edge = 0.0
    for step, share in enumerate(shares, start=1):
        late[(drawn >= edge) & (drawn < edge + share)] = step
        edge += share
    return late


def nullable(values: npt.ArrayLike, known: Bools) -> pd.Series:
    """Integers with gaps."""
    return pd.Series(pd.array(np.asarray(values), dtype="Int64")).mask(~known)


def shown(frame: pd.DataFrame, last_day: int) -> pd.DataFrame:
    """The rows that an export of the last day holds."""
    return frame[frame["_seen_on"].to_numpy() <= last_day]
