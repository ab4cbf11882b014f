"""Query options on tables so small that every answer is worked out by hand, on DuckDB and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from tests.unit.semantic.engines import Engine
from tests.unit.semantic.small_shop import build, small_shop

LAYER = SemanticLayer(small_shop())
SPINE = (date(2022, 12, 1), date(2024, 6, 30))
JAN, FEB, MAR, APR = (date(2024, month, 1) for month in (1, 2, 3, 4))
FIRST, LAST = JAN, date(2024, 4, 30)

# order_id, at, paid_on, channel, status, buyer, amount: January 150, February 150, March 25, April 40; March 2023 60.
ORDERS = [
    (1, date(2023, 3, 15), None, "web", "paid", 1, 60),
    (2, date(2024, 1, 10), None, "web", "paid", 1, 100),
    (3, date(2024, 1, 20), None, "shop", "paid", 2, 50),
    (4, date(2024, 2, 5), None, "web", "paid", 1, 150),
    (5, date(2024, 3, 3), None, "web", "paid", 3, 0),
    (6, date(2024, 3, 4), None, "shop", "open", 2, 25),
    (7, date(2024, 4, 30), None, "web", "paid", 3, 40),
]
VISITS = [
    (1, date(2024, 1, 10), "web", "mobile", True),
    (2, date(2024, 1, 11), "web", "mobile", False),
    (3, date(2024, 1, 12), "web", "mobile", False),
    (4, date(2024, 1, 20), "shop", "mobile", True),
]

Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def ask(engine: Engine) -> Ask:
    """Rows of a query over January to April 2024, ordered by its groups."""
    build(engine, ORDERS, VISITS, SPINE, engine.mark)

    def asked(
        metrics: list[str], group_by: list[str], *, layer: SemanticLayer = LAYER, **options: Any
    ) -> list[tuple[Any, ...]]:
        query = Query(metrics, group_by, **{"start": FIRST, "end": LAST, "order_by": group_by, **options})
        return [tuple(_rounded(value) for value in row) for row in engine.ask(layer, query)[1]]

    return asked


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


# compare


def test_several_periods_are_compared_at_once(ask: Ask) -> None:
    compare = ["previous_period", "same_period_last_year", "2 months"]
    assert ask(["amount"], ["metric_time__month"], compare=compare) == [
        (JAN, 150, None, None, None, None, None, None),
        (FEB, 150, 150, 0, None, None, None, None),
        (MAR, 25, 150, -0.8333, 60, -0.5833, 150, -0.8333),
        (APR, 40, 25, 0.6, None, None, 150, -0.7333),
    ]
    query = Query(["amount"], ["metric_time__month"], compare=compare, start=FIRST, end=LAST)
    assert '"amount__2_months_before_change"' in LAYER.compile(query)


def test_there_is_no_change_from_zero_or_from_nothing(ask: Ask) -> None:
    """The web sold for 0 in March, the shop nothing in February: neither is a change of 0 % or without end."""
    rows = ask(["amount"], ["metric_time__month", "channel"], compare=["previous_period"])
    assert rows == [
        (JAN, "shop", 50, None, None),
        (JAN, "web", 100, None, None),
        (FEB, "shop", None, 50, None),
        (FEB, "web", 150, 100, 0.5),
        (MAR, "shop", 25, None, None),
        (MAR, "web", 0, 150, -1),
        (APR, "shop", None, 25, None),
        (APR, "web", 40, 0, None),
    ]


def test_there_is_no_change_from_a_negative_base(engine: Engine) -> None:
    orders = [(1, JAN, None, "web", "paid", 1, -10), (2, FEB, None, "web", "paid", 1, 10)]
    build(engine, orders, [], SPINE, engine.mark)
    query = Query(["amount"], ["metric_time__month"], start=FEB, end=date(2024, 2, 29), compare=["previous_period"])
    assert engine.ask(LAYER, query)[1] == [(FEB, 10, -10, None)]


def test_a_range_without_periods_is_compared_as_a_whole(ask: Ask) -> None:
    """Whole months go back by months (February and March against December and January), other ranges by their days."""
    compare = ["previous_period", "same_period_last_year", "30 days"]
    found = ask(["amount"], [], start=FEB, end=date(2024, 3, 31), compare=compare)
    # 30 days earlier are 2 January to 1 March: 100 + 50 + 150
    assert found == [(175, 150, 0.1667, 60, 1.9167, 300, -0.4167)]
    # 4 to 8 February against 30 January to 3 February; 15 January to 5 February against 24 December to 14 January
    assert ask(["amount"], [], start=date(2024, 2, 4), end=date(2024, 2, 8), compare=["previous_period"]) == [
        (150, None, None)
    ]
    assert ask(["amount"], [], start=date(2024, 1, 15), end=date(2024, 2, 5), compare=["previous_period"]) == [(200, 100, 1)]


def test_a_weekday_is_compared_with_the_same_weekday(ask: Ask) -> None:
    """Wednesday 13 March 2024 meets Wednesday 15 March 2023."""
    day = date(2024, 3, 13)
    found = ask(["rows"], ["metric_time__day"], start=day, end=day, compare=["same_period_last_year"])
    assert found == [(day, None, 1, None)]
    week = date(2024, 3, 11)
    found = ask(["rows"], ["metric_time__week"], start=week, end=date(2024, 3, 17), compare=["same_period_last_year"])
    assert found == [(week, None, 1, None)]


def test_ratios_and_windows_are_compared_too(ask: Ask) -> None:
    found = ask(["conversion"], ["metric_time__month"], end=date(2024, 2, 29), compare=["previous_period"])
    assert found == [(JAN, 0.5, None, None), (FEB, None, 0.5, None)]
    found = ask(["trailing"], [], start=None, end=date(2024, 3, 8), compare=["1 month"])
    # 2 to 8 March: 0 + 25; 2 to 8 February: 150
    assert found == [(25, 150, -0.8333)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compare": ["yesterday"]}, "compare holds 'yesterday'; expected previous_period, same_period_last_year or"),
        ({"compare": ["0 days"]}, "compare holds '0 days'"),
        ({"compare": "previous_period"}, "expected a list"),
        ({"compare": ["previous_period", "previous_period"]}, "names 'previous_period' twice"),
        ({"compare": ["previous_period"]}, "needs periods: add metric_time__day"),
        ({"compare": ["same_period_last_year"]}, "needs a range to compare; give start and end"),
        ({"compare": ["1 day"], "totals": True, "group_by": ["metric_time__day"]}, "the total row needs a range"),
        ({"compare": ["1 month"], "group_by": ["metric_time__week"]}, "weeks do not nest in months"),
    ],
)
def test_comparisons_that_mean_nothing_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        LAYER.compile(Query(["amount"], **options))


# windows as of a day


def test_a_window_without_time_stands_at_the_end(ask: Ask) -> None:
    """24 to 30 April holds order 7; of 10 to 16 January order 2; the month of 4 March began with orders 5 and 6."""
    metrics = ["trailing", "trailing_buyers", "to_date"]
    assert ask(metrics, []) == [(40, 1, 40)]
    assert ask(metrics, [], start=None, end=date(2024, 1, 16)) == [(100, 1, 100)]
    assert ask(metrics, [], start=None, end=date(2024, 1, 17)) == [(None, None, 100)]
    assert ask(["to_date"], ["channel"], start=None, end=date(2024, 3, 4)) == [("shop", 25), ("web", 0)]


def test_a_window_without_time_or_end_is_refused() -> None:
    with pytest.raises(QueryError, match=r"needs a time to stand at; add metric_time__day .* or give `end`"):
        LAYER.compile(Query(["trailing"]))
    with pytest.raises(QueryError, match="a filter on metric_time would cut the window"):
        LAYER.compile(Query(["trailing"], where=["{{ TimeDimension('metric_time', 'day') }} > '2024-01-01'"], end=LAST))
    with pytest.raises(QueryError, match="compares with an earlier period and needs a time to stand at"):
        LAYER.compile(Query(["growth"], end=LAST))


# totals and shares


def test_the_total_is_computed_and_never_added_up(ask: Ask) -> None:
    """Buyer 1 bought in two months and counts once; January's conversion is 2 of 4, never an average of rates."""
    rows = ask(["buyers", "amount", "conversion"], ["metric_time__month"], end=date(2024, 3, 31), totals=True)
    assert rows == [
        (JAN, 2, 150, 0.5, False),
        (FEB, 1, 150, None, False),
        (MAR, 2, 25, None, False),
        (None, 3, 325, 1.25, True),
    ]


