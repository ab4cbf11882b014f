"""What a workspace can bring besides plain files, in one company: a DuckDB file of an existing dbt project, a zip of several
files whose dates name no year, channel rules, targets and promotions from tables, a model that reads a raw table itself.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import openpyxl
import pytest

from tests.forked import run_kpi

pytestmark = pytest.mark.integration

WORKSPACE = """\
name: Trade fair shop
timezone: UTC
currency: EUR
history_start: 2026-01-01
clock: 2026-02-28
promotions: promotions.csv
channel_rules: channels.csv
sources:
  shop:
    connector: warehouse_table
    domain: sales
    path: dbt/shop.duckdb
    closes: {by: max_event_time}
    tables: {orders: {table: marts.fct_orders}}
    entities:
      orders:
        table: orders
        columns: {order_id: id, ordered_at: created_at, gross_amount: total, source: src, medium: med, channel: chan}
  fair:
    connector: files
    domain: marketing
    path: files
    closes: {by: manual, through: 2026-02-28}
    tables:
      cards: {files: fair.zip, read: {member: "*/cards.csv", date_format: "%d.%m.", year: 2026}}
      visitors: {files: visitors.csv}
    entities:
      leads: {table: cards, columns: {lead_id: card, created_at: day}}
"""
CHANNELS = """source,medium,campaign,channel
google*,CPC,,Paid Search
google*,,,organic_search
*,e?mail,,email
"""
PROMOTIONS = """promotion,from,to,channel,description
Winter sale,2026-01-10,2026-01-20,,20 % off
Fair,2026-02-02,2026-02-04,email,
"""
OWN_MODEL = """\
select cast(seen_on as date) as seen_on, visitors from {{ source('raw_fair', 'visitors') }}
"""
OWN_MODEL_YAML = """\
sources:
  - name: raw_fair
    database: raw
    tables: [{name: visitors}]
models:
  - name: fair_visitors
    description: One row per day of the fair
    config: {meta: {entities: [leads]}}
"""
OWN_METRIC = """\
semantic_models:
  - name: fair_visitors
    model: ref('fair_visitors')
    defaults: {agg_time_dimension: seen_on}
    entities: [{name: fair_day, type: primary, expr: seen_on}]
    dimensions: [{name: seen_on, type: time, type_params: {time_granularity: day}}]
    measures: [{name: fair_visitors, agg: sum, expr: visitors}]
metrics:
  - name: fair_visitors
    label: Visitors of the stand
    description: People who came to the stand
    type: simple
    type_params: {measure: fair_visitors}
    config:
      meta: {label: {en: Visitors, zh: 访客}, unit: count, direction: up, additivity: additive, segments: []}
