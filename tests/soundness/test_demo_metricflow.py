"""MetricFlow 0.213 as the oracle on the demo company: every metric by day, week and month, in total and by each of its dimensions.

Every disagreement is a failure, except the cases of ``KNOWN``: they are listed one by one with their reason, and a test of
their own holds what each side answers against SQL written by hand. ``BELLWETHER_METRICFLOW_ALONE=1`` asks every metric
in a query of its own, which takes twice as long; ``BELLWETHER_DIFFERENTIAL_DEMO_QUERIES`` random queries are asked beside them.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import duckdb
import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from tests.conftest import REPOSITORY, BuiltWorkspace
from tests.soundness.demo_metricflow import Case, Comparison, Question, all_cases, compare, missing_names, questions
from tests.soundness.demo_random import members, random_questions
from tests.soundness.metricflow_oracle import MetricFlow

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ONE_BY_ONE = os.environ.get("BELLWETHER_METRICFLOW_ALONE") == "1"
GRAINS = ("day", "week", "month")
DATE_GRAINS = ("day", "week", "month", "quarter", "year")
RANDOM = int(os.environ.get("BELLWETHER_DIFFERENTIAL_DEMO_QUERIES", "60"))
RANDOM_SEED = int(os.environ.get("BELLWETHER_DIFFERENTIAL_SEED", "7"))


@dataclass(frozen=True)
class Known:
    """Cases that one side does not answer, or answers by another convention."""

    reason: str
    metrics: str
    grains: str
    dimensions: tuple[str | None, ...]

    @property
    def cases(self) -> set[Case]:
        return {
            (metric, grain, name)
            for metric in self.metrics.split()
            for grain in self.grains.split()
            for name in self.dimensions
        }


# revenue_growth in total and by each of its dimensions
_OF_REVENUE = (
    *(None, "campaign", "channel", "country", "customer", "medium", "region", "session", "source"),
    *("customer__customer_segment", "session__campaign", "session__channel", "session__country", "session__device"),
    *(
        "session__medium",
        "session__region",
        "session__source",
        "session__business_date__day",
        "session__business_date__week",
    ),
    *("session__business_date__month", "session__business_date__quarter", "session__business_date__year"),
)
KEYWORD = Known(
    "the entity is called like the keyword ORDER: MetricFlow writes the name without quotes, and its SQL does not parse",
    metrics="orders gross_revenue orders_with_refund return_rate average_order_value"
    " orders_with_shipping_cost average_shipping_cost",
    grains="day week month",
    dimensions=("order",),
)
MONTH_BEFORE_A_WEEK = Known(
    "an offset of a month by week: MetricFlow looks for a week that starts a month before, on a Monday only in March; "
    "ours refuses",
    metrics="revenue_growth",
    grains="week",
    dimensions=_OF_REVENUE,
)
AFTER_THE_LAST_MONTH = Known(
    "the month after the last one, of which only the month before is known: MetricFlow ends where the time spine ends, "
    "ours shows the row without a value",
    metrics="revenue_growth",
    grains="month",
    dimensions=_OF_REVENUE,
)
# every dimension of visits; without one both answer 1
_OF_VISITS = ("campaign", "channel", "country", "medium", "region", "session", "source", *_OF_REVENUE[-5:], *(
    f"session__{name}" for name in ("campaign", "channel", "country", "device", "medium", "region", "source")
))  # fmt: skip
SHARE_OF_VISITS = Known(
    "a metric of additivity share: MetricFlow does not know the word and divides each member by itself; ours divides by all "
    "members of the period",
    metrics="traffic_source_share",
    grains="day week month",
    dimensions=_OF_VISITS,
)
_PIECES = (
    "a stock by its own date beside metric_time, where one cuts the periods of the other: MetricFlow reads it on the last day "
    "of the period of metric_time only and has no value in the other pieces; ours reads it on the last day of each piece"
)


def _in_pieces(metrics: str, own_date: str) -> tuple[Known, Known]:
    """Stocks by week, and by month, beside those grains of their own date that cut them."""
    grains = {"week": ("day", "month", "quarter", "year"), "month": ("day", "week")}
    by_week, by_month = (
        Known(_PIECES, metrics, grain, tuple(f"{own_date}__{piece}" for piece in pieces)) for grain, pieces in grains.items()
    )
    return by_week, by_month


FOLLOWERS = _in_pieces("social_followers", "social_follower_day__business_date")
BACKLOG = _in_pieces("ticket_backlog", "open_ticket__business_date")
STOCKS = "pipeline_value open_opportunities"
PIPELINE = _in_pieces(STOCKS, "pipeline_day__business_date")
SUBSCRIPTIONS = _in_pieces(
    "active_subscriptions subscriptions_at_start mrr mrr_at_start retained_mrr mrr_growth churn_rate retention_rate",
    "subscription_day__business_date",
)
GROWTH_OF_A_DAY_IN_A_LONGER_PERIOD = Known(
    "growth from the first morning to the last evening of a week or month, by the key of a single day: no day is both, so there "
    "is no value on either side",
    metrics="mrr_growth",
    grains="week month",
    dimensions=("subscription_day",),
)
KNOWN = (
    KEYWORD,
    MONTH_BEFORE_A_WEEK,
    AFTER_THE_LAST_MONTH,
    SHARE_OF_VISITS,
    *FOLLOWERS,
    *BACKLOG,
    *PIPELINE,
    *SUBSCRIPTIONS,
    GROWTH_OF_A_DAY_IN_A_LONGER_PERIOD,
)
# a shop has no sellers: both sides answer with no row
NOT_CONNECTED = frozenset({"host_questions", "host_answers", "host_response_minutes"})
KNOWN_CASES = frozenset(case for known in KNOWN for case in known.cases)


@pytest.fixture(scope="module")
def con(demo: BuiltWorkspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published tables under the name that the manifest gives to their catalog."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{demo.published.resolve()}' as warehouse (read_only)")
        connection.execute("use warehouse; set threads = 1")
        yield connection


@pytest.fixture(scope="module")
def layer(demo: BuiltWorkspace) -> SemanticLayer:
    return SemanticLayer.from_manifest(demo.root / "published" / "parquet" / "current" / "semantic_manifest.json")


@pytest.fixture(scope="module")
def oracle(demo: BuiltWorkspace) -> MetricFlow:
    return MetricFlow(demo.root / "published" / "parquet" / "current" / "semantic_manifest.json")


@pytest.mark.parametrize("grain", GRAINS)
def test_every_metric_by_every_dimension_equals_metricflow(
    grain: str, con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> None:
    compared: set[Case] = set()
    problems, without_values = [], []
    for question in questions(layer, grain, KNOWN_CASES, ONE_BY_ONE):
        found = _answered(con, layer, oracle, question)
        problems += [f"{question.metrics} by {question.keys}: {line}" for line in found.problems]
        without_values += [(metric, question.keys) for metric, count in found.values.items() if not count]
        compared |= question.cases
    assert not problems, f"{len(problems)} disagreements:\n" + "\n".join(problems[:20])
    assert [case for case in without_values if case[0] not in NOT_CONNECTED] == []
    known = {case for case in KNOWN_CASES if case[1] == grain}
    assert compared | known == all_cases(layer, grain)
    assert compared.isdisjoint(known)
    # 50 metrics have 1346 dimensions; more metrics may come, none may go
    assert len(compared) >= {"day": 1391, "week": 1369, "month": 1369}[grain]


def _answered(con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow, question: Question) -> Comparison:
    metrics, keys = list(question.metrics), question.keys
    try:
        return compare(con, question, layer.compile(Query(metrics, keys)), oracle.compile(metrics, keys))
    except Exception as error:  # MetricFlow's refusals have no common class
        return Comparison((f"{type(error).__name__}: {str(error)[:300]}",), {})


def test_random_queries_equal_metricflow(con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow) -> None:
    """Several metrics and dimensions at once, filters and ranges; the metrics and names of KNOWN are asked above."""
    left_out = {"revenue_growth", "traffic_source_share", "social_followers", "order"}
    names = {name for metric in layer.metrics for name in layer.dimensions(metric)} - left_out
    texts = [name for name in names if not name.startswith("metric_time") and name.rpartition("__")[2] not in DATE_GRAINS]
    first, last = con.execute("select min(business_date), max(business_date) from core.fct_web_sessions").fetchall()[0]
    asked = random_questions(layer, members(con, layer, texts), first, last, left_out, RANDOM_SEED)
    problems = []
    values = 0
    for question in itertools.islice(asked, RANDOM):
        theirs = oracle.compile(list(question.metrics), question.keys, list(question.where), question.start, question.end)
        found = compare(con, question, layer.compile(question.query), theirs)
        problems += [f"{question}: {line}" for line in found.problems]
        values += sum(found.values.values()) > 0
    assert not problems, f"{len(problems)} disagreements:\n" + "\n".join(problems[:20])
    assert values > 0.7 * RANDOM


def test_metricflow_knows_no_dimension_that_is_not_asked(layer: SemanticLayer, oracle: MetricFlow) -> None:
    """The list of dimensions is itself an answer of the layer."""
    missing = {metric: names for metric in layer.metrics if (names := missing_names(layer, oracle, metric))}
    assert missing == {"revenue_growth": {"metric_time__week"}}


_BY_ORDER = """select
        date_trunc('{grain}', business_date) as metric_time__{grain},
        order_id as "order",
        count(*) as orders,
        sum(gross_amount) as gross_revenue,
        count(has_refund) filter (where has_refund) as orders_with_refund,
        count(*) filter (where has_refund) / count(*) as return_rate,
        sum(gross_amount)::double / count(*) as average_order_value,
        sum(shipping_cost) as shipping_cost,
        count(shipping_cost) as orders_with_shipping_cost,
        sum(shipping_cost)::double / count(shipping_cost) as average_shipping_cost
    from core.fct_orders
    group by all"""


@pytest.mark.parametrize("grain", GRAINS)
def test_an_entity_called_like_a_keyword_is_answered_by_ours_only(
    grain: str, con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> None:
    question = Question(tuple(KEYWORD.metrics.split()), grain, "order")
    for metric in question.metrics:
        with pytest.raises(duckdb.ParserException):
            con.execute(oracle.compile([metric], question.keys))
    ours = layer.compile(Query(question.metrics, question.keys))
    found = compare(con, question, ours, _BY_ORDER.format(grain=grain))
    assert found.problems == ()
    assert min(found.values.values()) > 1000


# Revenue at order date less refunds at refund date; a channel without any row in a month has no revenue there, not 0.
_GROWTH_BY_CHANNEL = """with movements as (
        select business_date, channel, gross_amount as amount from core.fct_orders
        union all
        select business_date, channel, -amount from core.fct_refunds
    ),
    revenue as (
        select date_trunc('{grain}', business_date) as period, channel, sum(amount) as revenue
        from movements
        group by all
    ),
    before as (select period + interval 1 month as period, channel, revenue from revenue)
    select
        coalesce(revenue.period, before.period) as metric_time__{grain},
        coalesce(revenue.channel, before.channel) as channel,
        (revenue.revenue / nullif(before.revenue, 0) - 1)::double as revenue_growth
    from revenue
    full join before on revenue.period = before.period and revenue.channel is not distinct from before.channel"""


def test_the_growth_of_a_month_by_hand(con: duckdb.DuckDBPyConnection, layer: SemanticLayer) -> None:
    """All months with the one after the last: ours is what the definition says."""
    question = Question(("revenue_growth",), "month", "channel")
    found = compare(
        con, question, layer.compile(Query(question.metrics, question.keys)), _GROWTH_BY_CHANNEL.format(grain="month")
    )
    assert found.problems == ()
    assert found.values["revenue_growth"] > 100


@pytest.mark.parametrize("name", AFTER_THE_LAST_MONTH.dimensions)
def test_months_of_the_spine_agree_and_the_one_behind_it_has_no_value(
    name: str | None, con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> None:
    question = Question(("revenue_growth",), "month", name)
    ours = layer.compile(Query(question.metrics, question.keys))
    last = "(select date_trunc('month', max(date_day)) from core.time_spine_daily)"
    within = f"select * from ({ours}) where metric_time__month <= {last}"
    found = compare(con, question, within, oracle.compile(["revenue_growth"], question.keys))
    assert found.problems == ()
    assert found.values["revenue_growth"] > 0
    # behind the spine stand the members that have revenue in its last month, by MetricFlow's account, and nothing is known
    behind = f"select * from ({ours}) where metric_time__month > {last}"
    members = ", ".join(f'"{key}"' for key in question.keys[1:])
    revenue = oracle.compile(["revenue"], question.keys)
    wanted = f"""select metric_time__month + interval 1 month as metric_time__month, {members + "," if members else ""}
            null::double as revenue_growth
        from ({revenue}) where metric_time__month = {last}"""
    assert compare(con, question, behind, wanted) == Comparison((), {"revenue_growth": 0})


_STOCK_OF_PIECES = """with days as (
        select
            date_trunc('{grain}', business_date) as metric_time__{grain},
            date_trunc('{piece}', business_date) as {name},
            *
        from core.fct_pipeline_daily
    ),
    edges as (
        select *, max(business_date) over (partition by metric_time__{grain}, {name}) as last_day
        from days
    )
    select
        metric_time__{grain},
        {name},
        sum(amount) as pipeline_value,
        count(opportunity_id) as open_opportunities
    from edges
    where business_date = {edge}
    group by all"""


@pytest.mark.parametrize("known", PIPELINE, ids=["week", "month"])
def test_a_stock_by_pieces_of_a_period_by_hand(
    known: Known, con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> None:
    """The days of a week that lie in another month end on a day of their own; MetricFlow answers the last piece only."""
    for name in known.dimensions:
        question = Question(tuple(STOCKS.split()), known.grains, name)
        sql = partial(
            _STOCK_OF_PIECES.format, grain=known.grains, piece=str(name).rpartition("__")[2], name=name
        )  # fmt: skip
        ours = compare(con, question, layer.compile(Query(question.metrics, question.keys)), sql(edge="last_day"))
        assert ours.problems == ()
        assert ours.values["pipeline_value"] > 20
        of_the_period = f"(select max(d.business_date) from days as d where d.metric_time__{known.grains} = edges.metric_time__{known.grains})"
        theirs = compare(con, question, oracle.compile(list(question.metrics), question.keys), sql(edge=of_the_period))
        assert theirs.problems == ()


def test_a_month_before_a_week_by_hand(con: duckdb.DuckDBPyConnection, oracle: MetricFlow) -> None:
    """MetricFlow answers for weeks that start on the same day of the month as another one: what nobody asked."""
    question = Question(("revenue_growth",), "week", "channel")
    theirs = f"select * from ({oracle.compile(['revenue_growth'], question.keys)}) where revenue_growth is not null"
    literal = f"select * from ({_GROWTH_BY_CHANNEL.format(grain='week')}) where revenue_growth is not null"
    found = compare(con, question, theirs, literal)
    assert found.problems == ()
    assert found.values["revenue_growth"] > 0
    months = con.execute(f"select distinct month(metric_time__week) from ({theirs})").fetchall()
    assert months == [(3,)]


@pytest.mark.parametrize("name", MONTH_BEFORE_A_WEEK.dimensions)
def test_growth_over_a_month_by_week_is_refused_and_metricflow_has_it_in_march_only(
    name: str | None, con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> None:
    question = Question(("revenue_growth",), "week", name)
    with pytest.raises(QueryError, match="weeks do not nest in months"):
        layer.compile(Query(question.metrics, question.keys))
    theirs = oracle.compile(["revenue_growth"], question.keys)
    elsewhere = "revenue_growth is not null and month(metric_time__week) <> 3"
    assert con.execute(f"select count(*), count(*) filter (where {elsewhere}) from ({theirs})").fetchall()[0][1] == 0


# The open tickets of the last day that both periods hold.
_STOCK_BY_TWO_GRAINS = """with days as (
        select
            date_trunc('{grain}', business_date) as metric_time__{grain},
            date_trunc('{other}', business_date) as open_ticket__business_date__{other},
            business_date,
            sum(open_tickets) as open_tickets
        from core.fct_ticket_backlog
        group by all
    )
    select
        metric_time__{grain},
        open_ticket__business_date__{other},
        arg_max(open_tickets, business_date) as ticket_backlog
    from days
    group by all"""


@pytest.mark.parametrize(
    ("grain", "dimension"), [(known.grains, name) for known in BACKLOG for name in known.dimensions]
)
def test_a_stock_has_a_value_in_every_piece_and_metricflow_in_the_last_only(
    grain: str, dimension: str, con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> None:
    question = Question(("ticket_backlog",), grain, dimension)
    ours = layer.compile(Query(question.metrics, question.keys))
    by_hand = _STOCK_BY_TWO_GRAINS.format(grain=grain, other=dimension.rpartition("__")[2])
    assert compare(con, question, ours, by_hand).problems == ()
    theirs = oracle.compile(["ticket_backlog"], question.keys)
    pieces, periods = con.execute(f"select count(*), count(distinct metric_time__{grain}) from ({theirs})").fetchall()[0]
    assert pieces == periods
    assert con.execute(f"select count(*) from ({ours})").fetchall()[0][0] > pieces


# What runs on the last evening of each piece, the days that a period of metric_time has in a period of the stock's own date.
_STOCK_IN_PIECES = """with pieces as (
        select date_trunc('{grain}', business_date) as period, date_trunc('{own}', business_date) as piece,
            max(business_date) as last_on
        from core.fct_subscriptions_daily
        group by all
    )
    select period as metric_time__{grain}, piece as subscription_day__business_date__{own},
        sum(subscriptions_at_end) as active_subscriptions
    from pieces inner join core.fct_subscriptions_daily on business_date = last_on
    where {only}
    group by all"""


@pytest.mark.parametrize(("grain", "own"), [("week", "day"), ("week", "month"), ("month", "week"), ("week", "year")])
def test_a_stock_in_pieces_by_hand(
    grain: str, own: str, con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> None:
    question = Question(("active_subscriptions",), grain, f"subscription_day__business_date__{own}")
    ours = layer.compile(Query(question.metrics, question.keys))
    found = compare(con, question, ours, _STOCK_IN_PIECES.format(grain=grain, own=own, only="true"))
    assert found.problems == ()
    # MetricFlow knows the pieces that hold the last day of their period
    at_the_end = f"""last_on = (
        select max(business_date) from core.fct_subscriptions_daily as day where date_trunc('{grain}', day.business_date) = period
    )"""
    theirs = (
        f"select * from ({oracle.compile(['active_subscriptions'], question.keys)}) where active_subscriptions is not null"
    )
    seen = compare(con, question, theirs, _STOCK_IN_PIECES.format(grain=grain, own=own, only=at_the_end))
    assert seen.problems == ()
    assert 0 < seen.values["active_subscriptions"] < found.values["active_subscriptions"]


@pytest.mark.parametrize("grain", ["week", "month"])
def test_no_single_day_has_a_growth_over_a_longer_period(
    grain: str, con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> None:
    question = Question(("mrr_growth",), grain, "subscription_day")
    found = compare(
        con,
        question,
        layer.compile(Query(question.metrics, question.keys)),
        oracle.compile(list(question.metrics), question.keys),
    )
    assert found == Comparison((), {"mrr_growth": 0})


def test_each_known_difference_is_explained_on_the_page() -> None:
    page = " ".join((REPOSITORY / "docs" / "correctness.md").read_text(encoding="utf-8").split())
    assert [known.reason for known in KNOWN if known.reason not in page] == []


def test_the_comparison_sees_each_kind_of_difference(con: duckdb.DuckDBPyConnection) -> None:
    """Proof that the tests above can fail."""
    question = Question(("amount",), "day", "channel")

    def problems(left: str, right: str) -> str:
        sides = [f"select * from (values {rows}) as rows (metric_time__day, channel, amount)" for rows in (left, right)]
        return " ".join(compare(con, question, *sides).problems)

    day = "(date '2026-01-01', {}, {})"
    null, shop = day.format("null::text", "1.00"), day.format("'shop'", "1.00")
    assert problems(null, null) == ""
    assert problems(f"{null}, {shop}", f"{shop}, {null}") == ""
    assert "1 rows on one side only" in problems(f"{null}, {shop}", shop)
    assert "2 rows on one side only" in problems(null, day.format("''", "1.00"))
    assert "repeated keys: 2 rows against 2, 4 pairs" in problems(f"{null}, {null}", f"{null}, {null}")
    assert "repeated keys: 2 rows against 1" in problems(f"{shop}, {shop}", shop)
    assert "1 of 1 values differ" in problems(shop, day.format("'shop'", "1.01"))
    assert "1 of 1 values differ" in problems(shop, day.format("'shop'", "null::decimal(3, 2)"))
    assert "amount is DECIMAL(3,2) against DOUBLE" in problems(shop, day.format("'shop'", "1.0::double"))
    assert problems(day.format("'a'", "1e9::double"), day.format("'a'", "(1e9 + 0.5)::double")) == ""
    for wrong in ("(1e9 + 5)::double", "null::double", "'nan'::double", "'inf'::double", "0::double"):
        assert "1 of 1 values differ" in problems(day.format("'a'", "1e9::double"), day.format("'a'", wrong))
