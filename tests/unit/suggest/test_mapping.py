"""Which column is which: names in two languages, values, joins between files, event logs, groups, what is derived."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dagster_project.suggest.assign import assign
from dagster_project.suggest.names import column_terms, match_column, words_of
from tests.unit.suggest.conftest import Suggest, entity, expressions


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("OrderIDs", ("order", "id")), ("Spend [USD]", ("spend", "usd")), ("sys_updated_at", ("sys", "updated", "at")),
        ("createdOn", ("created", "at")), ("订单号", ("订单号",)), ("计划ID", ("计划", "id")), ("Order-Nr", ("order", "number")),
    ],
)  # fmt: skip
def test_words_of_a_name(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("entity_name", "column", "right", "wrong"),
    [
        ("orders", "gross_amount", "Order Total", "Total Tax"),
        ("orders", "ordered_at", "下单时间", "updated_at"),
        ("refunds", "amount", "refund_amount_usd", "refund_tax"),
        ("ad_performance", "clicks", "Link clicks", "post_click_conversions"),
        ("tickets", "created_at", "Opened At", "Closed At"),
        ("opportunities", "amount", "Deal Amount", "annual_revenue"),
        ("leads", "lead_id", "mql_id", "lead_type"),
    ],
)
def test_a_name_fits_one_column_and_not_its_neighbour(entity_name: str, column: str, right: str, wrong: str) -> None:
    terms = column_terms(entity_name, column)
    assert match_column(right, terms, entity_name).is_close
    assert match_column(wrong, terms, entity_name).score < 0.5


def test_assignment_is_one_to_one_and_moves_a_taker_to_its_next_best() -> None:
    scores = {("a", "x"): 0.9, ("a", "y"): 0.89, ("b", "x"): 0.88}
    assert assign(scores) == {"a": "y", "b": "x"}


def test_chinese_orders(folder: Path, suggest: Suggest) -> None:
    lines = [f"DD{n:04},2024/1/{n % 28 + 1} 9:05:00,K{n % 9},{n}.5,{['微信', '抖音'][n % 2]}" for n in range(60)]
    (folder / "订单_2024.csv").write_bytes(
        "\n".join(["订单号,下单时间,客户编号,实付金额,渠道", *lines, ""]).encode("gb18030")
    )
    proposal = suggest()
    assert proposal.sources[0].tables[0].name == "orders"
    assert expressions(proposal, "orders") == {
        "order_id": "订单号", "ordered_at": "下单时间", "customer_id": "客户编号", "gross_amount": "实付金额", "channel": "渠道",
    }  # fmt: skip


def test_values_decide_where_names_do_not(folder: Path, suggest: Suggest) -> None:
    """`date` holds text, so that it cannot be the date of the order; `created` does."""
    lines = [f"{n},soon,2024-01-{n % 28 + 1:02},{n}.5" for n in range(30)]
    (folder / "orders.csv").write_text("\n".join(["id,date,created,total", *lines, ""]))
    assert expressions(suggest(), "orders")["ordered_at"] == "created"


def test_an_event_log_keeps_the_last_row(folder: Path, suggest: Suggest) -> None:
    lines = [f"T{n // 3},2024-01-01 08:00:00,2024-01-0{n % 3 + 2} 09:00:00,{n % 3},{n % 2}" for n in range(60)]
    head = "ticket_number,opened_at,last_updated,reassignment_count,reopen_count"
    (folder / "tickets.csv").write_text("\n".join([head, *lines, ""]))
    tickets = entity(suggest(), "tickets")
    assert tickets.latest_by == "last_updated"
    assert tickets.columns["is_first_contact_resolved"].expression == '"reassignment_count" = 0 and "reopen_count" = 0'


def test_a_finer_file_is_added_up(folder: Path, suggest: Suggest) -> None:
    rows = [f"{day},{banner},{day}.5,{banner * 10},{banner}" for day in range(1, 29) for banner in range(4)]
    (folder / "ad report.csv").write_text("\n".join(["Date,Campaign,Cost,Impressions,Clicks", *_dated(rows), ""]))
    ads = entity(suggest(), "ad_performance")
    assert ads.is_grouped
    assert ads.columns["campaign_id"].expression == ads.columns["campaign"].expression == "Campaign"


def _dated(rows: list[str]) -> list[str]:
    return ["2024-02-" + row.split(",")[0].zfill(2) + ",brand," + ",".join(row.split(",")[2:]) for row in rows]


def test_orders_from_a_file_of_lines(folder: Path, suggest: Suggest) -> None:
    rows = [
        f"{536 + n // 3},S{n % 7},{1 + n % 5},{n // 3 % 12 + 1}/{n // 3 % 28 + 1}/2011 8:26,{n % 8}.55,{17 + n // 3}"
        for n in range(300)
    ]
    (folder / "retail.csv").write_text(
        "\n".join(["InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID", *rows, ""])
    )
    orders = entity(suggest(), "orders")
    assert orders.is_grouped
    assert orders.columns["gross_amount"].expression == '"Quantity" * "UnitPrice"'
    assert orders.columns["order_id"].expression == "InvoiceNo"


def test_joins_take_what_a_table_lacks(folder: Path, suggest: Suggest) -> None:
    (folder / "leads.csv").write_text(
        "\n".join(["mql_id,first_contact_date,origin", *(f"L{n},2024-01-{n % 28 + 1:02},web" for n in range(80)), ""])
    )
    (folder / "closed_deals.csv").write_text(
        "\n".join(
            ["mql_id,won_date,sales_rep", *(f"L{n * 4},2024-03-{n % 28 + 1:02} 10:00:00,R{n % 3}" for n in range(20)), ""]
        )
    )
    deals = entity(suggest(), "opportunities")
    assert deals.columns["created_at"].raw == ("leads.first_contact_date",)
    assert [(join.table, join.left_column, join.right_column) for join in deals.joins] == [("leads", "mql_id", "mql_id")]
    assert deals.columns["opportunity_id"].raw == deals.columns["lead_id"].raw == ("closed_deals.mql_id",)
    assert deals.columns["is_won"].expression == '"won_date" is not null'


def test_a_join_needs_values_that_are_found(folder: Path, suggest: Suggest) -> None:
    """The same columns, but the deals are of other leads: the names alone make no join."""
    (folder / "leads.csv").write_text(
        "\n".join(["mql_id,first_contact_date,origin", *(f"L{n},2024-01-{n % 28 + 1:02},web" for n in range(80)), ""])
    )
    (folder / "closed_deals.csv").write_text(
        "\n".join(["mql_id,won_date,sales_rep", *(f"X{n},2024-03-{n % 28 + 1:02} 10:00:00,R{n % 3}" for n in range(20)), ""])
    )
    proposal = suggest()
    assert [found.entity for found in proposal.entities] == ["leads"]
    assert entity(proposal, "opportunities").missing == ["created_at"]


def test_lines_take_their_date_from_their_order_although_orders_repeat(folder: Path, suggest: Suggest) -> None:
    orders = [f"{n % 40},2024-01-{n % 40 % 28 + 1:02},{n}.5,2024-02-0{n // 40 + 1} 10:00:00" for n in range(80)]
    (folder / "orders.csv").write_text("\n".join(["order_id,order_date,total,updated_at", *orders, ""]))
    lines = [f"{n},{n % 40},P{n % 5},2,{n}.25" for n in range(100)]
    (folder / "order_items.csv").write_text("\n".join(["line_id,order_id,product_id,quantity,line_total", *lines, ""]))
    proposal = suggest()
    assert entity(proposal, "orders").latest_by == "updated_at"
    assert entity(proposal, "order_lines").columns["ordered_at"].raw == ("orders.order_date",)


def test_month_names_and_a_given_year(folder: Path, suggest: Suggest) -> None:
    rows = [f"April,{day},brand,{day}.5,{day * 10},{day}" for day in range(1, 31)]
    (folder / "ads.csv").write_text("\n".join(["month,day,campaign,cost,impressions,clicks", *rows, ""]))
    given = entity(suggest(year=2020), "ad_performance").columns["performance_on"]
    assert given.raw == ("ads.month", "ads.day")
    assert "'2020'" in str(given.expression)
    assert given.confidence == "high"
    guessed = entity(suggest(), "ad_performance").columns["performance_on"]
    assert guessed.confidence == "low"
    assert "CHECK: no column holds the year" in guessed.reason


def test_money_with_a_sign_micros_and_seconds_since_1970(folder: Path, suggest: Suggest) -> None:
    (folder / "orders.csv").write_text(
        "\n".join(["id,created,total", *(f'A{n},{1704067200 + n * 3600},"${n + 1000:,}.50"' for n in range(30)), ""])
    )
    (folder / "google_ads.csv").write_text(
        "\n".join(
            [
                "date,campaign_id,cost_micros,impressions,clicks",
                *(f"2024-01-{n:02},7,{n}500000,{n},1" for n in range(1, 29)),
                "",
            ]
        )
    )
    proposal = suggest()
    orders = expressions(proposal, "orders")
    assert orders["ordered_at"] == 'to_timestamp("created")'
    values = duckdb.execute(f"""select {orders["gross_amount"]} from (values ('$1,029.50'), ('-$3'), ('€3')) as t(total)""")
    assert values.fetchall() == [(Decimal("1029.5"),), (Decimal(-3),), (None,)]
    ads = expressions(proposal, "ad_performance")
    assert ads["spend"] == '"cost_micros" / 1000000.0'
    assert ads["platform"] == "'google_ads'"


def test_columns_of_loading_tools_are_never_mapped(folder: Path, suggest: Suggest) -> None:
    lines = [f"{n},2024-01-{n % 28 + 1:02},2024-02-01,{n}.5" for n in range(30)]
    (folder / "orders.csv").write_text("\n".join(["id,created_at,_fivetran_synced,total", *lines, ""]))
    assert "_fivetran_synced" not in expressions(suggest(), "orders").values()


def test_one_source_per_domain_with_its_own_closing_rule(folder: Path, suggest: Suggest) -> None:
    days = [f"2024-01-{n % 28 + 1:02}" for n in range(40)]
    (folder / "orders.csv").write_text(
        "\n".join(["order_id,order_date,total", *(f"{n},{d},5.5" for n, d in enumerate(days)), ""])
    )
    (folder / "refunds.csv").write_text(
        "\n".join(
            ["refund_id,order_id,refund_date,refund_amount", *(f"{n},{n},2024-03-{n + 1:02},5.5" for n in range(20)), ""]
        )
    )
    (folder / "tickets.csv").write_text(
        "\n".join(["ticket_id,created_at,priority", *(f"{n},{d},low" for n, d in enumerate(days)), ""])
    )
    proposal = suggest(currency="EUR", timezone="Europe/Berlin")
    assert {source.domain: source.closes_entity for source in proposal.sources} == {"sales": "orders", "support": None}
    assert {source.timezone for source in proposal.sources} == {"Europe/Berlin"}
    assert proposal.settings["currency"][0] == "EUR"
    assert str(proposal.settings["history_start"][0]) == "2024-01-01"
    assert proposal.settings["clock"][0] == "data_end"
