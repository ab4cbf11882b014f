"""What no other compiler answers, on the demo company, against SQL written by hand: shares of a period, a stock by its own day."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from metrics.semantic import Query, SemanticLayer
from tests.conftest import BuiltWorkspace
from tests.soundness.demo_metricflow import Question, compare

pytestmark = pytest.mark.integration

GRAINS = ("day", "week", "month")
OF_VISITS = {
    "channel": "channel",
    "source": "source",
    "session__device": "device",
    "session__business_date__week": "date_trunc('week', business_date)",
}


@pytest.fixture(scope="module")
def con(demo: BuiltWorkspace) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{demo.published.resolve()}' as warehouse (read_only)")
        connection.execute("use warehouse; set threads = 1")
        yield connection


@pytest.fixture(scope="module")
def layer(demo: BuiltWorkspace) -> SemanticLayer:
    return SemanticLayer.from_manifest(demo.root / "published" / "parquet" / "current" / "semantic_manifest.json")


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("name", OF_VISITS)
def test_visits_of_a_member_over_all_visits_of_the_period(
    grain: str, name: str, con: duckdb.DuckDBPyConnection, layer: SemanticLayer
) -> None:
    question = Question(("traffic_source_share",), grain, name)
    by_hand = f"""with visits as (
            select date_trunc('{grain}', business_date) as period, {OF_VISITS[name]} as member, count(*) as mine
            from core.fct_web_sessions
            group by all
        )
        select
            period as metric_time__{grain},
            member as "{name}",
            mine / (select sum(mine) from visits as everybody where everybody.period = visits.period) as traffic_source_share
        from visits"""
    found = compare(con, question, layer.compile(Query(question.metrics, question.keys)), by_hand)
    assert found.problems == ()
    assert found.values["traffic_source_share"] > 20


@pytest.mark.parametrize("bucket", ["day", "week", "month"])
def test_followers_by_the_day_on_which_they_were_counted(
    bucket: str, con: duckdb.DuckDBPyConnection, layer: SemanticLayer
) -> None:
    """Within a month the last day of each group: by day every day, by week the last day of the week that lies in the month."""
    name = f"social_follower_day__business_date__{bucket}"
    question = Question(("social_followers",), "month", name)
    by_hand = f"""with counted as (
            select
                date_trunc('month', business_date) as period,
                date_trunc('{bucket}', business_date) as bucket,
                arg_max(followers, business_date) as followers
            from core.fct_social_followers
            group by 1, 2, social_account
        )
        select period as metric_time__month, bucket as "{name}", sum(followers)::bigint as social_followers
        from counted
        group by all"""
    found = compare(con, question, layer.compile(Query(question.metrics, question.keys)), by_hand)
    assert found.problems == ()
    assert found.values["social_followers"] >= 24
