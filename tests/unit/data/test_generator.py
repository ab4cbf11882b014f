"""The generator as its users see it: the same files every time, one more day, right sizes, clear errors."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest

from data.generator import GenerationError, generate, next_day
from data.generator.__main__ import main
from tests.unit.data.conftest import SMALL_DAYS, SMALL_SCALE, quiet


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_and_scale_give_the_same_bytes(tmp_path: Path, small_files: Path) -> None:
    generate(tmp_path, scale=SMALL_SCALE, days=SMALL_DAYS, say=quiet)
    assert digests(tmp_path) == digests(small_files)


def test_another_seed_gives_another_company(tmp_path: Path) -> None:
    for seed in (7, 8):
        generate(tmp_path / str(seed), scale=0.02, days=15, seed=seed, say=quiet)
    one, other = digests(tmp_path / "7"), digests(tmp_path / "8")
    for name in ("ads/ad_performance_2024-07.csv", "web/sessions_2024-07.parquet", "surveys/nps.csv", "crm.sqlite"):
        assert one[name] != other[name]


def test_days_and_next_day_give_the_files_of_one_day_more(tmp_path: Path) -> None:
    """Over the end of a month."""
    stepped, whole = tmp_path / "stepped", tmp_path / "whole"
    generate(stepped, scale=0.05, days=91, say=quiet)
    days = [next_day(stepped, say=quiet) for _ in range(2)]
    assert days == [date(2024, 9, 30), date(2024, 10, 1)]
    generate(whole, scale=0.05, days=93, say=quiet)
    assert digests(stepped) == digests(whole)


def test_a_shorter_history_leaves_nothing_of_the_longer_one(tmp_path: Path) -> None:
    generate(tmp_path / "twice", scale=0.02, days=70, say=quiet)
    (tmp_path / "twice" / "notes.txt").write_text("mine")
    generate(tmp_path / "twice", scale=0.02, days=20, say=quiet)
    generate(tmp_path / "once", scale=0.02, days=20, say=quiet)
    assert (tmp_path / "twice" / "notes.txt").read_text() == "mine"
    (tmp_path / "twice" / "notes.txt").unlink()
    assert digests(tmp_path / "twice") == digests(tmp_path / "once")


UNCHANGING = (
    "web/sessions_*.parquet",
    "web/touchpoints_*.parquet",
    "shop/order_lines_*.csv",
    "shop/refunds.csv",
    "shop/reviews.jsonl",
    "helpdesk/ticket_replies_*.jsonl",
    "email/campaign_sends.csv",
    "finance/exchange_rates.csv",
)


def test_next_day_changes_only_what_is_late_restated_or_still_alive(small_files: Path, files_a_day_later: Path) -> None:
    after, day = files_a_day_later, date(2025, 4, 30)
    with duckdb.connect() as con:

        def rows(sql: str) -> list[tuple]:
            return con.execute(sql.replace("OLD", str(small_files)).replace("NEW", str(after))).fetchall()

        for pattern in UNCHANGING:
            assert (pattern, rows(f"select * from 'OLD/{pattern}' except select * from 'NEW/{pattern}'")) == (
                pattern,
                [],
            )
        # Old orders change when they are delivered, and in nothing else.
        fixed = "id, created_at, customer_id, subtotal_price, total_discounts, total_cost, shipping_cost, test"
        assert rows(f"select {fixed} from 'OLD/shop/orders_*.csv' except select {fixed} from 'NEW/shop/orders_*.csv'") == []
        delivered = "id from 'OLD/shop/orders_*.csv' where delivered_at is not null"
        assert rows(f"select delivered_at, {delivered} except select delivered_at, {delivered.replace('OLD', 'NEW')}") == []
        # Ad platforms restate the last three days.
        ads = "'OLD/ads/ad_performance_*.csv'"
        restated = rows(
            f"select distinct report_date from (select * from {ads} except select * from {ads.replace('OLD', 'NEW')})"
        )
        assert sorted((day - row[0]).days for row in restated) == [1, 2, 3]
        # Some visits of the days before come late.
        local = "timezone('Europe/Berlin', timezone('UTC', session_start))::date"
        late = rows(
            f"select {local} from 'NEW/web/sessions_*.parquet' where ga_session_id not in"
            f" (select ga_session_id from 'OLD/web/sessions_*.parquet') and {local} < date '{day}'"
        )
    old, new = (json.loads((folder / "truth.json").read_text())["faults"]["late_rows"] for folder in (small_files, after))
    assert len(late) == new["sessions"]["came_late"] - old["sessions"]["came_late"]


def test_what_changes_in_the_database_has_a_new_cursor(small_files: Path, files_a_day_later: Path) -> None:
    after, changes = files_a_day_later, 0
    for table in ("leads", "opportunities", "opportunity_stages", "sales_activities"):
        old, new = (
            sqlite3.connect(folder / "crm.sqlite").execute(f"select * from {table}") for folder in (small_files, after)
        )
        cursor = [column[0] for column in new.description].index("updated_at")
        before = set(old.fetchall())
        fresh = [row for row in new.fetchall() if row not in before]
        newest = max(row[cursor] for row in before)
        changes += len(fresh)
        assert all(row[cursor] >= newest[:10] for row in fresh), table
        assert len({row[0] for row in before} - {row[0] for row in new.execute(f"select * from {table}")}) == 0
    assert changes > 0


def test_a_tiny_company_keeps_its_incidents_and_rates(tmp_path: Path) -> None:
    scale = 0.02
    generate(tmp_path, scale=scale, say=quiet)
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert (truth["seed"], truth["scale"], truth["first_day"], truth["last_day"]) == (
        7,
        scale,
        "2024-07-01",
        "2026-06-30",
    )
    assert len(truth["incidents"]) >= 25
    totals = truth["totals"]["metrics"]
    assert totals["sessions"] == pytest.approx(400_000 * scale, rel=0.05)
    assert 0.022 < totals["orders"] / totals["sessions"] < 0.040
    assert 0.15 < totals["ad_spend"] / totals["gross_revenue"] < 0.45
    assert all(count > 0 for count in truth["totals"]["rows"].values())


def test_scale_one_is_of_the_promised_size_and_fast(tmp_path: Path) -> None:
    begun = time.perf_counter()
    generate(tmp_path, say=quiet)
    assert time.perf_counter() - begun < 20
    totals = json.loads((tmp_path / "truth.json").read_text())["totals"]["metrics"]
    assert totals["sessions"] == pytest.approx(400_000, rel=0.03)
    assert totals["orders"] == pytest.approx(12_000, rel=0.05)
    assert totals["tickets_created"] == pytest.approx(6_000, rel=0.05)
    begun = time.perf_counter()
    assert next_day(tmp_path, say=quiet) == date(2026, 7, 1)
    assert time.perf_counter() - begun < 10


def test_every_format_is_there(small_files: Path) -> None:
    endings = {"".join(path.suffixes[-2:] if path.suffix == ".gz" else [path.suffix]) for path in small_files.rglob("*.*")}
    assert endings >= {".csv", ".csv.gz", ".parquet", ".jsonl", ".xlsx", ".sqlite"}


def test_next_day_without_a_company_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(GenerationError, match=r"state\.json: not found\. Generate the demo company first"):
        next_day(tmp_path, say=quiet)


@pytest.mark.parametrize(("arguments", "message"), [({"scale": 0}, "scale is 0"), ({"days": 0}, "days is 0")])
def test_impossible_wishes_are_refused(tmp_path: Path, arguments: dict[str, int], message: str) -> None:
    with pytest.raises(GenerationError, match=message):
        generate(tmp_path, say=quiet, **arguments)


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path), "--scale", "0.02", "--days", "10", "--quiet"]) == 0
    assert main(["--out", str(tmp_path), "--next-day"]) == 0
    assert "2024-07-11 added" in capsys.readouterr().out
    assert main(["--out", str(tmp_path / "nowhere"), "--next-day"]) == 1
    assert "not found" in capsys.readouterr().err
