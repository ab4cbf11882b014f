"""When days close, in the workspace's time zone, and what the fingerprint and the watermarks say."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

import pytest

from dagster_project.connectors import connector_for, finish_extraction
from metrics.errors import SourceError
from tests.unit.connectors.conftest import SmallWorkspace, at, csv_text


def finish(small: SmallWorkspace, closes: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    if closes is not None:
        small.source["closes"] = closes
    small.settings |= settings
    small.load()
    finish_extraction(small.con, small.workspace, "run")
    rows = small.query(
        "select entity, last_event_on, closed_through, settled_through from warehouse.mart.source_watermarks "
        "qualify row_number() over (partition by entity order by recorded_at desc) = 1"
    )
    return {row[0]: row[1:] for row in rows}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("last_event", "grace", "closed"),
    [
        ("2024-03-10 21:59:00", "0h", "2024-03-09"),
        # 23:00 UTC is midnight in Berlin in winter: the next day has begun.
        ("2024-03-10 23:00:00", "0h", "2024-03-10"),
        # In summer it begins at 22:00 UTC.
        ("2024-07-10 22:00:00", "0h", "2024-07-10"),
        ("2024-03-11 04:59:00", "6h", "2024-03-09"),
        ("2024-03-11 05:00:00", "6h", "2024-03-10"),
        # 30 March ends at 23:00 UTC, and clocks go forward two hours later: six hours of grace end at 7:00 by the clock.
        ("2024-03-31 04:59:00", "6h", "2024-03-29"),
        ("2024-03-31 05:00:00", "6h", "2024-03-30"),
        # 31 March has 23 hours and ends at 22:00 UTC.
        ("2024-03-31 21:59:59", "0h", "2024-03-30"),
        ("2024-03-31 22:00:00", "0h", "2024-03-31"),
        # 26 October ends at 22:00 UTC, clocks go back three hours later: six hours of grace end at 5:00 by the clock.
        ("2024-10-27 03:59:00", "6h", "2024-10-25"),
        ("2024-10-27 04:00:00", "6h", "2024-10-26"),
        # 27 October has 25 hours and ends at 23:00 UTC.
        ("2024-10-27 22:59:59", "0h", "2024-10-26"),
        ("2024-10-27 23:00:00", "0h", "2024-10-27"),
        # a grace of more than a day
        ("2024-03-12 22:59:00", "2d", "2024-03-09"),
        ("2024-03-12 23:00:00", "2d", "2024-03-10"),
    ],
)
def test_max_event_time(small: SmallWorkspace, last_event: str, grace: str, closed: str) -> None:
    small.file("orders.csv", csv_text("1,2024-02-01 12:00,1", f"2,{last_event},1"))
    small.source["settles_after"] = "30d"
    found = finish(small, {"by": "max_event_time", "grace": grace})
    assert found["orders"][1:] == (day(closed), day(closed) - dt.timedelta(days=30))


def test_dates_have_no_grace(small: SmallWorkspace) -> None:
    small.source["entities"] = {"ad_performance": {"table": "orders", "columns": {
        "platform": "'ads'", "performance_on": "created_at", "campaign_id": "id", "spend": "price",
        "impressions": 1, "clicks": 1}}}  # fmt: skip
    small.file("orders.csv", csv_text("1,2024-03-09,1", "1,2024-03-10,1"))
    found = finish(small, {"by": "max_event_time", "grace": "6h"})
    assert found["ad_performance"][:2] == (day("2024-03-10"), day("2024-03-09"))


def test_the_deciding_entity(small: SmallWorkspace) -> None:
    small.source["tables"]["refunds"] = {"files": "refunds.csv"}
    columns = {"refund_id": "id", "order_id": "id", "refunded_at": "created_at", "amount": "price"}
    small.source["entities"]["refunds"] = {"table": "refunds", "columns": columns}
    small.file("orders.csv", csv_text("1,2024-03-05 12:00,1"))
    small.file("refunds.csv", csv_text("1,2024-03-10 12:00,1"))
    found = finish(small)
    assert {name: row[1] for name, row in found.items()} == dict.fromkeys(["orders", "refunds"], day("2024-03-09"))
    found = finish(small, {"by": "max_event_time", "entity": "orders"})
    assert {name: row[1] for name, row in found.items()} == dict.fromkeys(["orders", "refunds"], day("2024-03-04"))
    assert found["refunds"][0] == day("2024-03-10")


def test_an_event_in_the_future_closes_nothing_before_its_time(small: SmallWorkspace) -> None:
    small.file("orders.csv", csv_text("1,2024-03-05 12:00,1", "2,2034-03-05 12:00,1"))
    assert finish(small, clock=dt.date(2024, 3, 6))["orders"][1] == day("2024-03-05")


@pytest.mark.parametrize(
    ("clock", "began", "closed"),
    [
        ("2024-03-12", "2024-03-10 04:59", "2024-03-08"),
        ("2024-03-12", "2024-03-10 05:00", "2024-03-09"),
        # across the short and the long night of Berlin, as above
        ("2024-04-02", "2024-03-31 04:59", "2024-03-29"),
        ("2024-04-02", "2024-03-31 05:00", "2024-03-30"),
        ("2024-04-02", "2024-04-01 03:59", "2024-03-30"),
        ("2024-04-02", "2024-04-01 04:00", "2024-03-31"),
        ("2024-10-30", "2024-10-27 03:59", "2024-10-25"),
        ("2024-10-30", "2024-10-27 04:00", "2024-10-26"),
        ("2024-10-30", "2024-10-28 05:00", "2024-10-27"),
        # a load after the end of the data closes no day that the clock has not left: it stands at the end of 12 March
        ("2024-03-12", "2024-05-01 12:00", "2024-03-11"),
    ],
)
def test_load_time(small: SmallWorkspace, clock: str, began: str, closed: str) -> None:
    small.file("orders.csv", csv_text("1,2024-03-05 12:00,1"))
    small.source["closes"] = {"by": "load_time", "grace": "6h"}
    small.settings["clock"] = day(clock)
    small.load()
    small.con.execute("update raw.ops.loads set loaded_at = ?", [began])
    finish_extraction(small.con, small.workspace, "run")
    assert small.query("select closed_through from warehouse.mart.source_watermarks") == [(day(closed),)]


def test_a_failed_load_closes_nothing(small: SmallWorkspace) -> None:
    path = small.file("orders.csv", csv_text("1,2024-03-05 12:00,1"))
    small.source["closes"] = {"by": "load_time"}
    small.load()
    small.con.execute("update raw.ops.loads set loaded_at = '2024-03-08 12:00'")
    path.write_text("")
    with pytest.raises(SourceError):
        small.load()
    small.settings["clock"] = dt.date(2024, 3, 20)
    finish_extraction(small.con, small.workspace, "run")
    assert small.query("select closed_through from warehouse.mart.source_watermarks") == [(day("2024-03-07"),)]


@pytest.mark.parametrize(
    ("pattern", "names", "closed"),
    [
        ("orders_%Y-%m-%d.csv", ["orders_2024-03-01.csv", "orders_2024-03-02.csv"], "2024-03-02"),
        ("*_%Y%m.csv", ["orders_202401.csv", "orders_202402.csv"], "2024-02-29"),
    ],
)
def test_file_name(small: SmallWorkspace, pattern: str, names: list[str], closed: str) -> None:
    for name in names:
        small.file(name, csv_text("1,2024-02-01 12:00,1"))
    assert finish(small, {"by": "file_name", "pattern": pattern})["orders"][1] == day(closed)


def test_every_table_has_to_be_loaded_before_a_day_closes(small: SmallWorkspace) -> None:
    small.source["tables"]["refunds"] = {"files": "refunds.csv"}
    small.source["closes"] = {"by": "load_time"}
    small.settings["clock"] = day("2024-03-20")
    small.file("orders.csv", csv_text("1,2024-03-05 12:00,1"))
    small.file("refunds.csv", csv_text("1,2024-03-05 12:00,1"))
    watermark = "select closed_through from warehouse.mart.source_watermarks order by recorded_at desc limit 1"
    small.load("orders")
    finish_extraction(small.con, small.workspace, "orders alone")
    assert small.query(watermark) == [(None,)]
    small.load("refunds")
    small.con.execute(
        "update raw.ops.loads set loaded_at = if(table_name = 'orders', '2024-03-11 12:00', '2024-03-08 12:00')::timestamp"
    )
    finish_extraction(small.con, small.workspace, "both")
    assert small.query(watermark) == [(day("2024-03-07"),)]


def test_file_names_of_the_table_that_is_behind_decide(small: SmallWorkspace) -> None:
    small.source["tables"] = {"orders": {"files": "orders_*.csv"}, "refunds": {"files": "refunds_*.csv"}}
    columns = {"refund_id": "id", "order_id": "id", "refunded_at": "created_at", "amount": "price"}
    small.source["entities"]["refunds"] = {"table": "refunds", "columns": columns}
    for name in ("orders_2024-03-08.csv", "orders_2024-03-09.csv", "refunds_2024-03-08.csv"):
        small.file(name, csv_text("1,2024-03-05 12:00,1"))
    found = finish(small, {"by": "file_name", "pattern": "*_%Y-%m-%d.csv"})
    assert {row[1] for row in found.values()} == {day("2024-03-08")}


@pytest.mark.parametrize(
    ("settles_after", "settled"),
    [("0d", "2024-03-09"), ("30m", "2024-03-08"), ("1d", "2024-03-08"), ("36h", "2024-03-07"), ("2w", "2024-02-24")],
)
def test_a_part_of_a_day_settles_a_day_later(small: SmallWorkspace, settles_after: str, settled: str) -> None:
    small.file("orders.csv", csv_text("1,2024-03-10 12:00,1"))
    small.source["settles_after"] = settles_after
    assert finish(small, {"by": "max_event_time"})["orders"][1:] == (day("2024-03-09"), day(settled))


def test_file_name_that_fits_nothing(small: SmallWorkspace) -> None:
    small.file("orders_1.csv", csv_text("1,2024-02-01 12:00,1"))
    with pytest.raises(SourceError, match=r"workspace.yml:\d+: closes.pattern 'x_%Y.csv' fits no file of shop"):
        finish(small, {"by": "file_name", "pattern": "x_%Y.csv"})


def test_manual(small: SmallWorkspace) -> None:
    small.file("orders.csv", csv_text("1,2024-02-01 12:00,1"))
    assert finish(small, {"by": "manual", "through": "2024-01-31"})["orders"][1] == day("2024-01-31")


def test_clock_row_and_appended_watermarks(small: SmallWorkspace) -> None:
    small.source["entities"]["customers"] = {"table": "orders", "columns": {"customer_id": "id"}}
    small.file("orders.csv", csv_text("1,2024-03-30 23:30,1"))
    finish(small)
    found = finish(small)
    # A reference has no events, and closes with its source.
    assert found["customers"] == (None, day("2024-03-30"), day("2024-03-30"))
    assert small.query("from warehouse.mart.clock") == [(day("2024-03-31"), at("2024-03-31 22:00"))]
    assert small.query("select count(*), count(last_loaded_at) from warehouse.mart.source_watermarks") == [(4, 4)]


def test_nothing_loaded(small: SmallWorkspace) -> None:
    finish_extraction(small.con, small.workspace, "run")
    assert small.query("select entity, last_event_on, closed_through from warehouse.mart.source_watermarks") == [
        ("orders", None, None)
    ]


def test_fingerprint_of_files(small: SmallWorkspace) -> None:
    ws = small.workspace
    source = ws.sources["shop"]

    def fingerprint() -> str | None:
        return connector_for(source).fingerprint(ws, source)

    empty = fingerprint()
    path = small.file("orders_1.csv", csv_text("1,2024-02-01,1"))
    one = fingerprint()
    assert len({empty, one}) == 2
    assert fingerprint() == one
    os.utime(path, (1, 1))
    assert fingerprint() != one
