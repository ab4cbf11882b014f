"""Files whose names say nothing: the headers and the values alone decide, in English, German and Chinese."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.suggest.names import words_of
from tests.unit.suggest.conftest import Suggest, entity

DAY, TIME, GERMAN_DAY = "2024-01-{d:02}", "2024-01-{d:02} 09:00:00", "{d:02}.01.2024"
# entity; header; a row ({n} counts, {d} is a day); canonical column of each raw one, - for none
CASES = [
    ("orders", "订单号,下单时间,客户,金额,币种", f"DD{{n}},{TIME},张,{{n}}.5,CNY", "order_id ordered_at customer_id gross_amount currency"),
    ("refunds", "退款单号,订单号,退款时间,退款金额", f"T{{n}},DD{{n}},{TIME},{{n}}.5", "refund_id order_id refunded_at amount"),
    ("tickets", "工单,创建时间,渠道,解决时间,优先级", f"G{{n}},{TIME},电话,{TIME},高", "ticket_id created_at ticket_channel solved_at priority"),
    ("ad_performance", "日期,广告计划,花费,展示,点击", f"{DAY},计划{{n}},{{n}}.5,{{n}}00,{{n}}", "performance_on campaign spend impressions clicks"),
    ("ad_performance", "日期,渠道,花费,点击,展示", f"{DAY},抖音{{n}},{{n}}.5,{{n}},{{n}}00", "performance_on channel spend clicks impressions"),
    ("leads", "线索编号,创建时间,来源,负责人", f"X{{n}},{TIME},官网,王", "lead_id created_at source owner"),
    ("opportunities", "商机编号,创建时间,阶段,预计金额", f"X{{n}},{TIME},赢单,{{n}}.5", "opportunity_id created_at stage amount"),
    ("orders", "Order ID,Order Date,Customer,Total", f"A{{n}},{DAY},C,{{n}}.5", "order_id ordered_at customer_id gross_amount"),
    ("tickets", "Ticket ID,Created,Solved,Channel", f"{{n}},{TIME},{TIME},email", "ticket_id created_at solved_at ticket_channel"),
    ("orders", "Bestell-Nr;Datum;Kundennummer;Gesamtbetrag", f"B{{n}};{GERMAN_DAY};K;{{n}},5", "order_id ordered_at customer_id gross_amount"),
    ("orders", "Bestellnummer;Bestelldatum;Betrag;Währung", f"B{{n}};{GERMAN_DAY};{{n}},5;EUR", "order_id ordered_at gross_amount currency"),
    ("tickets", "Ticketnummer;Erstellt am;Gelöst am;Kanal;Priorität", f"{{n}};{GERMAN_DAY};{GERMAN_DAY};E-Mail;hoch",
     "ticket_id created_at solved_at ticket_channel priority"),
    ("ad_performance", "Tag;Kampagne;Kosten;Impressionen;Klicks", f"{GERMAN_DAY};K{{n}};{{n}},5;{{n}}00;{{n}}",
     "performance_on campaign spend impressions clicks"),
    ("refunds", "Erstattungsnummer;Bestellnummer;Erstattungsdatum;Erstattungsbetrag", f"E{{n}};B{{n}};{GERMAN_DAY};{{n}},5",
     "refund_id order_id refunded_at amount"),
    ("opportunities", "Chancen-Nr;Erstellt am;Phase;Betrag;Verkäufer", f"{{n}};{GERMAN_DAY};Gewonnen;{{n}},5;Ann",
     "opportunity_id created_at stage amount owner"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["data1.csv", "export.csv", "Mappe1.csv", "报表.csv"])
@pytest.mark.parametrize(("name_of_entity", "header", "row", "columns"), CASES)
def test_headers_and_values_alone(
    folder: Path, suggest: Suggest, name: str, name_of_entity: str, header: str, row: str, columns: str
) -> None:
    rows = [row.format(n=n, d=n % 28 + 1) for n in range(1, 40)]
    (folder / name).write_text("\n".join([header, *rows, ""]))
    proposal = suggest()
    assert [found.entity for found in proposal.entities] == [name_of_entity]
    mapped = {name: column.raw for name, column in entity(proposal, name_of_entity).columns.items()}
    table = proposal.sources[0].tables[0].name
    raw = header.replace(";", ",").split(",")
    assert {name: mapped.get(name) for name in columns.split()} == {
        name: (f"{table}.{column}",) for name, column in zip(columns.split(), raw, strict=True)
    }


@pytest.mark.parametrize(("value", "word"), [("Gewonnen", "won"), ("赢单", "赢单"), ("Closed Won", "won")])
def test_a_stage_that_is_won(folder: Path, suggest: Suggest, value: str, word: str) -> None:
    rows = [f"{n},2024-01-{n % 28 + 1:02},{value if n % 2 else 'other'},{n}.5" for n in range(30)]
    (folder / "deals.csv").write_text("\n".join(["deal id,created,stage,amount", *rows, ""]))
    assert f"'%{word}%'" in str(entity(suggest(), "opportunities").columns["is_won"].expression)


def test_a_campaign_that_is_only_a_channel_is_to_be_checked(folder: Path, suggest: Suggest) -> None:
    rows = [f"2024-01-{n % 28 + 1:02},{n},{n}.5,{n}00,{n}" for n in range(30)]
    (folder / "ads.csv").write_text("\n".join(["day,channel,cost,impressions,clicks", *rows, ""]))
    assert "CHECK: as channel" in entity(suggest(), "ad_performance").columns["campaign_id"].reason


@pytest.mark.parametrize(
    ("name", "words"), [("Währung", ("währung",)), ("GelöstAm", ("gelöst", "am")), ("Übersicht", ("übersicht",))]
)
def test_umlauts_stay_within_their_word(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words
