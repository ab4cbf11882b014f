"""What readers get of a workspace with small_cells: in the file, in Parquet and from queries, and what they cannot work out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from metrics.alignment.tables import ensure_alignment_tables
from metrics.campaigns import ensure_campaign_table
from metrics.catalogue import Catalogue, load_catalogue, read_lineage
from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.values import compute_values, write_definitions
from metrics.warehouse import open_facts, open_published
from metrics.workspace import Workspace, load_workspace
from metrics.workspace.small_cells import SmallCells
from serving.campaigns import campaign_rows
from serving.guarded_queries import guarded_names
from serving.publish import log_publish, publish
from serving.published import run_query
from serving.reader_copy import write_reader_copy
from tests.unit.values.company import WORKSPACE, build, manifest, semantic_manifest

DAY, MARCH = date(2026, 3, 10), date(2026, 3, 1)
PERSON = "a-name-that-no-reader-may-see"
# orders of March by channel: (orders, customers); mail is one person with six orders
ORDERS = {"email": (6, 1), "search": (7, 7), "social": (20, 20)}
VISITS = {"email": 60, "search": 70, "social": 200}
GUARD = "small_cells: {least: 5, dimensions: [channel]}\n"


def with_customers(found: dict[str, Any]) -> dict[str, Any]:
    """The small company with customers of its orders, and without the models' keys that dbt does not write."""
    found = json.loads(json.dumps(found))
    metrics = found["metrics"]
    # a metric that filters by what is guarded is refused
    if isinstance(metrics, dict):
        found["metrics"] = {key: item for key, item in metrics.items() if item["name"] != "email_orders"}
    else:
        found["metrics"] = [item for item in metrics if item["name"] != "email_orders"]
    models = found["semantic_models"]
    for model in models.values() if isinstance(models, dict) else models:
        if model["name"] == "orders":
            model["entities"].append({"name": "customer", "type": "foreign", "expr": "customer_id"})
        if isinstance(models, list):
            for extra in ("model", "depends_on"):
                model.pop(extra, None)
    return found


@dataclass
class Shop:
    """A company whose warehouse is in a file."""

    root: Path
    con: duckdb.DuckDBPyConnection
    set_time: Callable[[date, date | None, date | None], None]

    @property
    def ws(self) -> Workspace:
        return load_workspace(self.root)

    def definitions(self) -> tuple[SemanticLayer, Catalogue]:
        target = self.ws.dbt_target_dir
        layer = SemanticLayer.from_manifest(target / "semantic_manifest.json")
        return layer, load_catalogue(self.ws, layer, read_lineage(target / "manifest.json"), shipped=self.root / "none")

    def set_meta(self, metric: str, **meta: Any) -> None:
        """Give a metric further meta in both of dbt's manifests."""
        for path in self.ws.dbt_target_dir.glob("*.json"):
            found = json.loads(path.read_text())
            metrics = found["metrics"]
            for item in metrics.values() if isinstance(metrics, dict) else metrics:
                if item["name"] == metric:
                    item["config"]["meta"] |= {name: value for name, value in meta.items() if value is not None}
            path.write_text(json.dumps(found))

    def publish(self, run_id: str, *, guarded: bool = True) -> Workspace:
        """Compute everything and publish it."""
        (self.root / "workspace.yml").write_text(WORKSPACE.replace("clock:", (GUARD if guarded else "") + "clock:"))
        ws, (layer, catalogue) = self.ws, self.definitions()
        compute_values(self.con, ws, layer, catalogue, None, run_id)
        write_definitions(self.con, catalogue)
        log_publish(self.con, run_id)
        ws.warehouse_path.unlink(missing_ok=True)
        self.con.execute(f"attach '{ws.warehouse_path}' as kept; copy from database warehouse to kept; detach kept")
        publish(ws, run_id, catalogue=catalogue if guarded else None)
        return ws


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    company = build(tmp_path)
    target = company.ws.dbt_target_dir
    target.mkdir(parents=True)
    (target / "manifest.json").write_text(json.dumps(with_customers(manifest())))
    (target / "semantic_manifest.json").write_text(json.dumps(with_customers(semantic_manifest())))
    con = company.con
    con.execute(
        "create table core.fct_orders (order_id text, business_date date, channel text, customer_id text, gross_amount decimal(18, 4))"
    )
    con.execute("create table core.fct_web_sessions (session_id text, business_date date, channel text)")
    for channel, (orders, customers) in ORDERS.items():
        con.execute(
            "insert into core.fct_orders select ? || i, ?, ?, if(? = 1, ?, ? || i), 10 from range(?) as t(i)",
            [channel, DAY, channel, customers, PERSON, channel, orders],
        )
        con.execute(
            "insert into core.fct_web_sessions select ? || i, ?, ? from range(?) as t(i)",
            [channel, DAY, channel, VISITS[channel]],
        )
    con.execute("create table core.fct_survey_responses (response_id text, business_date date, channel text, score double)")
    con.execute("create table core.fct_tickets (ticket_id text, business_date date, channel text, minutes double)")
    company.set_time(date(2026, 4, 5), date(2026, 4, 4), date(2026, 4, 4))
    return Shop(tmp_path, con, company.set_time)