def test_the_total_of_members_and_of_one_row(ask: Ask) -> None:
    assert ask(["bounce_rate"], ["channel"], totals=True) == [("shop", 1, False), ("web", 0.3333, False), (None, 0.5, True)]
    assert ask(["bounce_rate"], [], totals=True) == [(0.5, True)]


def test_a_limit_leaves_the_total_what_it_is(ask: Ask) -> None:
    rows = ask(["amount"], ["metric_time__month"], order_by=["-amount", "metric_time__month"], limit=1, totals=True)
    assert rows == [(JAN, 150, False), (None, 365, True)]


def test_the_total_is_compared_with_the_total_before(ask: Ask) -> None:
    """January to April against December to March; one period earlier is one month earlier in every row."""
    rows = ask(["amount"], ["metric_time__month"], compare=["previous_period"], totals=True)
    assert rows[-1] == (None, 365, 325, 0.1231, True)


def test_shares_are_parts_of_the_same_period(ask: Ask) -> None:
    rows = ask(["amount"], ["metric_time__month", "channel"], share_of_total=True, totals=True)
    assert rows == [
        (JAN, "shop", 50, 0.3333, False),
        (JAN, "web", 100, 0.6667, False),
        (FEB, "web", 150, 1, False),
        (MAR, "shop", 25, 1, False),
        (MAR, "web", 0, 0, False),
        (APR, "web", 40, 1, False),
        (None, None, 365, None, True),
    ]


