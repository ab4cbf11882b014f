"""Resolved query -> plan: which facts are read, how each is aggregated to the query's grain, and over which days.

Leaves that read the same fact under the same time become one branch, one pass over the table; branches never touch each
other before they are aggregated. Days are decided here: a branch scans what it needs (a trailing window reaches back,
an offset looks elsewhere), and shows what was asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from metrics.errors import QueryError
from metrics.semantic.calendars import TimeSpine, calendar_column, calendar_grains, check_late_filter, on_calendar
from metrics.semantic.days import MONTHS_OF, Days
from metrics.semantic.filters import Condition
from metrics.semantic.joins import Hop, JoinGraph, Target
from metrics.semantic.manifest import Cumulative, Dimension, Manifest, Measure, SemanticModel
from metrics.semantic.query import ElementName
from metrics.semantic.resolve import base_grain
from metrics.semantic.resolved import Conversion, Key, Leaf, LeafValue, Offset, ResolvedQuery, leaves_of
from metrics.semantic.shifts import Shift, scanned_of, shift_of, standing_of

# Counts that a daily table holds, added up.
SUM_OF_COUNTS = "sum_of_counts"
DECOMPOSABLE = frozenset({"sum", "count", "sum_boolean", "min", "max", "average", SUM_OF_COUNTS})


@dataclass(frozen=True)
class BranchKey:
    """A group-by item in a branch. ``target`` is None for metric_time at a standard grain.

    ``calendar``: the time spine's column, for metric_time at a grain of one's own.
    """

    output: str
    grain: str | None
    target: Target | None
    calendar: str | None = None

    @property
    def is_metric_time(self) -> bool:
        return self.target is None or self.calendar is not None


@dataclass(frozen=True)
class BoundCondition:
    """A condition with its references bound; None is metric_time. ``shown``: metric_time as shown, not as stored."""

    condition: Condition
    targets: tuple[tuple[Target | None, str | None], ...]
    shown: bool

    @property
    def is_about_metric_time(self) -> bool:
        return any(target is None for target, _ in self.targets)


@dataclass(frozen=True)
class Column:
    """An aggregate in a branch, under conditions that not all of the branch's columns share.

    ``fill`` replaces NULL where the fact has rows; where it has none, the column stays NULL until the last step.
    """

    alias: str
    measure: Measure
    conditions: tuple[BoundCondition, ...]
    fill: int | None


@dataclass(frozen=True)
class Route:
    """The daily table that a branch reads in place of its fact, or None, and why."""

    table: str | None
    why: str


@dataclass(frozen=True)
class Attribution:
    """How ``events``, a reading of another fact, come to count for events of a branch's own fact."""

    events: Branch
    conversion: Conversion


@dataclass(frozen=True)
class Branch:
    """One fact aggregated to the query's grain; with an ``attribution``, what its events led to instead."""

    name: str
    model: SemanticModel
    time: Dimension
    keys: tuple[BranchKey, ...]
    grain: str | None
    columns: tuple[Column, ...]
    conditions: tuple[BoundCondition, ...]
    hops: tuple[Hop, ...]
    offset: Offset
    shift: Shift
    scanned: Days
    shown: Days
    standing: Days
    cumulative: Cumulative | None
    fill_periods: bool
    attribution: Attribution | None = None
    route: Route | None = None

    @property
    def is_decomposable(self) -> bool:
        """Whether daily parts add up to the window, so that the fact is read once."""
        return all(column.measure.agg in DECOMPOSABLE for column in self.columns)

    @property
    def moves_whole_periods(self) -> bool:
        """Whether each period moves onto one other period, so that the move can wait until the rows are aggregated."""
        grains = {key.grain for key in self.keys if key.target is None}
        if self.shift is Shift.MONTHS:
            return all(self.offset.months % MONTHS_OF.get(grain or "", 1000) == 0 for grain in grains)
        return self.shift is Shift.DAYS and (grains <= {"day"} or (grains == {"week"} and self.offset.days % 7 == 0))


