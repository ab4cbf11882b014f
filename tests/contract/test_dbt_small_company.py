"""The facts of a company small enough to work out by hand, built by dbt from raw tables, on DuckDB and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.contract.dbt_project_runs import (
    DbtDatabase,
    RawTable,
    duckdb_database,
    open_duckdb,
    open_postgres,
    postgres_database,
    postgres_server,
)
from tests.contract.dbt_small_company import NOTHING_LOADED, TABLES, VARIABLES
from tests.soundness.metricflow_oracle import MetricFlow

pytestmark = [pytest.mark.integration, pytest.mark.slow]
GOOD_FRIDAY_WEEK = (date(2024, 3, 28), date(2024, 4, 2))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> DbtDatabase:
    """Build with data tests and unit tests; the refund of an unknown order is a warning, so warnings are no errors here."""
    database = duckdb_database(tmp_path_factory.mktemp("small"), VARIABLES, TABLES)
    database.dbt("build", warn_error=False)
    return database


@pytest.fixture
def con(built: DbtDatabase) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_duckdb(built) as connection:
        yield connection


def _refunds() -> RawTable:
    return next(table for table in TABLES if table.name == "raw_shop.refunds")


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def test_business_dates_are_local_in_both_sources(con: duckdb.DuckDBPyConnection) -> None:
    assert _rows(con, "select order_id, cast(business_date as text) from core.fct_orders order by order_id") == [
        ("1", "2024-03-31"),
        ("2", "2024-03-31"),
        ("3", "2024-04-01"),
        ("5", "2024-06-15"),
        ("m1", "2024-03-31"),
        ("m2", "2024-04-02"),
    ]


def test_amounts_are_converted_and_corrections_win(con: duckdb.DuckDBPyConnection) -> None:
    assert _rows(con, "select order_id, gross_amount from core.fct_orders order by order_id") == [
        ("1", Decimal("100.0000")),
        ("2", Decimal("46.0000")),
        ("3", Decimal("30.0000")),
        ("5", Decimal("80.0000")),
        ("m1", Decimal("9.2000")),
        ("m2", Decimal("20.0000")),
    ]


def test_dimensions_come_from_order_customer_or_visit(con: duckdb.DuckDBPyConnection) -> None:
    sql = "select order_id, channel, device, country from core.fct_orders order by order_id"
    assert _rows(con, sql) == [
        ("1", "paid_search", "mobile", "AT"),
        ("2", "social", "desktop", "AT"),
        ("3", None, "unknown", "unknown"),
        ("5", None, "unknown", "DE"),
        ("m1", "marketplace", "unknown", "unknown"),
        ("m2", "marketplace", "unknown", "unknown"),
    ]


def test_a_rule_names_the_channel_where_the_source_gives_none(con: duckdb.DuckDBPyConnection) -> None:
    """l1 has a channel of its own, written as everywhere; l4 has nothing that a rule could go by."""
    assert _rows(con, "select lead_id, channel from core.fct_leads order by lead_id") == [
        ("l1", "trade_fair"),
        ("l2", "editor's"),
        ("l3", "letters"),
        ("l4", None),
    ]


def test_refunds_count_on_their_own_day_and_point_at_the_orders(con: duckdb.DuckDBPyConnection) -> None:
    sql = """
        select refund_id, cast(business_date as text), cast(ordered_on as text), amount, product_category
        from core.fct_refunds order by refund_id
    """
    assert _rows(con, sql) == [
        ("21", "2024-05-02", "2024-03-31", Decimal("30.0000"), "toys"),
        ("22", "2024-05-06", "2024-03-31", Decimal("47.0000"), "unknown"),
        ("24", "2024-05-02", None, Decimal("5.0000"), "unknown"),
    ]


def test_first_orders_are_mature_when_every_source_has_closed_their_30_days(con: duckdb.DuckDBPyConnection) -> None:
    sql = """
        select customer_id, order_id, is_mature, is_repeated_within_30_days
        from core.fct_customer_first_orders order by customer_id
    """
    assert _rows(con, sql) == [
        ("c1", "1", True, True),
        ("c2", "m1", True, True),
        ("c3", "5", False, False),
        ("c4", "m2", True, False),
    ]


def test_response_time_skips_nights_holidays_and_the_weekend(con: duckdb.DuckDBPyConnection) -> None:
    sql = """
        select ticket_id, first_response_minutes, is_first_contact_resolved, cast(solved_on as text)
        from core.fct_tickets order by ticket_id
    """
    assert _rows(con, sql) == [
        ("1", 50.0, True, "2024-04-02"),
        ("2", 15.0, False, "2024-04-02"),
        ("3", None, None, None),
    ]


def test_calendar_knows_holidays_and_the_clock_change(con: duckdb.DuckDBPyConnection) -> None:
    sql = """
        select cast(date_on as text), business_minutes, strftime(opens_at, '%H:%M'), is_holiday, is_weekend
        from core.dim_dates where date_on between ? and ? order by date_on
    """
    assert con.execute(sql, GOOD_FRIDAY_WEEK).fetchall() == [
        ("2024-03-28", 540, "08:00", False, False),
        ("2024-03-29", 0, "08:00", True, False),
        ("2024-03-30", 0, "08:00", False, True),
        ("2024-03-31", 0, "07:00", False, True),
        ("2024-04-01", 0, "07:00", True, False),
        ("2024-04-02", 540, "07:00", False, False),
    ]
    assert _rows(con, "select min(date_day), max(date_day) from core.time_spine_daily") == [
        (date(2023, 1, 1), date(2024, 6, 30))
    ]


def test_rates_are_carried_forward_and_never_backward(con: duckdb.DuckDBPyConnection) -> None:
    sql = "select cast(rate as double) from intermediate.int_exchange_rates__daily where rate_on = ?"
    found = [
        con.execute(sql, [day]).fetchall() for day in ("2024-03-28", "2024-03-29", "2024-04-30", "2024-05-01", "2024-09-01")
    ]
    assert found == [[], [(0.92,)], [(0.92,)], [(0.94,)], [(0.94,)]]


def test_an_offset_in_the_text_wins_over_the_sources_zone(con: duckdb.DuckDBPyConnection) -> None:
    sql = "select cast(ordered_at as text) from core.fct_orders where source_relation = 'market' order by order_id"
    assert _rows(con, sql) == [("2024-03-31 00:00:00",), ("2024-04-01 22:30:00",)]


def test_personal_data_are_hashed(con: duckdb.DuckDBPyConnection) -> None:
    hashes = _rows(con, "select email_hash from core.fct_leads where lead_id in ('l1', 'l2')")
    assert hashes[0] == hashes[1]
    assert len(hashes[0][0]) == 64


MONTHLY = {
    # metric: (March, April, May, June) by hand
    "orders": (3, 2, None, 1),
    "gross_revenue": ("155.2", "50", None, "80"),
    "refunds": (None, None, "82", None),
    "new_customers": (2, 1, None, 1),
    "first_orders_mature": (2, 1, None, None),
    "first_orders_repeated": (2, 0, None, None),
    "items_sold": (4, 1, None, 4),
    "refunded_items": (2, None, None, None),
    "orders_with_refund": (2, 0, None, 0),
    "ad_spend": ("29.2", "10", None, None),
    "sessions": (2, 2, None, None),
    "bounced_sessions": (1, 1, None, None),
    "add_to_cart_sessions": (1, 0, None, None),
    "leads": (None, 4, None, None),
    "valid_leads": (None, 2, None, None),
    "deals_won_from_leads": (None, 1, None, None),
    # closed at 0:30 on 1 May in Berlin
    "opportunities_won": (None, 0, 1, None),
    "opportunities_closed": (None, 1, 1, None),
    # l2 is l1 again; l4 has no address and was qualified all the same
    "qualified_leads": (None, 2, 1, None),
    "accepted_leads": (None, 1, 1, None),
    "mql_to_sql_rate": (None, "0.5", 1, None),
    "rated_leads": (None, 2, None, None),
    "sales_acceptance_score": (None, 3, None, None),
    # 25 days and 14.5 hours
    "sales_cycle_days": (None, 15, "25.604167", None),
    # d1 and d3 at the end of April, then d3 alone; the last day of the calendar is in June
    "pipeline_value": (None, 600, 100, 100),
    "open_opportunities": (None, 2, 1, 1),
    "calls": (None, 1, None, 0),
    "emails_to_prospects": (None, 1, None, 0),
    "meetings": (None, 0, None, 1),
    # 1000 USD at 0.94 and 60 EUR
    "sales_quota": (None, 1000, 1000, None),
    "quotas_set": (None, 1, 2, None),
    "won_amount": (None, 0, 500, None),
    "quota_attainment": (None, 0, "0.5", None),
    "tickets_created": (1, 2, None, None),
    "tickets_solved": (None, 2, None, None),
    "tickets_solved_at_first_contact": (None, 1, None, None),
    "csat_answers": (None, 2, None, None),
    "csat_satisfied": (None, 1, None, None),
    "nps_answers": (None, 4, None, None),
    "nps_points": (None, 100, None, None),
    "nps": (None, 25, None, None),
    "first_response_minutes": (50, 15, None, None),
    "average_order_value": ("51.733333", 25, None, 80),
    "return_rate": ("0.666667", 0, None, 0),
    "item_return_rate": ("0.5", 0, None, 0),
}


@pytest.mark.parametrize("metric", MONTHLY)
def test_metric_by_month(metric: str, built: DbtDatabase, con: duckdb.DuckDBPyConnection) -> None:
    sql = MetricFlow(built.target / "semantic_manifest.json").compile([metric], ["metric_time__month"])
    found = {str(month)[:7]: value for month, value in _rows(con, sql) if month is not None and value is not None}
    months = ("2024-03", "2024-04", "2024-05", "2024-06")
    expected = {month: value for month, value in zip(months, MONTHLY[metric], strict=True) if value is not None}
    assert {month: pytest.approx(float(value)) for month, value in expected.items()} == {
        month: float(value) for month, value in found.items()
    }


def test_revenue_by_device_of_the_visit(built: DbtDatabase, con: duckdb.DuckDBPyConnection) -> None:
    """Orders and refunds reach the device through the visit; what has no visit has no device."""
    sql = MetricFlow(built.target / "semantic_manifest.json").compile(["revenue"], ["session__device"])
    assert dict(_rows(con, sql)) == {"mobile": Decimal(70), "desktop": Decimal(-1), None: Decimal("134.2")}


def test_daily_tables_hold_the_same_sums(con: duckdb.DuckDBPyConnection) -> None:
    sql = """
        select sum(orders), sum(gross_revenue), sum(refunds), sum(refunded_items), sum(items_sold), sum(opportunities_won)
        from core.metrics_sales_daily
    """
    assert _rows(con, sql) == [(6, Decimal("285.2"), Decimal(82), Decimal(2), Decimal(9), 1)]
    assert _rows(
        con, "select sum(sessions), sum(leads), sum(valid_leads), sum(ad_spend) from core.metrics_marketing_daily"
    ) == [(4, 4, 2, Decimal("39.2"))]
    assert _rows(
        con, "select sum(tickets_created), sum(csat_answers), sum(nps_answers) from core.metrics_support_daily"
    ) == [(3, 2, 4)]


def test_the_pipeline_knows_the_stage_of_each_day(con: duckdb.DuckDBPyConnection) -> None:
    """From 5 April; d1 moved on 21 April and was closed on 1 May, d2 has no stages and was closed on 20 April."""
    sql = """select opportunity_id, stage, cast(min(business_date) as text), cast(max(business_date) as text), count(*)
        from core.fct_pipeline_daily where business_date < date '2024-05-03' group by all order by all"""
    assert _rows(con, sql) == [
        ("d1", "new", "2024-04-05", "2024-04-20", 16),
        ("d1", "offer", "2024-04-21", "2024-04-30", 10),
        ("d2", None, "2024-04-05", "2024-04-19", 15),
        ("d3", "new", "2024-04-05", "2024-05-02", 28),
    ]


def test_staging_views_stay_beside_the_raw_tables(con: duckdb.DuckDBPyConnection) -> None:
    """A copy of the warehouse file must hold no personal data, not even as a view's rows."""
    sql = "select distinct table_catalog from information_schema.tables where table_schema = 'staging'"
    assert _rows(con, sql) == [("raw",)]


