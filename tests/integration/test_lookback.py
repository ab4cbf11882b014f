"""A look-back run trusts nothing of the last days: it finds what ordinary runs cannot see, and writes nothing twice."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from dagster_project.automation.schedules import schedules
from dagster_project.lookback import LOOKBACK_TAG, lookback_days, lookback_window
from metrics.values import Window
from metrics.workspace import load_workspace
from tests.conftest import Kpi
from tests.integration.small_shop import SmallShop

pytestmark = pytest.mark.integration

YEAR_AGO = 1_740_000_000
DAY_OF_ORDERS = "metric = 'orders' and grain = 'day' and segment_dimension = ''"
SHOP_DATABASE = """\
name: Shop with a database
timezone: UTC
currency: EUR
history_start: 2026-01-01
clock: data_end
lookback: {schedule: "0 4 * * 1", days: 20}
sources:
  shop:
    connector: sql_database
    domain: sales
    connection: sqlite:///shop.sqlite
    closes: {by: max_event_time, grace: 6h}
    settles_after: 40d
    tables:
      orders: {cursor: changed_at, key: id}
      numbered: {cursor: id, key: id}
    entities:
      orders:
        table: orders
        columns: {order_id: id, ordered_at: created_at, gross_amount: amount}
"""


def run(kpi: Kpi, root: Path, *options: str) -> str:
    done = kpi("run", "-w", root, *options)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def values(shop: SmallShop) -> int:
    return shop.read("select count(*) from mart.kpi_values")[0][0]


def test_without_a_change_nothing_is_written_and_it_is_one_run(small_shop: SmallShop, kpi: Kpi) -> None:
    before, publications = values(small_shop), len(small_shop.read("from mart.publish_log"))
    assert "Nothing new" in run(kpi, small_shop.root)
    assert "Nothing new" not in run(kpi, small_shop.root, "--lookback", "35")
    assert values(small_shop) == before
    assert len(small_shop.read("from mart.publish_log")) == publications + 1
    with dg.DagsterInstance.from_config(str(small_shop.root / ".bellwether" / "dagster")) as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={LOOKBACK_TAG: "35"}))
    assert [(run.job_name, run.status) for run in runs] == [("daily", dg.DagsterRunStatus.SUCCESS)]


def test_the_days_of_the_window_are_computed_again(small_shop: SmallShop, kpi: Kpi) -> None:
    """The shop's today is 28 February: ten days back from it is the 19th."""
    with duckdb.connect(str(small_shop.root / ".bellwether" / "warehouse.duckdb")) as con:
        con.execute(f"delete from mart.kpi_values where {DAY_OF_ORDERS} and period_start in ('2026-02-18', '2026-02-19')")
    run(kpi, small_shop.root, "--lookback", "10")
    assert small_shop.orders_on(date(2026, 2, 19)) == 3
    assert small_shop.orders_on(date(2026, 2, 18)) is None


def test_a_file_that_changed_behind_its_size_and_time_is_found(small_shop: SmallShop, kpi: Kpi) -> None:
    file = small_shop.month(2)
    os.utime(file, (YEAR_AGO, YEAR_AGO))
    run(kpi, small_shop.root)
    # 10 + 28 % 7 + 0 = 10.50 euros at nine o'clock on the 28th become 90.50; the file's size and time stay.
    small_shop.replace(file, "2026-02-28 09:00:00,10.50", "2026-02-28 09:00:00,90.50")
    os.utime(file, (YEAR_AGO, YEAR_AGO))
    revenue = "select value from mart.kpi_current where metric = 'gross_revenue' and grain = 'day' and period_start = '2026-02-28' and segment_dimension = ''"
    assert "Nothing new" in run(kpi, small_shop.root)
    assert float(small_shop.read(revenue)[0][0]) == pytest.approx(10.5 + 11.5 + 12.5)
    run(kpi, small_shop.root, "--lookback", "35")
    assert float(small_shop.read(revenue)[0][0]) == pytest.approx(90.5 + 11.5 + 12.5)


def test_rows_of_a_database_below_the_cursor_are_found(tmp_path: Path, kpi: Kpi) -> None:
    shop = SmallShop(tmp_path / "shop")
    shop.root.mkdir()
    shop.settings.write_text(SHOP_DATABASE)

    def sql(*statements: str) -> None:
        with closing(sqlite3.connect(shop.root / "shop.sqlite")) as con, con:
            for statement in statements:
                con.execute(statement)

    def order(number: int, day: str, changed: str) -> str:
        return f"insert into orders values ({number}, '{day} 09:00:00', '{changed} 09:00:00', 10)"

    sql("create table orders (id integer, created_at datetime, changed_at datetime, amount real)",
        "create table numbered (id integer, note text)", "insert into numbered values (7, 'first')",
        order(1, "2026-02-01", "2026-02-01"), order(2, "2026-02-28", "2026-02-28"))  # fmt: skip
    run(kpi, shop.root)
    # Written late, with the times of the day they belong to: within the 20 days, and long before them.
    sql(
        order(3, "2026-02-20", "2026-02-20"), order(4, "2026-02-02", "2026-02-02"), "insert into numbered values (3, 'late')"
    )
    run(kpi, shop.root)
    assert shop.orders_on(date(2026, 2, 20)) is None or shop.orders_on(date(2026, 2, 20)) == 0
    run(kpi, shop.root, "--lookback", "20")
    assert shop.read_raw("select id from raw_shop.orders order by id") == [("1",), ("2",), ("3",)]
    assert shop.orders_on(date(2026, 2, 20)) == 1
    # A cursor that is a number knows no days: the whole table is read.
    assert shop.read_raw("select note from raw_shop.numbered order by id") == [("late",), ("first",)]
    before = values(shop)
    run(kpi, shop.root, "--lookback", "20")
    assert values(shop) == before


def test_its_schedule_asks_for_one_run_over_the_days_of_the_workspace(tmp_path: Path) -> None:
    def of(settings: str) -> dict[str, dg.ScheduleDefinition]:
        (tmp_path / "workspace.yml").write_text(settings)
        return {schedule.name: schedule for schedule in schedules(load_workspace(tmp_path))}

    given = of(SHOP_DATABASE)["lookback"]
    assert (given.cron_schedule, given.job_name, given.execution_timezone) == ("0 4 * * 1", "daily", "UTC")
    with dg.build_schedule_context() as context:
        [request] = given.evaluate_tick(context).run_requests
    assert request.tags[LOOKBACK_TAG] == "20"
    assert request.partition_key is None
    line = 'lookback: {schedule: "0 4 * * 1", days: 20}\n'
    # Nothing is said: Sunday night, as far as the slowest source restates (40 days) and the week since the last one.
    default = of(SHOP_DATABASE.replace(line, ""))["lookback"]
    assert default.cron_schedule == "0 3 * * 0"
    with dg.build_schedule_context() as context:
        assert default.evaluate_tick(context).run_requests[0].tags[LOOKBACK_TAG] == "47"
    assert list(of(SHOP_DATABASE.replace(line, "lookback: off\n"))) == ["daily"]


def test_the_window_ends_today() -> None:
    today = date(2026, 3, 1)
    assert lookback_window({LOOKBACK_TAG: "2"}, today) == Window(date(2026, 2, 28), today)
    assert lookback_window({}, today) is None
    with pytest.raises(dg.Failure, match="give a number of days"):
        lookback_days({LOOKBACK_TAG: "a week"})