def test_shares_of_the_whole_range(ask: Ask) -> None:
    rows = ask(["amount"], ["channel"], share_of_total=True, totals=True)
    assert rows == [("shop", 75, 0.2055, False), ("web", 290, 0.7945, False), (None, 365, 1, True)]
    rows = ask(["amount"], ["metric_time__month"], share_of_total=True, limit=1)
    assert rows == [(JAN, 150, 0.411)]


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("buyers", "'buyers' is count_distinct, and its parts do not add up"),
        ("conversion", "it is a ratio"),
        ("trailing", "accumulated over time"),
        ("middle", "'middle' is median"),
        ("due", "not filled with 0"),
        ("growth", "does not add up; sums and differences do"),
    ],
)
def test_shares_of_what_does_not_add_up_are_refused(metric: str, message: str) -> None:
    with pytest.raises(QueryError, match=f"'{metric}' has no shares, because .*{message}"):
        LAYER.compile(Query([metric], ["metric_time__month"], share_of_total=True))


@pytest.mark.parametrize("metric", ["trailing", "growth"])
def test_a_total_over_periods_that_overlap_is_refused(metric: str) -> None:
    with pytest.raises(QueryError, match=f"totals: metric '{metric}' .*, so its periods have no total"):
        LAYER.compile(Query([metric], ["metric_time__month"], totals=True))


# complete periods


def _layer(closed: dict[str, date], history_start: date | None = None) -> SemanticLayer:
    return SemanticLayer(small_shop(), closed, history_start)


def test_open_periods_are_left_out_where_it_is_known(ask: Ask) -> None:
    """All of April has arrived but its last day: April is open, its 29 days are not."""
    layer = _layer({"amount": date(2024, 4, 29), "visits": date(2024, 2, 15)})
    months = {"layer": layer, "start": None, "end": None}
    assert [row[0] for row in ask(["amount"], ["metric_time__month"], **months)] == [date(2023, 3, 1), JAN, FEB, MAR]
    assert [row[0] for row in ask(["amount", "visits"], ["metric_time__month"], **months)] == [date(2023, 3, 1), JAN]
    assert ask(["amount"], ["metric_time__month"], complete_periods=False, **months)[-1] == (APR, 40)
    assert ask(["amount"], [], **months) == [(385,)]
    assert ask(["amount"], ["metric_time__day"], **months)[-1][0] == date(2024, 3, 4)


def test_periods_cut_by_the_range_or_by_history_are_left_out(ask: Ask) -> None:
    layer = _layer({"amount": LAST}, history_start=date(2024, 1, 15))
    assert [row[0] for row in ask(["amount"], ["metric_time__month"], layer=layer)] == [FEB, MAR, APR]
    cut = {"layer": layer, "start": date(2024, 2, 2), "end": date(2024, 4, 29)}
    assert ask(["amount"], ["metric_time__month"], **cut) == [(MAR, 25)]
    assert ask(["amount"], ["metric_time__month"], complete_periods=False, **cut) == [(FEB, 150), (MAR, 25)]
    with pytest.raises(QueryError, match="no quarter from 2024-02-02 to 2024-04-29 is complete"):
        ask(["amount"], ["metric_time__quarter"], **cut)


def test_nothing_is_compared_with_days_before_history(ask: Ask) -> None:
    """January is known from its 15th, so that February has nothing to be compared with."""
    layer = _layer({"amount": LAST}, history_start=date(2024, 1, 15))
    rows = ask(["amount"], ["metric_time__month"], layer=layer, compare=["previous_period"])
    assert rows == [(FEB, 150, None, None), (MAR, 25, 150, -0.8333), (APR, 40, 25, 0.6)]
    # Orders are filled with 0 where there are none, and before history nobody knows.
    orders = _layer({"orders": LAST}, history_start=JAN)
    assert ask(["orders"], ["metric_time__month"], layer=orders, compare=["previous_period"])[:2] == [
        (JAN, 2, None, None),
        (FEB, 1, 2, -0.5),
    ]
    range_ = {"layer": layer, "start": FEB, "end": date(2024, 2, 29), "compare": ["previous_period"]}
    assert ask(["amount"], [], **range_) == [(150, None, None)]
    assert ask(["amount"], [], **{**range_, "start": MAR, "end": date(2024, 3, 31)}) == [(25, 150, -0.8333)]