def test_a_currency_without_a_rate_stops_the_build(tmp_path: Path) -> None:
    too_late = [["2024-05-01", "USD", 0.94]]
    tables = [
        RawTable(table.name, table.columns, too_late if table.name == "raw_fx.rates" else table.rows) for table in TABLES
    ]
    database = duckdb_database(tmp_path, VARIABLES, tables)
    with pytest.raises(AssertionError, match="currency_is_known_fct_orders"):
        database.dbt("build", "--select", "+fct_orders", "--exclude-resource-type", "unit_test", warn_error=False)


@pytest.mark.parametrize("rate", [0, -0.94, 0.00000000001])
def test_a_rate_that_makes_nothing_of_money_stops_the_build(tmp_path: Path, rate: float) -> None:
    """A rate of nothing, also one that ten digits cannot hold, would turn every amount of its currency into 0."""
    rates = [["2024-03-29", "USD", 0.92], ["2024-05-01", "USD", rate]]
    tables = [RawTable(table.name, table.columns, rates if table.name == "raw_fx.rates" else table.rows) for table in TABLES]
    database = duckdb_database(tmp_path, VARIABLES, tables)
    with pytest.raises(AssertionError, match=r"FAIL .* accepted_range_int_exchange_rates__daily"):
        database.dbt("build", "--select", "+int_exchange_rates__daily", "--exclude-resource-type", "unit_test", warn_error=False)


