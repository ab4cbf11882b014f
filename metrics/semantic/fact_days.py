"""Which facts a metric reads, and SQL that tells on which of their days anything changed that a query could see.

A fact here is a semantic model under one date: what metric_time means for a measure. Its digest, day by day, covers every
column that an entity, a dimension or a measure of the model names, and every column of another model that the workspace
groups or filters by: an order of last year has changed when the device of its visit has, and so it has when the time spine
puts its day into another fiscal quarter, or when the plan that its customer had on that day now ends a week earlier.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from metrics.semantic import expressions as sql
from metrics.semantic.calendars import CALENDAR, TimeSpine, calendar_grains, on_calendar
from metrics.semantic.joins import Hop, JoinGraph, Target
from metrics.semantic.manifest import Dimension, Manifest, SemanticModel
from metrics.semantic.query import parse_name
from metrics.semantic.resolve import Resolver
from metrics.semantic.resolved import leaves_of

_KINDS = ("dimension", "entity", "time")


@dataclass(frozen=True, order=True)
class FactDate:
    """A semantic model and the time dimension that its measures are counted by."""

    model: str
    time_dimension: str


@dataclass(frozen=True)
class FactDigest:
    """``sql`` returns (day, digest, row_count) of a fact; ``name`` changes with what decides what the digest covers."""

    name: str
    sql: str


Reads = Mapping[FactDate, frozenset[Target]]


def facts_read(
    manifest: Manifest, graph: JoinGraph, metric: str, group_by: Iterable[str]
) -> dict[FactDate, frozenset[Target]]:
    """The facts behind a metric, each with the columns of other models that ``group_by`` and filters need."""
    read: dict[FactDate, frozenset[Target]] = {}
    groups = [(parse_name(item, calendar_grains(manifest)), _KINDS) for item in group_by]
    for leaf in leaves_of(Resolver(manifest, graph).value(metric)):
        reads = [(leaf.measure, groups, leaf.conditions)]
        if leaf.conversion:
            reads.append((leaf.conversion.measure, [], leaf.conversion.conditions))
        for measure, keys, conditions in reads:
            named = [*keys, *((ref.name, ref.kinds) for part in conditions for ref in part.references)]
            fact = FactDate(measure.model, measure.time_dimension)
            time, calendar = manifest.models[measure.model].dimensions[measure.time_dimension], calendar_grains(manifest)
            targets = []
            for name, kinds in named:
                target = None if name.is_metric_time else graph.find(measure.model, name, kinds)
                # A fiscal quarter is a column of the time spine, which may be edited like any other table.
                if name.grain in calendar:
                    target = on_calendar(target, time, name.grain, manifest)
                targets += [target] if target else []
            read[fact] = read.get(fact, frozenset()) | {target for target in targets if target.hops}
    return read


def fact_digest(manifest: Manifest, fact: FactDate, targets: Iterable[Target]) -> FactDigest:
    """The digest of one fact, in DuckDB's SQL."""
    model = manifest.models[fact.model]
    time = model.dimensions[fact.time_dimension]
    day = sql.cast(sql.source(time.expr, sql.FACT), "DATE")
    joins, joined = _joined(manifest, time, sorted(targets, key=lambda target: (target.path, target.model, target.expr)))
    columns = {column.sql("duckdb"): column for column in [*_own_columns(manifest, model), *joined]}
    select = exp.Select(expressions=[sql.aliased(day, "day"), sql.aliased(_digest([*columns.values()]), "digest")])
    select.set("from_", exp.From(this=sql.relation(model.relation, sql.FACT, "duckdb")))
    select.set("joins", joins or None)
    select = select.where(exp.Not(this=exp.Is(this=day.copy(), expression=exp.Null()))).group_by(exp.Literal.number(1))
    # What is counted beside the digest does not decide what it covers.
    text = select.sql("duckdb")
    counted = select.select(sql.aliased(exp.Count(this=exp.Star()), "row_count")).sql("duckdb")
    # An expression may change where its columns do not.
    decisive = [text, *(repr(part) for part in (model.entities, model.dimensions))]
    version = hashlib.sha256("\n".join(decisive).encode()).hexdigest()[:12]
    return FactDigest(f"{fact.model} by {fact.time_dimension} {version}", counted)


def _own_columns(manifest: Manifest, model: SemanticModel) -> list[exp.Expr]:
    measures = [measure.expr for measure in manifest.measures.values() if measure.model == model.name]
    named = [entity.expr for entity in model.entities.values()] + [part.expr for part in model.dimensions.values()]
    return [column for expr in (*named, *measures) for column in sql.source(expr, sql.FACT).find_all(exp.Column)]


def _joined(manifest: Manifest, time: Dimension, targets: Iterable[Target]) -> tuple[list[exp.Join], list[exp.Expr]]:
    """Left joins to the models of ``targets``, each once, and the columns that the targets name there.

    A row meets the rows that a query lets it meet: those of its partition, and valid at its ``time``.
    """
    aliases: dict[tuple[Hop, ...], str] = {(): sql.FACT}
    joins: list[exp.Join] = []
    columns: list[exp.Expr] = []
    for target in targets:
        for length, hop in enumerate(target.hops, 1):
            way = target.hops[:length]
            if way in aliases:
                continue
            alias = aliases[way] = f"joined_{len(aliases)}"
            on: list[exp.Expr] = [
                exp.EQ(this=sql.source(mine, aliases[way[:-1]]), expression=sql.source(theirs, alias))
                for mine, theirs in ((hop.left_expr, hop.right_expr), *hop.partitions)
            ]
            if hop.validity:
                on += sql.valid(time, sql.FACT, hop.validity, alias)
            relation = _spine(manifest).relation if hop.model == CALENDAR else manifest.models[hop.model].relation
            table = sql.relation(relation, alias, "duckdb")
            joins.append(exp.Join(this=table, side="LEFT", on=sql.all_of(on)))
        columns += sql.source(target.expr, aliases[target.hops]).find_all(exp.Column)
    return joins, columns


def _spine(manifest: Manifest) -> TimeSpine:
    """The daily spine. A target on the calendar exists only with it."""
    assert manifest.day_spine is not None  # noqa: S101
    return manifest.day_spine


def _digest(columns: list[exp.Expr]) -> exp.Expr:
    """A sum over rows: it does not depend on their order, and a row that is there twice counts twice."""
    one = exp.Anonymous(this="hash", expressions=columns or [exp.Literal.number(1)])
    return exp.Sum(this=exp.Cast(this=one, to=exp.DataType(this=exp.DType.INT128, nested=False)))
