"""Random queries over the demo company: several metrics and dimensions at once, filters, and ranges of whole periods.

What ``demo_metricflow.py`` asks one metric and one dimension at a time, in all of history, is asked together here.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from metrics.semantic import Query, SemanticLayer
from metrics.values.periods import period_end, period_start
from tests.soundness.demo_metricflow import METRIC_TIME, dimensions_of

GRAINS = ("day", "day", "week", "month", "quarter")
# Members that a filter may name, by dimension.
Members = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class RandomQuestion:
    """Metrics by a period and up to two dimensions, under conditions, over a range of whole periods."""

    metrics: tuple[str, ...]
    grain: str
    dimensions: tuple[str, ...]
    where: tuple[str, ...]
    start: date
    end: date

    @property
    def keys(self) -> list[str]:
        """The group-by names."""
        return [f"{METRIC_TIME}__{self.grain}", *self.dimensions]

    @property
    def query(self) -> Query:
        return Query(self.metrics, self.keys, self.where, self.start, self.end)


def members(con: duckdb.DuckDBPyConnection, layer: SemanticLayer, names: Collection[str]) -> dict[str, list[str]]:
    """Up to five members of each categorical name, by the first metric that reaches it."""
    found = {}
    for name in sorted(names):
        metric = next(metric for metric in layer.metrics if name in layer.dimensions(metric))
        rows = con.execute(
            f'select distinct "{name}"::text from ({layer.compile(Query([metric], [name]))}) where "{name}" is not null'
            " order by all limit 5"
        ).fetchall()
        found[name] = [row[0] for row in rows]
    return {name: values for name, values in found.items() if values}


def random_questions(
    layer: SemanticLayer, known: Members, first: date, last: date, left_out: Collection[str], seed: int
) -> Iterator[RandomQuestion]:
    """Without end. ``left_out``: metrics and dimensions that are not asked for."""
    rng = random.Random(seed)
    families: dict[tuple[str, ...], list[str]] = {}
    for metric in layer.metrics:
        if metric not in left_out:
            families.setdefault(tuple(name for name in dimensions_of(layer, metric) if name not in left_out), []).append(
                metric
            )
    places = sorted(families)
    entities = {name for model in layer.manifest.models.values() for name in model.entities}
    while True:
        own, other = rng.choice(places), rng.choice(places)
        names = sorted(set(own) & set(other))
        together = sorted({*families[own], *families[other]})
        chosen = rng.sample(together, min(len(together), rng.choice((1, 2, 3))))
        where = tuple(
            f"{{{{ {'Entity' if name.rpartition('__')[2] in entities else 'Dimension'}('{name}') }}}} "
            f"{_condition(rng, known[name])}"
            for name in rng.sample(names, min(len(names), rng.choice((0, 1, 1, 2))))
            if name in known
        )
        grain = rng.choice(GRAINS)
        start = period_start(first + timedelta(days=rng.randrange((last - first).days)), grain)
        end = period_end(period_start(min(last, start + timedelta(days=rng.randrange(1, 200))), grain), grain)
        keys = tuple(rng.sample(names, min(len(names), rng.choice((0, 1, 1, 2)))))
        yield RandomQuestion(tuple(chosen), grain, keys, where, start, end)


def _condition(rng: random.Random, values: Sequence[str]) -> str:
    chosen = [value.replace("'", "''") for value in rng.sample(values, min(len(values), 2))]
    return rng.choice((f"= '{chosen[0]}'", f"!= '{chosen[-1]}'", f"in ('{chosen[0]}', '{chosen[-1]}')", "is not null"))
