"""Metrics of additivity share: each member over all members of its period, worked out by hand, on DuckDB and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.semantic.manifest import Manifest, MetricInput
from tests.unit.semantic.engines import Engine
from tests.unit.semantic.small_shop import build, small_shop

JAN, FEB, MAR = (date(2024, month, 1) for month in (1, 2, 3))
SPINE = (date(2023, 12, 1), date(2024, 4, 30))
# January: web 100, shop 50; February: web 150; March: web 0, shop 25
ORDERS = [
    (1, date(2024, 1, 10), None, "web", "paid", 1, 100),
    (2, date(2024, 1, 20), None, "shop", "paid", 2, 50),
    (3, date(2024, 2, 5), None, "web", "paid", 1, 150),
    (4, date(2024, 3, 3), None, "web", "paid", 3, 0),
    (5, date(2024, 3, 4), None, "shop", "open", 2, 25),
]
# January: web 3, shop 1; March: shop 2
VISITS = [
    (1, date(2024, 1, 10), "web", "mobile", True),
    (2, date(2024, 1, 11), "web", "mobile", False),
    (3, date(2024, 1, 12), "web", "mobile", False),
    (4, date(2024, 1, 20), "shop", "mobile", True),
    (5, date(2024, 3, 1), "shop", "mobile", True),
    (6, date(2024, 3, 1), "shop", "mobile", True),
]

Ask = Callable[..., list[tuple[Any, ...]]]


def shares() -> Manifest:
    """The small shop with what part of the amount, and of all visits, a member has."""
    found = small_shop()

    def share(name: str, above: str, below: str) -> Any:
        inputs = (MetricInput(part, part, (), None, None) for part in (above, below))
        part, whole = inputs
        return replace(
            found.metrics["bounce_rate"], name=name, numerator=part, denominator=whole, meta={"additivity": "share"}
        )

    more = [share("amount_share", "amount", "amount"), share("orders_of_all_visits", "orders", "visits")]
    more += [share("mean_share", "average_amount", "average_amount")]
    more += [replace(found.metrics["amount"], name="no_ratio", meta={"additivity": "share"})]
    return replace(found, metrics={**found.metrics, **{metric.name: metric for metric in more}})


LAYER = SemanticLayer(shares())


@pytest.fixture
def ask(engine: Engine) -> Ask:
    """Rows of a query over January to March 2024, ordered by its groups."""
    build(engine, ORDERS, VISITS, SPINE, engine.mark)

    def asked(metrics: list[str], group_by: list[str], **options: Any) -> list[tuple[Any, ...]]:
        query = Query(metrics, group_by, **{"start": JAN, "end": date(2024, 3, 31), "order_by": group_by, **options})
        rows = engine.ask(LAYER, query)[1]
        return [tuple(round(value, 4) if isinstance(value, float) else value for value in row) for row in rows]

    return asked


def test_a_member_is_a_share_of_its_period(ask: Ask) -> None:
    rows = ask(["amount_share"], ["metric_time__month", "channel"])
    assert rows == [(JAN, "shop", 0.3333), (JAN, "web", 0.6667), (FEB, "web", 1), (MAR, "shop", 1), (MAR, "web", 0)]


def test_without_a_period_it_is_a_share_of_everything(ask: Ask) -> None:
    assert ask(["amount_share"], ["channel"]) == [("shop", 0.2308), ("web", 0.7692)]


def test_in_total_it_is_one(ask: Ask) -> None:
    assert ask(["amount_share"], ["metric_time__month"]) == [(JAN, 1), (FEB, 1), (MAR, 1)]
    assert ask(["amount_share"], []) == [(1,)]


def test_the_whole_may_be_of_another_fact(ask: Ask) -> None:
    """Orders of a channel over visits of all: one of four each in January; in February nobody visited."""
    rows = ask(["orders_of_all_visits"], ["metric_time__month", "channel"])
    assert rows == [(JAN, "shop", 0.25), (JAN, "web", 0.25), (FEB, "web", None), (MAR, "shop", 0.5), (MAR, "web", 0.5)]


def test_its_parts_are_those_of_the_member_and_of_all(ask: Ask) -> None:
    rows = ask(["amount_share"], ["metric_time__month", "channel"], parts=True)
    assert rows[:2] == [(JAN, "shop", 0.3333, 50, 150), (JAN, "web", 0.6667, 100, 150)]


def test_a_limit_leaves_the_whole_as_it_is_and_a_filter_does_not(ask: Ask) -> None:
    assert ask(["amount_share"], ["channel"], limit=1) == [("shop", 0.2308)]
    assert ask(["amount_share"], ["channel"], where=["{{ Entity('channel') }} = 'web'"]) == [("web", 1)]


def test_shares_are_compared_with_those_of_the_period_before(ask: Ask) -> None:
    rows = ask(["amount_share"], ["metric_time__month", "channel"], compare=["1 month"])
    assert (FEB, "web", 1, 0.6667, 0.5) in rows


def test_a_row_over_everything_is_one(ask: Ask) -> None:
    rows = ask(["amount_share"], ["channel"], totals=True)
    assert [row[1] for row in rows] == [0.2308, 0.7692, 1]


@pytest.mark.parametrize(
    ("name", "said"),
    [("mean_share", "a whole that has no parts, because"), ("no_ratio", "of type 'simple'; expected type ratio")],
)
def test_what_has_no_whole_is_refused(name: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        LAYER.compile(Query([name], ["channel"]))


def test_the_explanation_says_of_what_it_is_a_share() -> None:
    assert "all members" in str(LAYER.explain(Query(["amount_share"], ["channel"])))