"""
CARDS = "card;day\n1;02.02.\n2;02.02.\n3;28.02.\n"
VISITORS = "seen_on,visitors\n2026-02-02,40\n2026-02-03,50\n"
SOURCES = (("Google", "cpc", None), ("google.com", "organic", None), ("crm", "e-mail", None), ("x", "y", "Market-Place"))


@dataclass(frozen=True)
class FairShop:
    root: Path

    def write(self) -> None:
        for folder in ("dbt", "files", "models", "semantic", "kpis"):
            (self.root / folder).mkdir(parents=True)
        texts = {
            "workspace.yml": WORKSPACE, "channels.csv": CHANNELS, "promotions.csv": PROMOTIONS, "files/visitors.csv": VISITORS,
            "models/fair_visitors.sql": OWN_MODEL, "models/fair_visitors.yml": OWN_MODEL_YAML, "semantic/fair.yml": OWN_METRIC,
            "kpis/targets.csv": "kpi,from,to,grain,value\norders,2026-01-01,2026-12-31,month,150\n",
        }  # fmt: skip
        for name, text in texts.items():
            (self.root / name).write_text(text, encoding="utf-8")
        with zipfile.ZipFile(self.root / "files" / "fair.zip", "w") as archive:
            archive.writestr("2026/cards.csv", CARDS)
            archive.writestr("2026/notes.txt", "not this one")
        book = openpyxl.Workbook()
        book.active.append(["kpi", "from", "grain", "value", "path", "start", "to"])
        book.active.append(["revenue", date(2026, 1, 1), "month", 3000, "linear", 1000, date(2026, 12, 31)])
        book.save(self.root / "kpis" / "money.xlsx")
        self.dbt("create schema marts", "create table marts.fct_orders "
                 "(id varchar, created_at timestamp, total decimal(10, 2), src varchar, med varchar, chan varchar)")  # fmt: skip
        with duckdb.connect(str(self.root / "dbt" / "shop.duckdb")) as con:
            con.executemany("insert into marts.fct_orders values (?, ?, ?, ?, ?, ?)", list(self._orders()))

    def _orders(self) -> Sequence[tuple]:
        """Four a day, one for every way to come, of 10 euros each."""
        days = [date(2026, 1, 1) + timedelta(days=number) for number in range(59)]
        return [(f"{day}-{place}", f"{day} 10:00", 10, *how) for day in days for place, how in enumerate(SOURCES)]

    def dbt(self, *statements: str) -> None:
        with duckdb.connect(str(self.root / "dbt" / "shop.duckdb")) as con:
            for statement in statements:
                con.execute(statement)

    def run(self) -> str:
        done = run_kpi("run", "-w", self.root)
        assert done.returncode == 0, done.stderr + done.stdout
        return " ".join((done.stdout + done.stderr).split())

    def read(self, sql: str) -> list[tuple]:
        with duckdb.connect(str((self.root / "published" / "current.duckdb").resolve()), read_only=True) as con:
            return con.execute(sql).fetchall()

    def value(self, metric: str, grain: str, period: str) -> float | None:
        rows = self.read(
            f"select value from mart.kpi_current where metric = '{metric}' and grain = '{grain}'"
            f" and period_start = '{period}' and segment_dimension = ''"
        )
        return rows[0][0] if rows else None


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> FairShop:
    shop = FairShop(tmp_path_factory.mktemp("fair") / "shop")
    shop.write()
    shop.run()
    return shop


@pytest.fixture
def fair(built: FairShop, tmp_path: Path) -> FairShop:
    shutil.copytree(built.root, tmp_path / "shop", symlinks=True)
    return FairShop(tmp_path / "shop")


def test_tables_of_another_project_are_read_in_place(built: FairShop) -> None:
    assert built.value("orders", "month", "2026-01-01") == 124
    assert built.value("gross_revenue", "month", "2026-02-01") == 1120
    with duckdb.connect(str(built.root / ".bellwether" / "raw.duckdb"), read_only=True) as con:
        assert con.execute("select table_name from duckdb_tables() where schema_name = 'raw_shop'").fetchall() == []


def test_rules_name_the_channel_where_the_source_gives_none(built: FairShop) -> None:
    rows = built.read(
        "select segment_value, value from mart.kpi_current where metric = 'orders' and grain = 'month'"
        " and period_start = '2026-01-01' and segment_dimension = 'channel' order by 1"
    )
    assert rows == [("email", 31), ("market_place", 31), ("organic_search", 31), ("paid_search", 31)]


def test_dates_without_a_year_from_one_file_of_a_zip(built: FairShop) -> None:
    rows = built.read(
        "select period_start, value from mart.kpi_current where metric = 'leads' and grain = 'day' and segment_dimension = ''"
        " and value > 0 order by 1"
    )
    assert rows == [(date(2026, 2, 2), 2), (date(2026, 2, 28), 1)]


def test_targets_and_promotions_from_tables(built: FairShop) -> None:
    targets = built.read(
        "select metric, grain, valid_from, valid_to, path, start_value, target from mart.kpi_targets order by 1"
    )
    assert targets == [
        ("orders", "month", date(2026, 1, 1), date(2026, 12, 31), "step", None, 150),
        ("revenue", "month", date(2026, 1, 1), date(2026, 12, 31), "linear", 1000, 3000),
    ]
    assert built.read("select status from mart.kpi_status where metric = 'orders' and grain = 'month'") == [("off_track",)]
    assert built.read("select promotion, starts_on, ends_on, channel from mart.promotions order by 2") == [
        ("Winter sale", date(2026, 1, 10), date(2026, 1, 20), None),
        ("Fair", date(2026, 2, 2), date(2026, 2, 4), "email"),
    ]


def test_a_run_sees_what_the_other_project_changed(fair: FairShop) -> None:
    assert "nothing new" in fair.run().lower()
    fair.dbt("update marts.fct_orders set total = 25 where id = '2026-02-10-0'")
    fair.run()
    assert fair.value("gross_revenue", "day", "2026-02-10") == 55
    again = fair.read(
        "select distinct period_start from mart.kpi_values where metric = 'gross_revenue' and grain = 'day'"
        " and segment_dimension = '' group by all having count(*) > 1"
    )
    assert again == [(date(2026, 2, 10),)]


def test_a_run_sees_what_only_an_own_model_reads(fair: FairShop) -> None:
    assert fair.value("fair_visitors", "month", "2026-02-01") == 90
    (fair.root / "files" / "visitors.csv").write_text(VISITORS + "2026-02-04,7\n")
    fair.run()
    assert fair.value("fair_visitors", "month", "2026-02-01") == 97


def test_a_run_sees_another_promotion_and_another_target(fair: FairShop) -> None:
    with (fair.root / "promotions.csv").open("a") as file:
        file.write("Easter,2026-04-01,2026-04-06,,\n")
    (fair.root / "kpis" / "targets.csv").write_text("kpi,from,grain,value\norders,2026-01-01,month,100\n")
    fair.run()
    assert fair.read("select count(*) from mart.promotions") == [(3,)]
    assert fair.read("select status from mart.kpi_status where metric = 'orders' and grain = 'month'") == [("on_track",)]
