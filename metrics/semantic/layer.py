"""SemanticLayer: the one door. Loads a manifest, answers what can be asked, compiles queries to SQL.

sqlglot is imported with the first query that is compiled, so that listing metrics stays cheap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from metrics.errors import QueryError
from metrics.semantic.manifest import Manifest, Metric, read_manifest
from metrics.semantic.query import METRIC_TIME, Query, RefusedNameError, parse_name

if TYPE_CHECKING:
    from metrics.semantic.complete import Bounds, ClosedThrough
    from metrics.semantic.explain import Explanation
    from metrics.semantic.fact_days import FactDate, FactDigest, Reads
    from metrics.semantic.joins import JoinGraph, Target
    from metrics.semantic.plan import Plan
    from metrics.semantic.saved_queries import SavedQuery

_MOST_COMPILED = 4096
# SQL by the manifest's hash, the query and the dialect: a process that loads a manifest again does not compile again.
_COMPILED: dict[tuple[str, Query, Bounds, str], str] = {}


class SemanticLayer:
    """Metrics of one dbt project.

    ``metrics`` maps each name to its definition (label, description, type, meta, inputs), ``saved_queries`` likewise.
    ``closed_through``: the last day for which everything of a metric has arrived, by its name or from a function of it, and
    ``history_start``, the first day; with either, queries return complete periods only, unless they ask otherwise. Both are
    days of ``zone``.
    """

    def __init__(
        self,
        manifest: Manifest,
        closed_through: ClosedThrough | None = None,
        history_start: date | None = None,
        zone: str = "UTC",
    ) -> None:
        from metrics.semantic.complete import Known
        from metrics.semantic.joins import JoinGraph
        from metrics.semantic.rollups import read_rollups

        self.manifest = manifest
        self.metrics: Mapping[str, Metric] = dict(manifest.metrics)
        self.saved_queries: Mapping[str, SavedQuery] = dict(manifest.saved_queries)
        self._graph = JoinGraph(manifest)
        self._rollups = read_rollups(manifest, self._graph)
        self._known = Known(closed_through, history_start, zone)
        self._zones: dict[str, tuple[Manifest, JoinGraph]] = {}
        self._dimensions: dict[str, tuple[str, ...]] = {}

    @classmethod
    def from_manifest(
        cls,
        path: Path | str,
        closed_through: ClosedThrough | None = None,
        history_start: date | None = None,
        zone: str = "UTC",
    ) -> SemanticLayer:
        """Load ``target/semantic_manifest.json`` of dbt-core 1.11. Raises QueryError when it cannot be read."""
        return cls(read_manifest(Path(path)), closed_through, history_start, zone)

    def compile(self, query: Query, dialect: str = "duckdb") -> str:
        """Return one SELECT. Its columns: the group-by names as given, the metrics in order (see Query.parts), comparisons,
        shares, ``is_total``.

        Time columns are dates. DuckDB and PostgreSQL are run by the tests; spark, databricks, snowflake, bigquery, trino and
        redshift are rendered and parsed back, and have not been run. Raises QueryError for an unknown name, an unreachable
        dimension, or a query without an exact answer.
        """
        from metrics.semantic.render import render

        query, bounds = self._bounded(query)
        key = (self.manifest.digest, query, bounds, dialect)
        known = _COMPILED.get(key)
        if known is None:
            known = render(self._plan(query, bounds), self.manifest, dialect)
            if len(_COMPILED) >= _MOST_COMPILED:
                _COMPILED.clear()
            _COMPILED[key] = known
        return known

    def saved_query(self, name: str) -> Query:
        """The saved query of the dbt project called ``name``. Raises QueryError where there is none."""
        from metrics.semantic.calendars import calendar_grains
        from metrics.semantic.saved_queries import find_saved_query

        return find_saved_query(name, self.saved_queries, calendar_grains(self.manifest))

    def dimensions(self, metric: str) -> list[str]:
        """Every name that ``metric`` can be grouped by, metric_time first, then nearest first. Raises QueryError."""
        from metrics.semantic.reachable import reachable_names
        from metrics.semantic.resolve import Resolver

        if metric not in self._dimensions:
            value = Resolver(self.manifest, self._graph).value(metric)
            self._dimensions[metric] = reachable_names(value, self.manifest, self._graph)
        return list(self._dimensions[metric])

    def facts(self, metric: str, group_by: Iterable[str]) -> Reads:
        """The facts behind ``metric``, each with what grouping by any of ``group_by`` needs of other models."""
        from metrics.semantic.fact_days import facts_read

        return facts_read(self.manifest, self._graph, metric, group_by)

    def digest(self, fact: FactDate, targets: Iterable[Target]) -> FactDigest:
        """What tells on which days a fact, seen together with ``targets``, has changed."""
        from metrics.semantic.fact_days import fact_digest

        return fact_digest(self.manifest, fact, targets)

    def explain(self, query: Query) -> Explanation:
        """How ``query`` is answered: what is read and why, over which days, joins, conditions, and how they meet."""
        from metrics.semantic.explain import explain_plan

        query, bounds = self._bounded(query)
        return explain_plan(self._plan(query, bounds), bounds.unknown)

    def _bounded(self, query: Query) -> tuple[Query, Bounds]:
        from metrics.semantic.complete import bounded
        from metrics.semantic.resolve import Resolver

        return bounded(query, self._known, Resolver(self.manifest, self._graph).time_grains)

    def _in_zone(self, zone: str | None) -> tuple[Manifest, JoinGraph]:
        from metrics.semantic.joins import JoinGraph
        from metrics.semantic.zones import zoned

        if zone is None:
            return self.manifest, self._graph
        if zone not in self._zones:
            manifest = zoned(self.manifest, zone)
            self._zones[zone] = manifest, JoinGraph(manifest)
        return self._zones[zone]

    def _plan(self, query: Query, bounds: Bounds) -> Plan:
        from metrics.semantic.plan import build_plan
        from metrics.semantic.resolve import Resolver
        from metrics.semantic.routing import routed
        from metrics.semantic.zones import check_zone

        manifest, graph = self._in_zone(query.timezone)
        try:
            resolved = Resolver(manifest, graph).resolve(query, bounds)
        except RefusedNameError as error:
            raise self._with_closest(error, query) from error
        if query.timezone:
            check_zone(resolved, query.timezone, manifest)
        why_not = "the query asks for it" if query.raw else None
        if query.timezone:
            why_not = "the query's days are those of another time zone than the daily tables'"
        return routed(build_plan(resolved, manifest, graph), self._rollups, why_not)

    def _with_closest(self, error: RefusedNameError, query: Query) -> QueryError:
        """The refusal of a name in a filter, with what to write instead where something close is reached."""
        from metrics.semantic.calendars import calendar_grains
        from metrics.semantic.closest import closest_forms
        from metrics.semantic.joins import ANY_KIND
        from metrics.semantic.resolve import Resolver
        from metrics.semantic.resolved import leaves_of

        first, *others = query.metrics
        model = next(iter(leaves_of(Resolver(self.manifest, self._graph).value(first)))).measure.model
        everywhere = [set(self.dimensions(metric)) for metric in others]
        names = [name for name in self.dimensions(first) if all(name in reached for reached in everywhere)]

        def kind_of(name: str) -> str:
            parsed = parse_name(name, calendar_grains(self.manifest))
            return "time" if parsed.element == METRIC_TIME else self._graph.find(model, parsed, ANY_KIND).kind

        forms = closest_forms(error.name, names, kind_of)
        return QueryError(f"{error.reason}. Write {' or '.join(forms)}." if forms else str(error))
