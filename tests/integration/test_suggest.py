"""``kpi source suggest`` on real files, against a truth written by hand; and from a folder of CSV files to a scorecard."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml

from tests.conftest import BuiltWorkspace
from tests.forked import run_kpi
from tests.integration.suggest_truth import ANY, REAL, SHAPES, Truth, Wanted

pytestmark = pytest.mark.integration
LEAST_SHARE = 0.8


def proposed(shared_data: Path, truth: Truth, *options: str) -> dict[str, dict[str, Any]]:
    """The proposed entities by name, as the command prints them for machines."""
    done = run_kpi("source", "suggest", *(shared_data / file for file in truth.files), "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    entities = [entity for source in found["sources"] for entity in source["entities"]] + found["incomplete"]
    return {entity["entity"]: entity for entity in entities}


def judged(
    truth: Truth, entities: dict[str, dict[str, Any]], year: int | None = None
) -> tuple[list[str], list[str], list[str]]:
    """Return needed columns that are right, those that are wrong or missing, and mapped columns that nobody needs."""
    right, wrong, surplus = [], [], []
    for name, wanted in truth.entities.items():
        columns = {column["column"]: column for column in entities.get(name, {}).get("columns", [])}
        for column, raw in wanted.items():
            (right if _is_right(columns.get(column), raw, year) else wrong).append(f"{name}.{column}")
        surplus += [f"{name}.{column}" for column in columns if column not in wanted]
    for name, column in truth.latest_by:
        (right if entities.get(name, {}).get("latest_by") == column else wrong).append(f"{name}: latest_by")
    return right, wrong, surplus + [name for name in entities if name not in truth.entities]


def _is_right(column: dict[str, Any] | None, wanted: Wanted, year: int | None) -> bool:
    if column is None:
        return False
    if wanted == ANY:
        return not column["raw"] and column["expression"].startswith("'")
    taken = "+".join(raw.partition(".")[2] for raw in column["raw"])
    if isinstance(wanted, str) and " of " in wanted:
        wanted, _, needed = wanted.partition(" of ")
        return taken == wanted and year == int(needed) and f"'{needed}'" in column["expression"]
    return taken in (wanted if isinstance(wanted, tuple) else (wanted,))


@pytest.mark.parametrize("name", REAL)
def test_needed_columns_of_real_files(shared_data: Path, name: str) -> None:
    truth = REAL[name]
    right, wrong, surplus = judged(truth, proposed(shared_data, truth))
    share = len(right) / (len(right) + len(wrong))
    print(f"{name}: {len(right)} of {len(right) + len(wrong)} right ({share:.0%}); wrong {wrong}; surplus {surplus}")
    assert share >= LEAST_SHARE, wrong
    # A mapped column that is not needed has to be removed by hand as well.
    assert not surplus


def test_a_given_year_makes_the_date_of_the_ads_right(shared_data: Path) -> None:
    truth = REAL["ads"]
    right, wrong, _ = judged(truth, proposed(shared_data, truth, "--year", "2020"), year=2020)
    assert "ad_performance.performance_on" in right
    assert not wrong


def test_dates_of_the_incidents_are_read_day_first(shared_data: Path) -> None:
    done = run_kpi("source", "suggest", shared_data / "incidents", "--format", "json")
    read = json.loads(done.stdout)["sources"][0]["tables"][0]["read"]
    assert read["timestamp_format"] == "%d/%m/%Y %H:%M"
    assert read["null_values"] == ["?"]


@pytest.mark.parametrize("name", SHAPES)
def test_files_beyond_the_four(shared_data: Path, name: str) -> None:
    truth = SHAPES[name]
    right, wrong, surplus = judged(truth, proposed(shared_data, truth))
    share = len(right) / (len(right) + len(wrong))
    print(f"{name}: {len(right)} of {len(right) + len(wrong)} right ({share:.0%}); wrong {wrong}; surplus {surplus}")
    assert share >= LEAST_SHARE, wrong


def test_files_without_dates_fill_nothing(shared_data: Path) -> None:
    done = run_kpi("source", "suggest", shared_data / "web_sessions")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("kpi: no entity could be filled from these files")


# Their files have no column that numbers the rows; a key put together from several columns is written by hand.
COMPOSED_KEYS = {"inventory_movements", "agent_shifts"}


@pytest.mark.parametrize(("source", "entities"), [("shop", 6), ("web", 2), ("helpdesk", 2)])
def test_the_demo_companys_own_mapping(demo: BuiltWorkspace, source: str, entities: int) -> None:
    """The demo's workspace.yml was written by hand, and knows what its files mean: plain columns are compared with it."""
    settings = yaml.safe_load((demo.root / "workspace.yml").read_text())["sources"][source]
    done = run_kpi("source", "suggest", demo.root / settings["path"], "--format", "json")
    assert done.returncode == 0, done.stderr
    found = {entity["entity"]: entity for source in json.loads(done.stdout)["sources"] for entity in source["entities"]}
    right, wrong, compared = [], [], 0
    assert not found.keys() & COMPOSED_KEYS
    for name, mapping in settings["entities"].items():
        if name in COMPOSED_KEYS:
            continue
        columns = {column["column"]: column["expression"] for column in found[name]["columns"]}
        plain = {column: raw for column, raw in mapping.get("columns", {}).items() if str(raw).isidentifier()}
        compared += bool(plain)
        for column, raw in plain.items():
            (right if columns.get(column) == raw else wrong).append(f"{name}.{column}")
    assert compared == entities
    assert len(right) >= LEAST_SHARE * (len(right) + len(wrong)), wrong