@dataclass(frozen=True)
class Plan:
    query: ResolvedQuery
    branches: tuple[Branch, ...]
    columns: dict[Leaf, tuple[str, str]]
    spine: TimeSpine | None
    totalled: Plan | None = None

    def column(self, value: LeafValue) -> tuple[str, str]:
        """(branch name, column) that holds a leaf."""
        return self.columns[value.leaf]


def build_plan(query: ResolvedQuery, manifest: Manifest, graph: JoinGraph) -> Plan:
    """Group the leaves of ``query`` into branches and decide what each one scans."""
    groups: dict[tuple[object, ...], list[Leaf]] = {}
    metrics = _metric_of_leaves(query)
    for leaf in metrics:
        groups.setdefault(_group_of(leaf, query), []).append(leaf)
    taken = {key.output.casefold() for key in query.keys}
    branches: list[Branch] = []
    columns: dict[Leaf, tuple[str, str]] = {}
    for leaves in groups.values():
        names = [_unused(leaf.counted.name, taken) for leaf in leaves]
        binder = _Binder(leaves[0], metrics[leaves[0]], query, manifest, graph)
        branch = binder.branch(leaves, names, {item.name.casefold() for item in branches})
        branches.append(branch)
        columns.update({leaf: (branch.name, name) for leaf, name in zip(leaves, names, strict=True)})
    totalled = build_plan(query.totalled, manifest, graph) if query.totalled else None
    return Plan(query, tuple(branches), columns, manifest.day_spine, totalled)


def _metric_of_leaves(query: ResolvedQuery) -> dict[Leaf, str]:
    """Every leaf once, with the first column of the answer that needs it."""
    found: dict[Leaf, str] = {}
    for name, value in (*query.values, *query.bases):
        for leaf in leaves_of(value):
            found.setdefault(leaf, name)
    return found


def _group_of(leaf: Leaf, query: ResolvedQuery) -> tuple[object, ...]:
    """Leaves with equal answers here share one pass. What a window or a stock sees depends on its filters too."""
    measure = leaf.measure
    cumulative = _cumulative(leaf, query)
    own_rows = bool(cumulative or measure.non_additive or leaf.conversion)
    decomposable = not cumulative or measure.agg in DECOMPOSABLE
    fill = leaf.join_to_timespine and bool(query.time_keys)
    return (
        measure.model, measure.time_dimension, leaf.offset, leaf.cumulative, measure.non_additive, fill, decomposable,
        leaf.conditions if own_rows else None, leaf.conversion,
    )  # fmt: skip


def _cumulative(leaf: Leaf, query: ResolvedQuery) -> Cumulative | None:
    """Without a time to stand at, "since the beginning" is a plain total up to the end of the range."""
    return leaf.cumulative if query.time_keys else None


def _unused(name: str, taken: set[str]) -> str:
    """Names that differ in capitals only are one name to DuckDB, quoted or not."""
    free, count = name, 1
    while free.casefold() in taken:
        count += 1
        free = f"{name}_{count}"
    taken.add(free.casefold())
    return free