def test_a_window_stands_at_the_last_closed_day(ask: Ask) -> None:
    """Closed through 9 March: 3 to 9 March hold 0 + 25; with a later end the closed day still decides."""
    layer = _layer({"trailing": date(2024, 3, 9)})
    assert ask(["trailing"], [], layer=layer, start=None, end=None) == [(25,)]
    assert ask(["trailing"], [], layer=layer, start=None, end=LAST) == [(25,)]
    assert ask(["trailing"], [], layer=layer, start=None, end=LAST, complete_periods=False) == [(40,)]


def test_complete_periods_are_not_promised_of_a_metric_of_which_nobody_knows() -> None:
    """Insisting is refused by name; without insisting the known ones decide, and the explanation says for whom they do."""
    layer = _layer({"amount": date(2024, 2, 15)}, history_start=JAN)
    months = ["metric_time__month"]
    for metrics in (["visits"], ["amount", "visits"]):
        with pytest.raises(QueryError, match="it is not known until when 'visits' is complete; add it to closed_through"):
            layer.compile(Query(metrics, months, complete_periods=True))
    assert "2024-02-01" in layer.compile(Query(["amount"], months, complete_periods=True))
    with pytest.raises(QueryError, match="is not known until when 'amount', 'visits' is complete"):
        SemanticLayer(small_shop(), history_start=JAN).compile(Query(["amount", "visits"], months, complete_periods=True))
    told = "until when visits is complete is not known: "
    assert f"{told}the answer ends with what is complete of amount" in str(
        layer.explain(Query(["amount", "visits"], months))
    )
    assert f"{told}open periods are in the answer" in str(layer.explain(Query(["visits"], months)))
    for query in (Query(["amount"], months), Query(["amount", "visits"], months, complete_periods=False)):
        assert "is not known" not in str(layer.explain(query))
    assert "is not known" not in str(LAYER.explain(Query(["visits"], months)))


def test_what_is_closed_may_be_asked_of_a_function() -> None:
    days = iter([date(2024, 3, 31), date(2024, 4, 30)])
    layer = SemanticLayer(small_shop(), closed_through=lambda metric: next(days))
    query = Query(["amount"], ["metric_time__month"])
    assert "2024-04-01" in layer.compile(query)
    assert "2024-05-01" in layer.compile(query)


def test_a_bare_manifest_bounds_nothing() -> None:
    sql = LAYER.compile(Query(["amount"], ["metric_time__month"]))
    assert "WHERE" not in sql
    with pytest.raises(QueryError, match="complete_periods: it is not known until when 'amount' is complete"):
        LAYER.compile(Query(["amount"], complete_periods=True))


@pytest.mark.parametrize("name", ["parts", "totals", "share_of_total", "raw", "complete_periods"])
def test_a_switch_is_true_or_false(name: str) -> None:
    with pytest.raises(QueryError, match=f"{name} is 'yes'; expected true or false"):
        Query(["amount"], **{name: "yes"})


def test_two_columns_of_one_name_are_refused() -> None:
    from tests.unit.semantic.manifests import dimension, entity, manifest, measure, metric, model

    shop = model("shop", [entity("amount", "primary")], [dimension("share")], [measure("money")])
    layer = SemanticLayer(manifest([shop], [metric("amount", measure="money")]))
    with pytest.raises(QueryError, match="two columns called 'amount__share'"):
        layer.compile(Query(["amount"], ["amount__share"], share_of_total=True))


@pytest.mark.parametrize("item", ["customer", "Customer", "CUSTOMER"])
def test_a_measure_called_like_a_group_is_not_taken_for_it(item: str, engine: Engine) -> None:
    """DuckDB knows one name where only capitals differ: the customers of customer 7 are one, not seven."""
    from tests.unit.semantic.manifests import entity, manifest, measure, metric, model

    shop = model("shop", [entity("customer", "foreign")], [], [measure("customer", "count_distinct")])
    layer = SemanticLayer(
        manifest([shop], [metric("customers", measure="customer"), metric("customer", measure="customer")])
    )
    engine.execute("create schema core")
    engine.execute('create table core.shop (customer integer, "at" date)')
    engine.execute("insert into core.shop values (7, '2024-01-01'), (7, '2024-01-02'), (8, '2024-01-02')")
    assert engine.ask(layer, Query(["customers"], [item], order_by=[item]))[1] == [(7, 1), (8, 1)]
    with pytest.raises(QueryError, match="two columns called"):
        layer.compile(Query(["customer"], [item]))
