"""Two definitions of the same metrics on the same data: which definitions differ, and which values.

Values are those that a run would append: the same planning, queries and folding, into temporary tables. Nothing is written,
so that a read-only connection is enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from metrics.catalogue import Catalogue, MetricLineage
from metrics.catalogue.catalogue import segment_dimension
from metrics.catalogue.changes import Change, definition_changes, model_changes
from metrics.catalogue.guarded_filters import guarded_metrics
from metrics.errors import QueryError
from metrics.semantic import Query
from metrics.values.periods import Window, period_end, period_start
from metrics.values.plan import Batch, PlanContext, Series, plan_batches, plan_series
from metrics.values.rows import workspace_today
from metrics.values.staging import ANSWERS, answer_sql, shape_values, write_plan
from metrics.values.status import change

if TYPE_CHECKING:
    from metrics.catalogue.definitions import MetricDefinition
    from metrics.catalogue.model import Kpi
    from metrics.semantic import SemanticLayer
    from metrics.workspace import Workspace

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Definitions:
    """One side of a comparison: a compiled project, what each metric is, and its semantic models as dbt wrote them."""

    layer: SemanticLayer
    metrics: Mapping[str, MetricDefinition]
    manifest: Json

    def catalogue(self, kpis: Mapping[str, Kpi]) -> Catalogue:
        """A catalogue of this side's metrics in which everything is connected."""
        nothing: frozenset[str] = frozenset()
        return Catalogue(
            kpis={name: kpi for name, kpi in kpis.items() if name in self.metrics},
            metrics=self.layer.metrics,
            watched={},
            where={},
            mapped=nothing,
            lineage={name: MetricLineage(found, nothing, nothing) for name, found in self.metrics.items()},
        )


@dataclass(frozen=True)
class Asked:
    """What of the metrics, grains and days is compared; empty: all of them."""

    metrics: Sequence[str] = ()
    grains: Sequence[str] = ()
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class ChangedMetric:
    """A metric whose definition differs, with how many values were compared and how many differ.

    ``changes`` is empty where the metric is written as before and only the models it reads differ.
    ``problem``: why values of one side could not be computed on today's tables.
    """

    metric: str
    kind: Literal["changed", "only_old", "only_new"]
    changes: Sequence[Change] = ()
    compared: int = 0
    changed: int = 0
    problem: str = ""


@dataclass(frozen=True)
class ChangedValue:
    """One value that differs; None: the side has none. ``change``: relative, None without a positive base."""

    metric: str
    grain: str
    period_start: date
    segment_dimension: str
    segment_value: str
    unit: str
    old: float | None
    new: float | None
    change: float | None


@dataclass(frozen=True)
class Comparison:
    """Differences of definitions, by metric; of the semantic models; and of values, the largest first."""

    metrics: Sequence[ChangedMetric]
    models: Sequence[Change]
    values: Sequence[ChangedValue]


_COMPARED = """select
        coalesce(old.metric, new.metric) as metric,
        coalesce(old.grain, new.grain) as grain,
        coalesce(old.period_start, new.period_start) as period_start,
        coalesce(old.segment_dimension, new.segment_dimension) as segment_dimension,
        coalesce(old.segment_value, new.segment_value) as segment_value,
        old.value,
        new.value
    from values_old as old
    full join values_new as new using (metric, grain, segment_dimension, period_start, segment_value)"""