def test_a_guessed_currency_is_a_warning(built: DbtDatabase, tmp_path: Path) -> None:
    """The order of refund 24 is not there to lend its currency; as long as it names one, nothing is guessed."""
    test = ("test", "--select", "test_name:currency_is_of_order")
    built.dbt(*test)
    nameless = [[*row[:-1], None if row[0] == 24 else row[-1]] for row in _refunds().rows]
    tables = [RawTable(table.name, table.columns, nameless if table is _refunds() else table.rows) for table in TABLES]
    database = duckdb_database(tmp_path, VARIABLES, tables)
    database.dbt("run", "--select", "+fct_refunds")
    with pytest.raises(AssertionError, match="currency_is_of_order_fct_refunds"):
        database.dbt(*test, "--exclude", "fct_order_lines")


def test_shifts_moves_staff_and_questions(con: duckdb.DuckDBPyConnection) -> None:
    day = "cast(business_date as text)"
    assert _rows(con, f"select {day}, team, agents from core.fct_staffed_days order by 1, 2") == [
        ("2024-04-02", "a", 1),
        ("2024-04-03", "a", 0),
        ("2024-04-03", "b", 1),
    ]
    assert _rows(con, "select shift_id, work_minutes from core.fct_agent_shifts order by 1") == [("1", 420.0), ("2", None)]
    assert _rows(con, "select question_id, response_minutes from core.fct_host_messages order by 1") == [
        ("1", 450.5),
        ("2", None),
    ]
    assert _rows(con, "select movement_id, units_lost, units_out from core.fct_inventory_movements order by 1") == [
        ("1", None, None),
        ("2", 0, 4),
        ("3", Decimal("1.5"), Decimal("1.5")),
    ]
    # a month that the source dates by its last day is still that month
    assert _rows(con, f"select {day}, team, mean_headcount, leavers from core.fct_headcount order by 1, 2") == [
        ("2024-03-01", "shop", 4.5, 0),
        ("2024-04-01", "shop", 4.5, 1),
        ("2024-04-01", "unknown", 2.0, 0),
    ]