# From a folder of CSV files to a scorecard -------------------------------------------------------------------------------------

FIRST, DAYS = date(2025, 1, 1), 100


def write_exports(folder: Path) -> None:
    """Orders by semicolon with German dates and numbers, refunds by comma in ISO, tickets as an event log."""
    orders, refunds, tickets = [], [], []
    for number in range(DAYS * 3):
        day = FIRST + timedelta(days=number // 3)
        amount = f"1.{100 + number % 90},{number % 10}0" if number % 7 == 0 else f"{20 + number % 31},{number % 10}5"
        orders.append(f"B{number:05};{day.day}.{day.month}.{day.year} {8 + number % 12}:15;K{number % 80};{amount}")
        if number % 10 == 4:
            refunds.append(f"R{number},B{number:05},{day + timedelta(days=2)} 09:00:00,{5 + number % 5}.25")
        if number % 3 == 0:
            opened = f"{day} 07:30:00"
            tickets.append(f"T{number},{opened},,{opened},new,email")
            if number % 2 == 0:
                solved = f"{day + timedelta(days=1)} 07:30:00"
                tickets.append(f"T{number},{opened},{solved},{solved},closed,email")
    (folder / "Shop Orders.csv").write_text("\n".join(["Order No;Order Date;Customer No;Order Amount", *orders, ""]))
    (folder / "refunds.csv").write_text("\n".join(["refund_id,order_no,refunded_at,refund_amount", *refunds, ""]))
    head = "ticket_id,created_at,solved_at,updated_at,status,channel"
    (folder / "support_tickets.csv").write_text("\n".join([head, *tickets, ""]))


@pytest.mark.slow
def test_from_a_folder_of_csv_files_to_a_scorecard(tmp_path: Path) -> None:
    exports, company = tmp_path / "exports", tmp_path / "my_company"
    exports.mkdir()
    write_exports(exports)
    done = run_kpi("source", "suggest", exports, "--new", company, "--name", "My company", "--currency", "EUR")
    assert done.returncode == 0, done.stderr
    done = run_kpi("run", "-w", company)
    assert done.returncode == 0, done.stderr
    assert "My company on 2025-04-1" in done.stdout
    for title in ("Orders", "Revenue after refunds", "Return rate"):
        assert title in done.stdout

    with duckdb.connect(str((company / "published" / "current.duckdb").resolve()), read_only=True) as con:
        rows = con.execute(
            "select metric, period_start, value from mart.kpi_current where grain = 'month' and segment_dimension = ''"
        ).fetchall()
    values = {(metric, start): value for metric, start, value in rows}
    orders = pd.read_csv(exports / "Shop Orders.csv", sep=";", decimal=",", thousands=".")
    orders["month"] = pd.to_datetime(orders["Order Date"], format="%d.%m.%Y %H:%M").dt.to_period("M")
    refunds = pd.read_csv(exports / "refunds.csv", parse_dates=["refunded_at"])
    refunds["month"] = refunds["refunded_at"].dt.to_period("M")
    tickets = pd.read_csv(exports / "support_tickets.csv", parse_dates=["solved_at"]).drop_duplicates(
        "ticket_id", keep="last"
    )
    for month in (1, 2, 3):
        start, period = date(2025, month, 1), pd.Period(f"2025-{month:02}", "M")
        of_month = orders[orders["month"] == period]
        gross = Decimal(str(round(of_month["Order Amount"].sum(), 2)))
        refunded = Decimal(str(round(refunds.loc[refunds["month"] == period, "refund_amount"].sum(), 2)))
        assert values["orders", start] == len(of_month)
        assert round(Decimal(str(values["gross_revenue", start])), 2) == gross
        assert round(Decimal(str(values["revenue", start])), 2) == gross - refunded
        assert values["tickets_solved", start] == (tickets["solved_at"].dt.to_period("M") == period).sum()
    # January by hand: three orders on each of 31 days.
    assert values["orders", date(2025, 1, 1)] == 93


def write_newcomers_exports(folder: Path) -> None:
    """Amounts as people write them, a central bank's file, a report with a title and a total, order totals in the first line."""
    amounts = ("1\u00a0234,50\u00a0€", "12,50 €", "USD 2\u202f000,00")
    orders = [f"B{n};{n % 31 + 1:02}.01.2024;{amounts[n % 3]};2,361;x" for n in range(93)]
    lines = [line for order in orders for line in (order, f";{order.split(';')[1]};;;y")]
    (folder / "data1.csv").write_text("\n".join(["Bestell-Nr;Bestelldatum;Gesamtbetrag;Wareneinsatz;Artikel", *lines, ""]))
    rates = [f"2024-01-{day:02},1.25,150.5,N/A," for day in range(1, 32)]
    (folder / "eurofxref-hist.csv").write_text("\n".join(["Date,USD,JPY,CYP,", *rates, ""]))
    days = [f"{day:02}.01.2024;Sale;{day},50;1.{day:03};{day}" for day in range(1, 32)]
    report = ["Bericht", "Januar 2024", "Tag;Kampagne;Kosten;Impr.;Klicks", *days, "Gesamt;--;511,50;31.496;496", ""]
    (folder / "Google Ads Bericht.csv").write_text("\n".join(report))


@pytest.mark.slow
def test_newcomers_exports_run_without_an_edit(tmp_path: Path) -> None:
    exports, company = tmp_path / "exports", tmp_path / "company"
    exports.mkdir()
    write_newcomers_exports(exports)
    done = run_kpi("source", "suggest", exports, "--new", company, "--currency", "EUR", "--timezone", "UTC")
    assert done.returncode == 0, done.stderr
    done = run_kpi("run", "-w", company)
    assert done.returncode == 0, done.stderr
    # The line of totals is the only one that a run could not read, and it says so.
    assert "1 row could not be read" in " ".join(done.stdout.split())
    with duckdb.connect(str(company / ".bellwether" / "warehouse.duckdb"), read_only=True) as con:
        orders = con.execute("select count(*), sum(gross_amount), sum(cogs_amount) from core.fct_orders").fetchone()
        ads = con.execute("select sum(ad_spend), sum(impressions) from core.fct_ad_performance").fetchone()
    # 31 orders of each kind; a euro is 1.25 dollars, so that 2,000 dollars are 1,600 euros. 2,361 is two and a bit, as 12,50 is.
    assert orders is not None
    assert orders[:2] == (93, 31 * (Decimal("1234.5") + Decimal("12.5") + 1600))
    assert float(orders[2]) == pytest.approx(2.361 * 62 + 2.361 / 1.25 * 31, abs=0.01)
    # 0.50 a day and the days themselves; a thousand a day and the days.
    assert ads == (Decimal("511.5"), 31496)
