"""Every question that the demo company's metrics allow, and the comparison of two answers to one of them, inside DuckDB.

A case is one metric by one grain of metric_time and at most one dimension. Metrics that reach the same dimensions are asked
together, one query a dimension, because MetricFlow compiles eight metrics in the time of two; the total is asked alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

import duckdb

from metrics.semantic import SemanticLayer
from tests.soundness.metricflow_oracle import MetricFlow

Case = tuple[str, str, str | None]
METRIC_TIME = "metric_time"
# Relative: two engines' sums of doubles differ in their last bits.
TOLERANCE = 1e-9
_EXACT = ("BIGINT", "HUGEINT", "INTEGER", "DECIMAL")


@dataclass(frozen=True)
class Question:
    """Metrics asked in one query."""

    metrics: tuple[str, ...]
    grain: str
    dimension: str | None = None

    @property
    def keys(self) -> list[str]:
        """The group-by names."""
        return [f"{METRIC_TIME}__{self.grain}", *([self.dimension] if self.dimension else [])]

    @property
    def cases(self) -> set[Case]:
        return {(metric, self.grain, self.dimension) for metric in self.metrics}


class Asked(Protocol):
    """What a comparison has to know of a query: its columns."""

    @property
    def metrics(self) -> tuple[str, ...]: ...

    @property
    def keys(self) -> list[str]: ...


def dimensions_of(layer: SemanticLayer, metric: str) -> list[str]:
    """What ``metric`` can be grouped by besides metric_time."""
    return [name for name in layer.dimensions(metric) if not name.startswith(f"{METRIC_TIME}__")]


def all_cases(layer: SemanticLayer, grain: str) -> set[Case]:
    """Every metric, in total and by each of its dimensions."""
    return {(metric, grain, name) for metric in layer.metrics for name in (None, *dimensions_of(layer, metric))}


def questions(layer: SemanticLayer, grain: str, left_out: Collection[Case], one_by_one: bool) -> Iterator[Question]:
    """Queries that hold each case of ``grain`` once, but for those in ``left_out``."""
    families: dict[tuple[str, ...], list[str]] = {}
    for metric in layer.metrics:
        families.setdefault(tuple(dimensions_of(layer, metric)), []).append(metric)
    for names, family in families.items():
        for name in (None, *names):
            metrics = [metric for metric in family if (metric, grain, name) not in left_out]
            if name is None or one_by_one:
                yield from (Question((metric,), grain, name) for metric in metrics)
            elif metrics:
                yield Question(tuple(metrics), grain, name)


def missing_names(layer: SemanticLayer, oracle: MetricFlow, metric: str) -> set[str]:
    """Names that MetricFlow can group ``metric`` by and the layer does not report; times without their grains."""
    reported = layer.dimensions(metric)
    without_grain = {name.rpartition("__")[0] for name in reported}
    return oracle.names(metric) - {*reported, *without_grain}


@dataclass(frozen=True)
class Comparison:
    """``problems`` in words; ``values`` counts what is known of each metric on the left side."""

    problems: tuple[str, ...]
    values: dict[str, int]


def compare(con: duckdb.DuckDBPyConnection, question: Asked, left: str, right: str) -> Comparison:
    """Two SELECTs must have the same set of rows, each key once, NULL being a key like any other.

    Whole numbers and decimals must be equal, doubles within TOLERANCE, and neither may stand for the other; times may be
    dates on one side and timestamps on the other.
    """
    counts = [
        con.execute(f"create or replace temp table {name} as {sql}").fetchall()[0][0] for name, sql in _sides(left, right)
    ]
    types = [_types(con, name) for name, _ in _sides(left, right)]
    problems = _type_problems(question, types[0], types[1])
    wrong = {metric: _differs(metric, types[0][metric]) for metric in question.metrics}
    selected = ", ".join(f'count(*) filter (where {sql}), count(l."{metric}")' for metric, sql in wrong.items())
    lonely = "l.side is null or r.side is null"
    joined = _joined(question.keys)
    ((rows, alone, *found),) = con.execute(
        f"select count(*), count(*) filter (where {lonely}), {selected} {joined}"
    ).fetchall()
    if alone:
        problems.append(f"{alone} rows on one side only: {_examples(con, question, lonely)}")
    elif not rows == counts[0] == counts[1]:
        problems.append(f"repeated keys: {counts[0]} rows against {counts[1]}, {rows} pairs")
    for metric, different in zip(wrong, found[::2], strict=True):
        if different:
            problems.append(f"{metric}: {different} of {rows} values differ: {_examples(con, question, wrong[metric])}")
    return Comparison(tuple(problems), dict(zip(wrong, found[1::2], strict=True)))


def _sides(left: str, right: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("left_answer", left), ("right_answer", right)


def _types(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    description = con.execute(f"select * from {table} limit 0").description or []
    return {item[0]: str(item[1]) for item in description}


def _type_problems(question: Asked, left: dict[str, str], right: dict[str, str]) -> list[str]:
    times = {"DATE", "TIMESTAMP"}
    keys = [name for name in question.keys if left[name] != right[name] and not {left[name], right[name]} <= times]
    values = [name for name in question.metrics if left[name].startswith(_EXACT) != right[name].startswith(_EXACT)]
    return [f"{name} is {left[name]} against {right[name]}" for name in (*keys, *values)]


def _differs(metric: str, kind: str) -> str:
    """A condition on two rows of one key."""
    left, right = f'l."{metric}"', f'r."{metric}"'
    both = "l.side and r.side"
    if kind.startswith(_EXACT):
        return f"{both} and {left} is distinct from {right}"
    close = f"abs({left} - {right}) <= {TOLERANCE} * greatest(abs({left}), abs({right}))"
    return f"{both} and {left} is distinct from {right} and not coalesce(isfinite({left}) and isfinite({right}) and {close}, false)"


def _joined(keys: list[str]) -> str:
    same = " and ".join(f'l."{key}" is not distinct from r."{key}"' for key in keys)
    return f"""from (select *, true as side from left_answer) as l
        full join (select *, true as side from right_answer) as r on {same}"""


def _examples(con: duckdb.DuckDBPyConnection, question: Asked, condition: str) -> list[tuple[object, ...]]:
    keys = ", ".join(f'coalesce(l."{key}", r."{key}")::text' for key in question.keys)
    values = ", ".join(f'l."{metric}", r."{metric}"' for metric in question.metrics)
    return con.execute(f"select {keys}, {values} {_joined(question.keys)} where {condition} order by all limit 3").fetchall()
