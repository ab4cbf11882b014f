"""Daily tables that hold facts already added up, as declared in ``config.meta.rollup`` of a semantic model over the table.

    semantic_models:
      - name: metrics_sales_daily
        model: ref('metrics_sales_daily')
        config:
          meta:
            rollup:
              date: business_date          # the day of each row
              facts:                       # what of which fact is in the table
                - model: orders            # the semantic model of the fact
                  time: business_date      # its time dimension that became the day
                  dated: true              # no row of the fact lacks that date (the table has none of those that do)
                  rows: orders             # not null exactly in the rows made of this fact
                  measures: [orders, {gross_revenue: revenue}]
                  dimensions: [channel, {order__status: status}]

A name alone means a column of that name; ``{name: SQL}`` an expression over the table's columns. The semantic model has no
entities, dimensions or measures, so that nothing but routing knows it. The meta of a dbt *model* is not in
``semantic_manifest.json``; that of a semantic model is, and with it dbt itself says where the table is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from metrics.errors import QueryError, did_you_mean
from metrics.semantic.joins import ANY_KIND, JoinGraph, Target
from metrics.semantic.manifest import Manifest, Measure, Relation, SemanticModel
from metrics.semantic.query import parse_name

HELD = frozenset({"sum", "count", "sum_boolean", "min", "max"})
_KEYS = {"model", "time", "dated", "rows", "measures", "dimensions"}


@dataclass(frozen=True)
class HeldFact:
    """What of one fact, counted by one of its dates, a daily table holds. Values are SQL over the table's columns."""

    model: str
    time: str
    is_dated: bool
    rows: str
    measures: Mapping[str, str] = field(hash=False)
    dimensions: Mapping[Target, str] = field(hash=False)


@dataclass(frozen=True)
class Rollup:
    """A daily table. ``name`` is that of its semantic model, ``date`` the column with the day."""

    name: str
    relation: Relation
    date: str
    facts: tuple[HeldFact, ...]


def read_rollups(manifest: Manifest, graph: JoinGraph) -> tuple[Rollup, ...]:
    """The daily tables of a manifest, smallest first. Raises QueryError where one says what cannot be."""
    found = [
        _rollup(model, model.meta["rollup"], manifest, graph) for model in manifest.models.values() if "rollup" in model.meta
    ]
    return tuple(sorted(found, key=lambda rollup: (sum(len(fact.dimensions) for fact in rollup.facts), rollup.name)))


def _rollup(model: SemanticModel, declared: Any, manifest: Manifest, graph: JoinGraph) -> Rollup:
    where = f"semantic model '{model.name}': meta.rollup"
    if not isinstance(declared, Mapping) or not isinstance(declared.get("date"), str):
        raise QueryError(f"{where} is {declared!r}; expected `date` (a column) and `facts` (a list)")
    facts = declared.get("facts")
    if not isinstance(facts, list) or not facts:
        raise QueryError(f"{where}.facts is {facts!r}; expected a list of facts with model, time, rows and measures")
    held = tuple(_fact(f"{where}.facts[{index}]", fact, manifest, graph) for index, fact in enumerate(facts))
    return Rollup(model.name, model.relation, declared["date"], held)


def _fact(where: str, raw: Any, manifest: Manifest, graph: JoinGraph) -> HeldFact:
    if not isinstance(raw, Mapping) or not {"model", "time", "rows", "measures"} <= raw.keys() <= _KEYS:
        given = ", ".join(map(str, raw)) if isinstance(raw, Mapping) else repr(raw)
        raise QueryError(f"{where} has {given}; expected model, time, rows, measures, and if need be dated and dimensions")
    name, time, dated = str(raw["model"]), str(raw["time"]), raw.get("dated", False)
    model = manifest.models.get(name)
    if model is None:
        raise QueryError(f"{where}.model names '{name}'.{did_you_mean(name, manifest.models)} Expected a semantic model")
    if time not in model.dimensions or not model.dimensions[time].is_time:
        raise QueryError(f"{where}.time names '{time}'; expected a time dimension of '{name}'")
    if not isinstance(dated, bool):
        raise QueryError(f"{where}.dated is {dated!r}; expected true or false")
    measures = dict(_columns(f"{where}.measures", raw["measures"]))
    for measure in measures:
        _check_measure(f"{where}.measures", manifest.measures.get(measure), measure, name, time)
    dimensions = {
        _target(f"{where}.dimensions", graph, name, dimension): column
        for dimension, column in _columns(f"{where}.dimensions", raw.get("dimensions") or [])
    }
    return HeldFact(name, time, dated, str(raw["rows"]), measures, dimensions)


def _columns(where: str, raw: Any) -> Iterator[tuple[str, str]]:
    """``[a, {b: c}]`` as (name, SQL over the table)."""
    for item in raw if isinstance(raw, list) else [raw]:
        if isinstance(item, str):
            yield item, '"' + parse_name(item).element.replace('"', '""') + '"'
        elif isinstance(item, Mapping) and all(isinstance(text, str) for text in (*item, *item.values())):
            yield from item.items()
        else:
            raise QueryError(f"{where} has {item!r}; expected names, or a name with its column")


def _check_measure(where: str, measure: Measure | None, name: str, model: str, time: str) -> None:
    if measure is None or measure.model != model:
        raise QueryError(f"{where} names '{name}'; expected a measure of '{model}'")
    if measure.time_dimension != time:
        raise QueryError(f"{where} names '{name}', which counts by {measure.time_dimension}; expected measures by {time}")
    if measure.agg not in HELD or measure.non_additive:
        kind = "a stock" if measure.non_additive else measure.agg
        raise QueryError(
            f"{where} names '{name}' ({kind}), whose days cannot be put together; expected {', '.join(sorted(HELD))}"
        )


def _target(where: str, graph: JoinGraph, model: str, name: str) -> Target:
    try:
        return graph.find(model, parse_name(name), ANY_KIND)
    except QueryError as error:
        raise QueryError(f"{where} names '{name}': {error}") from error