def test_an_unmapped_company_builds_and_knows_nothing(tmp_path: Path) -> None:
    database = duckdb_database(tmp_path, {}, NOTHING_LOADED)
    database.dbt("build", "--exclude-resource-type", "unit_test")
    with open_duckdb(database) as connection:
        assert _rows(connection, "select count(*) from core.fct_orders") == [(0,)]


def test_postgresql_gives_the_same_rows(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Every core table, every column; the build there runs the data tests and the unit tests too."""
    tables = _rows(
        con,
        "select table_name from information_schema.tables where table_catalog = 'warehouse' and table_schema = 'core'",
    )
    assert len(tables) > 20
    with postgres_server(tmp_path / "server") as new_database:
        uri = new_database("small")
        postgres_database(tmp_path, uri, VARIABLES, TABLES).dbt("build", warn_error=False)
        with open_postgres(uri) as cursor:
            for (table,) in tables:
                columns = ", ".join(row[0] for row in _rows(con, f"describe warehouse.core.{table}"))
                cursor.execute(f"select {columns} from core.{table}")
                expected = _comparable(_rows(con, f"select {columns} from core.{table}"))
                assert _comparable(cursor.fetchall()) == expected, table


def _comparable(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows in an order of their own; decimals and doubles alike, to six digits."""
    numbers = [tuple(round(float(v), 6) if isinstance(v, Decimal | float) else v for v in row) for row in rows]
    return sorted(numbers, key=repr)