class _Binder:
    """Binds the names of a query to one model's columns and joins. ``metric`` is the one to name in refusals."""

    def __init__(self, leaf: Leaf, metric: str, query: ResolvedQuery, manifest: Manifest, graph: JoinGraph) -> None:
        self._leaf = leaf
        self._metric = metric
        self._query = query
        self._manifest = manifest
        self._graph = graph
        self._model = manifest.models[leaf.measure.model]
        self._time = self._model.dimensions[leaf.measure.time_dimension]
        self._moves_time = bool(leaf.offset or leaf.cumulative)

    def branch(self, leaves: list[Leaf], names: list[str], used_names: set[str]) -> Branch:
        query, leaf = self._query, self._leaf
        shared = set.intersection(*(set(item.conditions) for item in leaves))
        common = [self._bind(item, shown=True) for item in query.where] + [
            self._bind(item, shown=False) for item in leaf.conditions if item in shared
        ]
        columns = tuple(
            Column(
                name,
                item.counted,
                tuple(self._bind(part, shown=False) for part in item.conditions if part not in shared),
                item.fill,
            )
            for item, name in zip(leaves, names, strict=True)
        )
        keys = tuple(self._key(key) for key in query.keys)
        grains = {key.grain for key in keys if key.target is None}
        grain = base_grain(grains) if query.time_keys and grains else None
        shift = shift_of(leaf.offset, grain)
        shown = Days(query.start, query.end)
        standing = standing_of(leaf.offset, shift, shown)
        if leaf.is_windowed and not query.time_keys:
            standing = Days(standing.end, standing.end)
        elif leaf.offset and query.history_start and (standing.start or query.history_start) <= query.history_start:
            standing = Days(query.history_start, standing.end)
        return Branch(
            name=_unused(_branch_name(leaf), used_names),
            model=self._model,
            time=self._time,
            keys=keys,
            grain=grain,
            columns=columns,
            conditions=tuple(common),
            hops=_hops(
                [key for key in keys if not (key.calendar and leaf.cumulative)],
                [*common, *(part for column in columns for part in column.conditions)],
            ),
            offset=leaf.offset,
            shift=shift,
            scanned=scanned_of(leaf, standing),
            shown=shown,
            standing=standing,
            cumulative=_cumulative(leaf, query),
            fill_periods=leaf.join_to_timespine and bool(query.time_keys),
            attribution=self._attribution(standing),
        )

    def _attribution(self, standing: Days) -> Attribution | None:
        """The reading of the conversion's own fact: its rows under its own conditions, in no periods and by no keys."""
        found = self._leaf.conversion
        if found is None:
            return None
        events = Leaf(found.measure, found.conditions, Offset(), None, join_to_timespine=False, fill=None)
        query = replace(self._query, keys=(), where=())
        branch = _Binder(events, self._metric, query, self._manifest, self._graph).branch(
            [events], [found.measure.name], set()
        )
        return Attribution(replace(branch, scanned=scanned_of(self._leaf, standing)), found)

    def _key(self, key: Key) -> BranchKey:
        target, grain = self._target(key.name, ("dimension", "entity", "time"))
        return BranchKey(key.output, grain, target, calendar_column(key.name, self._manifest))

    def _bind(self, condition: Condition, shown: bool) -> BoundCondition:
        targets = tuple(self._target(reference.name, reference.kinds) for reference in condition.references)
        bound = BoundCondition(condition, targets, shown)
        if shown and (self._moves_time or self._leaf.conversion):
            times = [reference.name.grain for reference in condition.references if reference.name.is_metric_time]
            check_late_filter(condition.text, times, self._metric, self._manifest)
        is_late = self._leaf.cumulative or self._leaf.conversion
        if shown and is_late and bound.is_about_metric_time and any(target for target, _ in targets):
            done = "accumulated" if self._leaf.cumulative else "matched with earlier events"
            raise QueryError(
                f"where: '{condition.text}' mixes metric_time with other names, and '{self._metric}' is "
                f"{done} before its days are chosen; give them as separate conditions"
            )
        return bound

    def _target(self, name: ElementName, kinds: tuple[str, ...]) -> tuple[Target | None, str | None]:
        if name.grain in calendar_grains(self._manifest):
            time, _ = self._target(replace(name, grain="day"), kinds)
            return on_calendar(time, self._time, name.grain, self._manifest), None
        if name.is_metric_time:
            return None, name.grain or "day"
        target = self._graph.find(self._model.name, name, kinds)
        if target.kind != "time":
            return target, None
        grain = name.grain or (target.grain if target.grain in ("week", "month", "quarter", "year") else "day")
        is_own_time = not target.hops and target.element == self._time.name
        return (None if is_own_time and self._moves_time else target), grain


def _branch_name(leaf: Leaf) -> str:
    name = leaf.measure.model
    if leaf.conversion:
        name += f"_with_{leaf.conversion.measure.model}"
    if leaf.cumulative:
        window = leaf.cumulative.window
        name += (
            f"_trailing_{window.count}_{window.grain}s"
            if window
            else f"_{leaf.cumulative.grain_to_date or 'all_time'}_to_date"
        )
    if leaf.offset:
        name += "_before"
    return name


def _hops(keys: Iterable[BranchKey], conditions: list[BoundCondition]) -> tuple[Hop, ...]:
    targets = [key.target for key in keys] + [target for item in conditions for target, _ in item.targets]
    return tuple(dict.fromkeys(hop for target in targets if target for hop in target.hops))