def compare_definitions(
    con: duckdb.DuckDBPyConnection,
    ws: Workspace,
    old: Definitions,
    new: Definitions,
    kpis: Mapping[str, Kpi],
    asked: Asked,
    say: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Compute every metric that differs under both definitions on the tables of ``con`` and compare.

    Only metrics that both sides have are computed; those that the published data does not connect are left out.
    """
    unconnected = {name for (name,) in con.execute("select metric from mart.dim_kpi where not is_connected").fetchall()}
    names = sorted(name for name in old.metrics.keys() | new.metrics.keys() if not asked.metrics or name in asked.metrics)
    models = model_changes(old.manifest, new.manifest)
    sides = [_Side(name, one, _context(con, ws, one, kpis), asked) for name, one in (("old", old), ("new", new))]
    both = [name for name in names if name in old.metrics and name in new.metrics]
    differing = [name for name in both if _differs(name, *sides, is_model_changed=bool(models))]
    refused = {
        name: f"a filter names {names[0]}, which small_cells guards"
        for side in sides
        for name, names in guarded_metrics(side.definitions.layer.metrics, ws.small_cells).items()
        if name in differing
    }
    computed = [name for name in differing if name not in unconnected and name not in refused]
    if computed:
        say(f"Computing {len(computed)} metrics under both definitions")
    problems: dict[str, str] = {}
    for side in sides:
        problems |= side.compute(con, computed)
    rows = [row for row in con.execute(_COMPARED).fetchall() if row[0] not in problems]
    values = _values(rows, new)
    compared, different = Counter(row[0] for row in rows), Counter(value.metric for value in values)
    problems |= refused | {name: "it is not connected" for name in differing if name in unconnected}
    changed = [
        ChangedMetric(
            name,
            "changed",
            [*definition_changes(old.metrics[name].arithmetic, new.metrics[name].arithmetic), *_kept_changes(name, *sides)],
            compared[name],
            different[name],
            problems.get(name, ""),
        )
        for name in differing
    ]
    lone = [ChangedMetric(n, "only_old" if n in old.metrics else "only_new") for n in names if n not in both]
    return Comparison(sorted([*changed, *lone], key=lambda one: one.metric), models, values)


def _context(con: duckdb.DuckDBPyConnection, ws: Workspace, side: Definitions, kpis: Mapping[str, Kpi]) -> PlanContext:
    return PlanContext(ws, side.catalogue(kpis), marks={}, known={}, today=workspace_today(con))


@dataclass(frozen=True)
class _Side:
    """One side while it is computed into the temporary table ``values_<name>``."""

    name: str
    definitions: Definitions
    context: PlanContext
    asked: Asked

    def series(self, metrics: Iterable[str]) -> list[Series]:
        """What is compared of these metrics."""
        grains, planned = self.asked.grains, plan_series(self.context, None, frozenset(metrics))
        rules = self.context.ws.small_cells
        # What is withheld from readers of the published values is not told by comparing them.
        guarded = rules.dimensions if rules else ()
        wanted = (one for one in planned if segment_dimension(one.group_by) not in guarded)
        return [self._within(one) for one in wanted if not grains or one.grain in grains]

    def _within(self, one: Series) -> Series:
        """The series over the periods that hold a day asked for."""
        first = period_start(self.asked.first, one.grain) if self.asked.first else date.min
        last = period_end(period_start(self.asked.last, one.grain), one.grain) if self.asked.last else date.max
        return replace(one, window=Window(first, last))

    def queries(self, metric: str) -> dict[tuple[str, str, str], str]:
        """The SQL of each series of one metric, or why there is none."""
        return {one.source: self._sql(one) for one in self.series([metric])}

    def _sql(self, one: Series) -> str:
        _, grain, group_by = one.source
        time = f"metric_time__{grain}"
        metrics = list(dict.fromkeys([one.metric, *([one.n_metric] if one.n_metric else []), *one.interval.counted]))
        query = Query(metrics=metrics, group_by=[time, group_by] if group_by else [time], parts=True, raw=True)
        try:
            return self.definitions.layer.compile(query)
        except QueryError as error:
            return str(error)

    def compute(self, con: duckdb.DuckDBPyConnection, metrics: Sequence[str]) -> dict[str, str]:
        """Fill ``values_<name>``; return metric -> why it could not be computed."""
        series = self.series(metrics)
        sources = write_plan(con, series, {})
        kinds = {one.metric: str(one.kind) for one in series}
        problems: dict[str, str] = {}
        con.execute(ANSWERS)
        for batch in plan_batches(series, self.context.today):
            # One metric that the tables cannot answer must not hide those beside it.
            for part in [batch] if self._answer(con, batch, kinds, sources) is None else _alone(batch):
                if part is not batch and (problem := self._answer(con, part, kinds, sources)) is not None:
                    problems[part.metrics[0]] = problem
        shape_values(con)
        con.execute(
            f"""create or replace temp table values_{self.name} as
            select plan.metric, plan.grain, plan.segment_dimension, fresh.period_start, fresh.segment_value, fresh.value
            from fresh inner join plan using (series)"""
        )
        return problems

    def _answer(
        self,
        con: duckdb.DuckDBPyConnection,
        batch: Batch,
        kinds: Mapping[str, str],
        sources: Mapping[tuple[str, str, str], int],
    ) -> str | None:
        try:
            con.execute(answer_sql(self.definitions.layer, batch, kinds, sources))
        except (QueryError, duckdb.CatalogException, duckdb.BinderException) as error:
            return str(error).splitlines()[0]
        return None


def _alone(batch: Batch) -> list[Batch]:
    return [
        replace(
            batch,
            metrics=(name,),
            n_metrics={one: n for one, n in batch.n_metrics.items() if one == name},
            counted={one: counted for one, counted in batch.counted.items() if one == name},
        )
        for name in batch.metrics
    ]


def _differs(metric: str, old: _Side, new: _Side, *, is_model_changed: bool) -> bool:
    """Whether values may differ: another definition, other grains or segments, or other SQL where models differ."""
    hashes = {side.definitions.metrics[metric].definition_hash for side in (old, new)}
    if len(hashes) > 1 or [one.key for one in old.series([metric])] != [one.key for one in new.series([metric])]:
        return True
    return is_model_changed and old.queries(metric) != new.queries(metric)


def _kept_changes(metric: str, old: _Side, new: _Side) -> list[Change]:
    """The grains and segments at which values are kept, where they differ: no part of the arithmetic."""
    kept = []
    for side in (old, new):
        catalogue = side.context.catalogue
        kept.append({"grains": catalogue.grains(metric), "segments": [*map(segment_dimension, catalogue.segments(metric))]})
    texts = [{part: ", ".join(names) or None for part, names in one.items()} for one in kept]
    return [Change(part, "", before, texts[1][part]) for part, before in texts[0].items() if before != texts[1][part]]


def _values(rows: Iterable[tuple[Any, ...]], new: Definitions) -> list[ChangedValue]:
    """The rows whose values differ by more than the last digits of a sum, the largest relative change first."""
    found = []
    for metric, grain, start, dimension, member, before, after in rows:
        if before is not None and after is not None and abs(after - before) <= max(1e-12, 1e-13 * abs(before)):
            continue
        if before is None and after is None:
            continue
        unit = str(new.layer.metrics[metric].meta.get("unit") or "count")
        found.append(ChangedValue(metric, grain, start, dimension, member, unit, before, after, change(after, before)))
    return sorted(found, key=_largest_first)


def _largest_first(one: ChangedValue) -> tuple[Any, ...]:
    difference = abs((one.new or 0) - (one.old or 0))
    size = (1, difference) if one.change is None else (0, abs(one.change))
    return (-size[0], -size[1], one.metric, one.grain, one.period_start, one.segment_dimension, one.segment_value)