def by_channel(ws: Workspace, metric: str, grain: str = "month") -> dict[str, tuple[Any, ...]]:
    """Member -> numerator, denominator, value, n, state, as readers see it."""
    with open_published(ws) as con:
        rows = con.execute(
            "select segment_value, numerator, denominator, value, n, state from mart.kpi_current"
            " where metric = ? and grain = ? and segment_dimension = 'channel'",
            [metric, grain],
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


WITHHELD = (None, None, None, None, "suppressed")


def test_one_person_and_the_smallest_neighbour_are_withheld_in_every_metric_that_would_tell(shop: Shop) -> None:
    ws = shop.publish("first")
    orders = by_channel(ws, "orders")
    # the six orders of mail are one person's; 33 in all - 7 - 20 would be those 6, so search goes with it
    assert orders == {"email": WITHHELD, "search": WITHHELD, "social": (20, None, 20, 20, "settled")}
    rate = by_channel(ws, "conversion_rate")
    assert rate == {"email": WITHHELD, "search": WITHHELD, "social": (20, 200, 0.1, 200, "settled")}
    assert by_channel(ws, "gross_revenue") == {
        "email": WITHHELD,
        "search": WITHHELD,
        "social": (200, None, 200, 20, "settled"),
    }
    # visits are many, and no person is known of them
    assert {member: row[2] for member, row in by_channel(ws, "sessions").items()} == VISITS


def test_what_is_shown_and_the_total_leave_two_unknowns(shop: Shop) -> None:
    """The complement attack, for every number of every metric: total minus what is shown is a sum over two members."""
    ws = shop.publish("first")
    with open_published(ws) as con:
        totals = con.execute(
            "select metric, numerator, denominator from mart.kpi_current"
            " where grain = 'month' and segment_dimension = '' and metric in ('orders', 'gross_revenue', 'conversion_rate')"
        ).fetchall()
    rest = {}
    for metric, *parts in totals:
        members = by_channel(ws, metric)
        for place, total in enumerate(parts):
            shown = [row[place] for row in members.values() if row[place] is not None]
            if total is not None:
                rest[metric, place] = (total - sum(shown), sum(row[4] == "suppressed" for row in members.values()))
    # 6 + 7 orders of 1 + 7 persons, 130 euro, and 60 + 70 visits
    assert rest == {
        ("orders", 0): (13, 2),
        ("gross_revenue", 0): (130, 2),
        ("conversion_rate", 0): (13, 2),
        ("conversion_rate", 1): (130, 2),
    }


@pytest.mark.parametrize(
    ("by_search", "shown"),
    [
        # mail and search are of the same four persons, one of whom wrote mails: 27 - 20 = 7 orders would be these four's
        ([PERSON, "p2", "p3", "p4"], {"email": None, "search": None, "social": None}),
        # four others: five persons together
        (["p2", "p3", "p4", "p5"], {"email": None, "search": None, "social": 20}),
    ],
)
def test_who_is_in_two_channels_is_counted_once(shop: Shop, by_search: list[str], shown: dict[str, float | None]) -> None:
    shop.con.execute("delete from core.fct_orders where channel = 'search'")
    shop.con.execute("delete from core.fct_orders where channel = 'email' and order_id > 'email2'")
    for customer in by_search:
        shop.con.execute("insert into core.fct_orders values ('s' || ?, ?, 'search', ?, 10)", [customer, DAY, customer])
    ws = shop.publish("first")
    for metric, factor in (("orders", 1), ("gross_revenue", 10)):
        found = {member: row[2] for member, row in by_channel(ws, metric).items()}
        assert found == {member: value and value * factor for member, value in shown.items()}


def test_a_condition_that_no_value_fits_is_refused_without_the_value(shop: Shop) -> None:
    """Order ids are texts, which only the database knows: its error names the first of them."""
    ws = shop.publish("first")
    with pytest.raises(QueryError, match="the database cannot answer it: Conversion Error") as caught:
        run_query(ws, Query(metrics=["orders"], where=["cast({{ Entity('order') }} as int) > 1"]))
    assert "email" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_totals_and_other_grains(shop: Shop) -> None:
    ws = shop.publish("first")
    with open_published(ws) as con:
        total = con.execute(
            "select value, n, state from mart.kpi_current where metric = 'orders' and grain = 'month' and segment_dimension = ''"
        ).fetchall()
        states = con.execute(
            "select distinct state, value from mart.kpi_values where segment_dimension = 'channel' and grain <> 'month'"
        ).fetchall()
        rules = con.execute("select * from mart.small_cells").fetchall()
    assert total == [(33, 33, "settled")]
    assert states == [("suppressed", None)]
    assert rules == [("channel", "month", 5)]


def test_a_member_that_is_the_whole_total_is_not_named(shop: Shop) -> None:
    """The total is published: `mail, suppressed` beside it would say whose it is. So would the name on one of its days."""
    shop.con.execute("delete from core.fct_orders where channel <> 'email'")
    # nine orders of May, of two channels, each on days of its own
    for day, channel, orders in ((4, "search", 4), (5, "social", 5)):
        shop.con.execute(
            "insert into core.fct_orders select ? || i, ?, ?, ? || i, 10 from range(?) as t(i)",
            [f"may-{channel}", date(2026, 5, day), channel, f"may-{channel}", orders],
        )
    shop.set_time(date(2026, 6, 5), date(2026, 6, 4), date(2026, 6, 4))
    ws = shop.publish("first")
    with open_published(ws) as con:
        rows = con.execute(
            "select metric, grain, period_start, segment_value, value, n, state from mart.kpi_values"
            " where segment_dimension = 'channel' and metric in ('orders', 'gross_revenue') and grain <> 'quarter'"
        ).fetchall()
        total = con.execute(
            "select value from mart.kpi_current where metric = 'orders' and grain = 'month' and segment_dimension = ''"
            " order by period_start"
        ).fetchall()
    may, nameless = date(2026, 5, 1), ("(withheld)", None, None, "suppressed")
    months = {("month", MARCH, *nameless)} | {("month", may, name, *nameless[1:]) for name in ("search", "social")}
    weeks = {("week", start, *nameless) for start in (date(2026, 3, 9), date(2026, 5, 4))}
    days = {("day", day, *nameless) for day in (DAY, date(2026, 5, 4), date(2026, 5, 5))}
    for metric in ("orders", "gross_revenue"):
        found = [row[1:] for row in rows if row[0] == metric]
        assert set(found) == months | weeks | days
        assert len(found) == 8
    assert total == [(6,), (9,)]
    asked = Query(metrics=["orders"], group_by=["metric_time__month", "channel"], end=date(2026, 3, 31))
    assert run_query(ws, asked) == [
        {"metric_time__month": MARCH, "channel": "(withheld)", "orders": None, "suppressed": True}
    ]


def test_rows_and_names_are_not_in_what_is_published(shop: Shop) -> None:
    ws = shop.publish("first")
    for path in [*ws.published_dir.rglob("*.duckdb"), *ws.published_dir.rglob("*.parquet")]:
        assert PERSON.encode() not in path.read_bytes(), path
    with open_published(ws) as con:
        assert con.execute("select distinct schema_name from duckdb_tables()").fetchall() == [("mart",)]
    with open_facts(ws) as con:
        assert con.execute("select count(*) from core.fct_orders where customer_id = ?", [PERSON]).fetchone() == (6,)
    parquet = duckdb.sql(
        f"select segment_value, value from '{ws.published_dir}/parquet/current/kpi_values.parquet'"
        " where metric = 'orders' and grain = 'month' and segment_dimension = 'channel' order by all"
    )
    assert parquet.fetchall() == [("email", None), ("search", None), ("social", 20)]


@pytest.mark.parametrize(
    ("persons", "shown"),
    [
        # 3 visits are small by their number, unless the metric says that they show nobody, or whom they show
        (None, {"search": None, "email": None, "social": 200}),
        ("none", {"search": 3, "email": 60, "social": 200}),
    ],
)
def test_a_metric_says_whether_it_is_about_persons(shop: Shop, persons: str | None, shown: dict[str, float | None]) -> None:
    shop.con.execute(
        "delete from core.fct_web_sessions where channel = 'search' and session_id not in ('search0', 'search1', 'search2')"
    )
    shop.set_meta("sessions", persons=persons)
    ws = shop.publish("first")
    assert {member: row[2] for member, row in by_channel(ws, "sessions").items()} == shown


def test_a_metric_names_another_that_counts_its_persons(shop: Shop) -> None:
    """Seventy visits of search would pass; the metric says that its persons are those who order, and these are four."""
    shop.con.execute("delete from core.fct_orders where channel = 'search' and order_id > 'search3'")
    shop.set_meta("sessions", persons="orders")
    ws = shop.publish("first")
    # 4 orders of search; with mail's 6 orders the neighbour's 60 visits are hidden, not the 200 of social
    assert {member: row[2] for member, row in by_channel(ws, "sessions").items()} == {
        "search": None, "email": None, "social": 200,
    }  # fmt: skip


def test_the_warehouse_keeps_everything(shop: Shop) -> None:
    shop.publish("first")
    found = shop.con.execute(
        "select segment_value, value from mart.kpi_current where metric = 'orders' and grain = 'month'"
        " and segment_dimension = 'channel' order by all"
    ).fetchall()
    assert found == [("email", 6), ("search", 7), ("social", 20)]


def test_a_second_publication_withholds_what_was_withheld_and_earlier_versions(shop: Shop) -> None:
    shop.publish("first")
    # four more customers by mail: five persons, nothing is small any more
    shop.con.execute(
        "insert into core.fct_orders select 'new' || i, ?, 'email', 'new' || i, 10 from range(4) as t(i)", [DAY]
    )
    ws = shop.publish("second")
    assert {member: row[2] for member, row in by_channel(ws, "orders").items()} == {"email": 10, "search": 7, "social": 20}
    with open_published(ws) as con:
        history = con.execute(
            "select value, state from mart.kpi_history where metric = 'orders' and grain = 'month'"
            " and segment_dimension = 'channel' and segment_value = 'email' order by valid_from"
        ).fetchall()
        restated = con.execute("select * from mart.kpi_restatements where segment_dimension = 'channel'").fetchall()
    # what it was before is withheld also now, and no event tells it
    assert history == [(None, "suppressed"), (10, "restated")]
    assert restated == []


def test_switching_it_on_removes_what_was_published_without_it(shop: Shop) -> None:
    ws = shop.publish("open", guarded=False)
    assert {member: row[2] for member, row in by_channel(ws, "orders").items()} == {"email": 6, "search": 7, "social": 20}
    assert not ws.facts_dir.exists()
    shop.publish("guarded")
    assert [path.name for path in ws.published_dir.glob("kpi-*")] == ["kpi-guarded.duckdb"]
    assert {path.name for path in (ws.published_dir / "parquet").iterdir()} == {"guarded", "current"}
    ws = shop.publish("open-again", guarded=False)
    assert not ws.facts_dir.exists()
    with open_published(ws) as con:
        assert con.execute("select count(*) from core.fct_orders").fetchone() == (33,)


@pytest.mark.parametrize(
    "query",
    [
        {"group_by": ["metric_time__day", "channel"]},
        {"group_by": ["channel"]},
        {"group_by": ["metric_time__month", "channel"], "where": ["{{ Entity('order') }} <> 'email0'"]},
        {"where": ["{{ Entity('channel') }} = 'email'"]},
        {"where": ["{{ Dimension('order__channel') }} = 'email'"]},
        {"group_by": ["customer"]},
        {"group_by": ["metric_time__month", "channel"], "totals": True},
        {"group_by": ["metric_time__month", "channel"], "limit": 1},
        {"group_by": ["metric_time__month", "channel"], "limit": 0},
    ],
)
def test_a_free_query_cannot_cut_a_segment_into_pieces(shop: Shop, query: dict[str, Any]) -> None:
    ws = shop.publish("first")
    with pytest.raises(
        QueryError, match=r"is guarded by small_cells: .* Ask by metric_time__month and one of channel alone"
    ):
        run_query(ws, Query(metrics=["orders"], **query))


@pytest.mark.parametrize(
    ("group_by", "where", "names"),
    [
        (["customer__segment"], [], []),
        (["order__customer"], [], ["customer"]),
        (["customer__channel__group"], [], ["channel"]),
        ([], ["{{ Entity('customer') }} is not null"], ["customer"]),
        ([], ["{{ Dimension('customer__segment') }} = 'loyal'"], []),
        (["metric_time__day"], ["{{ Dimension('order__channel_group') }} = 'x'"], []),
        (["metric_time__day"], ["{{ Dimension('order__status') }} = 'channel'"], []),
        # as the compiler reads names, not as they are written
        (["CHANNEL"], [], ["channel"]),
        (["Order__Customer"], [], ["customer"]),
        ([], ["{{ Entity('Chan\\x6eel') }} = 'email'"], ["channel"]),
        ([], ["{{ Entity('chan' 'nel') }} = 'email'"], ["channel"]),
        ([], ["{{ Entity('channel', entity_path=['order']) }} = 'email'"], ["channel"]),
        ([], ["{{ Dimension('group', ['channel']) }} = 'email'"], ["channel"]),
        ([], ["{{ TimeDimension('customer__channel', 'day') }} > '2026-01-01'"], ["channel"]),
    ],
)
def test_the_person_is_guarded_and_not_what_is_known_of_persons(
    group_by: list[str], where: list[str], names: list[str]
) -> None:
    rules = SmallCells(dimensions=("channel",))
    assert guarded_names(Query(metrics=["orders"], group_by=group_by, where=where), rules) == names
    assert guarded_names(Query(metrics=["orders"], group_by=group_by, where=where), None) == []


def test_queries_get_what_is_published(shop: Shop) -> None:
    ws = shop.publish("first")
    asked = {"metrics": ["conversion_rate", "sessions"], "group_by": ["channel", "metric_time__month"]}
    assert run_query(ws, Query(**asked, start=MARCH, end=date(2026, 3, 31))) == [
        {"channel": "email", "metric_time__month": MARCH, "conversion_rate": None, "sessions": 60, "suppressed": True},
        {"channel": "search", "metric_time__month": MARCH, "conversion_rate": None, "sessions": 70, "suppressed": True},
        {"channel": "social", "metric_time__month": MARCH, "conversion_rate": 0.1, "sessions": 200, "suppressed": False},
    ]
    assert run_query(ws, Query(**asked, start=date(2026, 3, 2))) == []
    ordered = run_query(ws, Query(**asked, order_by=["-conversion_rate", "-channel"]))
    assert [row["channel"] for row in ordered] == ["social", "search", "email"]
    with pytest.raises(QueryError, match="order_by names 'orders'"):
        run_query(ws, Query(**asked, order_by=["orders"]))
    # nothing guarded is asked for: from the facts, as ever
    everybody = Query(metrics=["orders"], group_by=["metric_time__month"], complete_periods=False)
    assert run_query(ws, everybody) == [{"metric_time__month": MARCH, "orders": 33}]


def test_pairs_by_a_guarded_dimension_are_not_published(shop: Shop) -> None:
    ensure_alignment_tables(shop.con)
    shop.con.execute(
        """insert into mart.kpi_pairs values
        ('p', 'month', '2026-03-01', '', '', 'left', 'sales', 0, 'orders', 100, 100),
        ('p', 'month', '2026-03-01', 'channel', 'email', 'left', 'sales', 0, 'orders', 1, 1),
        ('p', 'month', '2026-03-01', 'country', 'DE', 'left', 'sales', 0, 'orders', 60, 60)"""
    )
    with open_published(shop.publish("first")) as con:
        assert con.execute("select segment_dimension from mart.kpi_pairs order by 1").fetchall() == [("",), ("country",)]
        assert con.execute("select count(*) from mart.scorecard_current").fetchall() == [(0,)]


def test_campaigns_are_published_only_where_neither_channel_nor_campaign_is_guarded(shop: Shop, tmp_path: Path) -> None:
    ensure_campaign_table(shop.con)
    shop.con.execute(
        """insert into mart.campaign_performance by name
        select 'month' as grain, date '2026-03-01' as period_start, date '2026-03-31' as period_end, 'email' as channel,
            'welcome' as campaign, 'EUR' as currency, 1 as orders"""
    )
    ws = shop.publish("first")
    with open_published(ws) as con:
        assert con.execute("select count(*) from mart.campaign_performance").fetchone() == (0,)
    with pytest.raises(QueryError, match="is not published, because channel is guarded by small_cells"):
        campaign_rows(ws, "month", None, None)
    _, catalogue = shop.definitions()
    for dimension, kept in (("campaign", 0), ("country", 1)):
        copy = tmp_path / f"{dimension}.duckdb"
        rules = SmallCells(least=5, dimensions=(dimension,))
        write_reader_copy(ws.dbt_target_dir / "semantic_manifest.json", rules, catalogue, ws.warehouse_path, copy)
        with duckdb.connect(str(copy), read_only=True) as con:
            assert con.execute("select count(*) from mart.campaign_performance").fetchone() == (kept,), dimension
