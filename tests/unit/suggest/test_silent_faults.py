"""Proposals that would be wrong without a word: copies, signs of currencies, thousands, negative refunds, flags."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from dagster_project.suggest.query_sql import query_text
from metrics.warehouse import literal
from metrics.workspace.mapping import parse_query
from tests.unit.suggest.conftest import Suggest, entity, expressions


def _orders(folder: Path, rows: list[str], head: str, name: str = "orders.csv") -> None:
    (folder / name).write_text("\n".join([head, *rows, ""]))


def test_copies_are_not_added_up(folder: Path, suggest: Suggest) -> None:
    """Two exports that overlap: twenty orders stand in both, in the same words."""
    rows = [f"A{n},2024-01-{n % 28 + 1:02},{n}.5" for n in range(60)]
    _orders(folder, rows[:40], "order_id,order_date,total", "orders_1.csv")
    _orders(folder, rows[20:], "order_id,order_date,total", "orders_2.csv")
    orders = entity(suggest(), "orders")
    assert not orders.is_grouped
    assert orders.latest_by is None
    assert "80 rows of 60 keys: rows with the same key are copies, one of each is kept" in orders.notes


@pytest.mark.parametrize(
    ("extra", "latest_by"), [("status", None), ("updated_at", "updated_at"), ("etl_loaded_at", "etl_loaded_at")]
)
def test_rows_that_differ_in_their_state_only_are_not_added_up(
    folder: Path, suggest: Suggest, extra: str, latest_by: str | None
) -> None:
    values = ["open", "paid"] if extra == "status" else ["2024-02-01 10:00:00", "2024-02-02 10:00:00"]
    # A third of the repeated orders has changed.
    rows = [f"A{n % 30},2024-01-{n % 28 % 20 + 1:02},{n % 30}.5" for n in range(30)]
    again = [f"{row},{values[number % 3 == 0]}" for number, row in enumerate(rows)]
    _orders(folder, [f"{row},{values[0]}" for row in rows] + again, f"order_id,order_date,total,{extra}")
    orders = entity(suggest(), "orders")
    assert not orders.is_grouped
    assert orders.latest_by == latest_by


def test_what_is_added_up_is_to_be_checked(folder: Path, suggest: Suggest) -> None:
    rows = [f"A{n // 3},2024-01-{n // 3 % 28 + 1:02},P{n % 3},{n}.5" for n in range(90)]
    _orders(folder, rows, "order_id,order_date,product_id,total")
    orders = entity(suggest(), "orders")
    assert orders.is_grouped
    assert "CHECK" in orders.columns["gross_amount"].reason
    assert "CHECK" not in orders.columns["order_id"].reason


def _read(expression: object, column: str, values: list[str]) -> list[float]:
    """What a mapping makes of texts."""
    given = ", ".join(f"({literal(value)})" for value in values)
    rows = duckdb.execute(f'select cast({expression} as double) from (values {given}) as t("{column}")').fetchall()
    return [value for (value,) in rows]


@pytest.mark.parametrize(
    ("values", "numbers", "currency", "said"),
    [
        (["2.361,25 €", "-17,5 €", "1.000 €"], [2361.25, -17.5, 1000.0], "'EUR'", "amounts in EUR"),
        (["$2,361.25", "($17.50)", "$1,000"], [2361.25, -17.5, 1000.0], None, "another dollar"),
        (["2.361,25 CHF", "17,00 CHF", "0,125 CHF"], [2361.25, 17.0, 0.125], "'CHF'", "amounts in CHF"),
        (["￥1,000", "￥2,500", "￥900"], [1000.0, 2500.0, 900.0], None, "CNY or JPY"),
        (["£1,234,567.80", "£3.10", "£4"], [1234567.8, 3.1, 4.0], "'GBP'", "amounts in GBP"),
    ],
)
def test_amounts_with_a_sign_are_read_as_they_are_written(
    folder: Path, suggest: Suggest, values: list[str], numbers: list[float], currency: str | None, said: str
) -> None:
    rows = [f"A{n};2024-01-{n % 28 + 1:02};{values[n % 3]}" for n in range(60)]
    _orders(folder, rows, "order_id;order_date;total")
    orders = entity(suggest(), "orders")
    amount = orders.columns["gross_amount"]
    assert _read(amount.expression, "total", values) == numbers
    assert "CHECK" in amount.reason
    assert said in amount.reason
    assert (orders.columns["currency"].expression if "currency" in orders.columns else None) == currency


@pytest.mark.parametrize(("values", "said"), [(["Fr. 5.50", "EUR 7.25"], "CHF EUR"), (["7,25 €", "5,50 Fr."], "CHF EUR")])
def test_a_sign_with_a_point_among_others(folder: Path, suggest: Suggest, values: list[str], said: str) -> None:
    _orders(folder, [f"A{n};2024-01-{n % 28 + 1:02};{values[n % 2]}" for n in range(60)], "order_id;order_date;total")
    columns = expressions(suggest(), "orders")
    assert sorted(_read(columns["gross_amount"], "total", values)) == [5.5, 7.25]
    given = ", ".join(f"({literal(value)})" for value in values)
    rows = duckdb.execute(f"select {columns['currency']} as c from (values {given}) as t(total) order by c").fetchall()
    assert " ".join(code for (code,) in rows) == said


def test_negative_refunds_with_a_pointed_sign_are_turned(folder: Path, suggest: Suggest) -> None:
    values = ["5,50 kr.-", "1.012,25 kr.-"]
    rows = [f"R{n};A{n};2024-01-{n % 28 + 1:02};{values[n % 2]}" for n in range(60)]
    _orders(folder, rows, "refund_id;order_id;refund_date;refund_amount", "refunds.csv")
    amount = entity(suggest(), "refunds").columns["amount"]
    assert "CHECK: all values are negative" in amount.reason
    assert _read(amount.expression, "refund_amount", values) == [5.5, 1012.25]


@pytest.mark.parametrize("values", [["1.459 €", "2.361 €"], ["2.361,25 €", "2,361.25 €"], ["1.459 $", "12.50 $"]])
def test_amounts_that_could_mean_two_numbers_are_a_todo(folder: Path, suggest: Suggest, values: list[str]) -> None:
    rows = [f"A{n};2024-01-{n % 28 + 1:02};{values[n % 2]}" for n in range(60)]
    _orders(folder, rows, "order_id;order_date;total")
    orders = entity(suggest(), "orders")
    assert orders.missing == ["gross_amount"]
    assert orders.notes[0].startswith("TODO gross_amount: total: which of dot and comma")


@pytest.mark.parametrize(
    ("values", "numbers"),
    [(["-5.50", "-12.25", "0"], [5.5, 12.25, 0.0]), (["-5,50 €", "-1.012,25 €", "0 €"], [5.5, 1012.25, 0.0])],
)
def test_negative_refunds_are_turned(folder: Path, suggest: Suggest, values: list[str], numbers: list[float]) -> None:
    rows = [f"R{n};A{n};2024-01-{n % 28 + 1:02};{values[n % 3]}" for n in range(60)]
    _orders(folder, rows, "refund_id;order_id;refund_date;refund_amount", "refunds.csv")
    amount = entity(suggest(), "refunds").columns["amount"]
    assert str(amount.expression).startswith("-")
    assert "CHECK: all values are negative" in amount.reason
    cast = str(amount.expression).replace('-"refund_amount"', '-cast("refund_amount" as double)')
    assert _read(cast, "refund_amount", values) == numbers


def test_refunds_of_both_signs_are_left_alone(folder: Path, suggest: Suggest) -> None:
    rows = [f"R{n},A{n},2024-01-{n % 28 + 1:02},{n - 5}.5" for n in range(60)]
    _orders(folder, rows, "refund_id,order_id,refund_date,refund_amount", "refunds.csv")
    assert expressions(suggest(), "refunds")["amount"] == "refund_amount"


@pytest.mark.parametrize(
    ("values", "is_marked"), [(["2.361", "950"], True), (["2.361", "0.125"], False), (["2.361", "2.5"], False)]
)
def test_three_digits_after_a_dot_could_be_thousands(
    folder: Path, suggest: Suggest, values: list[str], is_marked: bool
) -> None:
    rows = [f"A{n};2024-01-{n % 28 + 1:02};{values[n % 2]}" for n in range(60)]
    _orders(folder, rows, "order_id;order_date;total")
    amount = entity(suggest(), "orders").columns["gross_amount"]
    assert ("CHECK: its dots are read as decimals, but could be thousands: set read" in amount.reason) is is_marked
    assert amount.confidence == ("medium" if is_marked else "high")


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize(
    ("head", "day", "said"),
    [
        (["Bestellnummer", "Bestelldatum", "Gesamtbetrag"], "{:02}.01.2024", "dates are d.m.yyyy and names are German"),
        (["Bestellnummer", "Bestelldatum", "Gesamtbetrag"], "2024-01-{:02}", "names are German"),
        (["order_id", "order_date", "total"], "{:02}.01.2024 10:15", "dates are d.m.yyyy"),
        (["order_id", "order_date", "total"], "{}.1.24", "dates are d.m.yy"),
    ],
)
def test_dots_of_a_german_file_are_thousands(
    folder: Path, suggest: Suggest, delimiter: str, head: list[str], day: str, said: str
) -> None:
    rows = [delimiter.join([f"A{n}", day.format(n % 28 + 1), "2.101"]) for n in range(60)]
    _orders(folder, rows, delimiter.join(head))
    proposal = suggest()
    read = proposal.sources[0].tables[0].read
    assert (read.decimal_separator, read.thousands_separator) == (",", ".")
    amount = entity(proposal, "orders").columns["gross_amount"]
    assert amount.expression == head[2]
    assert f"CHECK: its dots are read as thousands, because {said}, but could be decimals: set read" in amount.reason
    assert amount.confidence == "medium"


@pytest.mark.parametrize("others", [[], ["950"]])
@pytest.mark.parametrize("delimiter", [",", "\t", "|"])
def test_dots_that_nothing_explains_are_marked(folder: Path, suggest: Suggest, delimiter: str, others: list[str]) -> None:
    values = ["2.361", *others]
    rows = [delimiter.join([f"A{n}", f"2024-01-{n % 28 + 1:02}", values[n % len(values)]]) for n in range(60)]
    _orders(folder, rows, delimiter.join(["order_id", "order_date", "total"]))
    proposal = suggest()
    assert proposal.sources[0].tables[0].read.decimal_separator == "."
    amount = entity(proposal, "orders").columns["gross_amount"]
    assert "CHECK: its dots are read as decimals, but could be thousands: set read" in amount.reason
    assert amount.confidence == "medium"


def test_a_doubt_about_dots_leaves_no_column_out(folder: Path, suggest: Suggest) -> None:
    """Its name is only similar to that of an amount."""
    _orders(folder, [f"A{n},2024-01-{n % 28 + 1:02},2.361" for n in range(60)], "order_id,order_date,amount paid")
    amount = entity(suggest(), "orders").columns["gross_amount"]
    assert amount.expression == '"amount paid"'
    assert "CHECK: its dots are read as decimals" in amount.reason


@pytest.mark.parametrize("value", ["12.5", "0.361", "12345.678", "1,012.361"])
def test_one_plain_number_outweighs_a_german_file(folder: Path, suggest: Suggest, value: str) -> None:
    rows = [f"A{n}\t{n % 28 + 1:02}.01.2024\t{[value, '2.101'][n % 2]}" for n in range(60)]
    _orders(folder, rows, "Bestellnummer\tBestelldatum\tGesamtbetrag")
    proposal = suggest()
    assert proposal.sources[0].tables[0].read.decimal_separator == "."
    amount = entity(proposal, "orders").columns["gross_amount"]
    assert "CHECK" not in amount.reason
    assert amount.confidence == "high"


def test_numbers_of_json_have_no_thousands(folder: Path, suggest: Suggest) -> None:
    """Only text is written in the way of a country: 2.101 without quotation marks has three decimals everywhere."""
    lines = [
        f'{{"Bestellnummer": "A{n}", "Bestelldatum": "{n % 28 + 1:02}.01.2024", "Gesamtbetrag": 2.101}}' for n in range(60)
    ]
    (folder / "orders.jsonl").write_text("\n".join([*lines, ""]))
    assert suggest().sources[0].tables[0].read.decimal_separator == "."


def test_a_german_rate_keeps_its_decimals(folder: Path, suggest: Suggest) -> None:
    rows = [f"{n:02}.01.2024,USD,1.10{n % 9 + 1}" for n in range(1, 29)]
    _orders(folder, rows, "Datum,Währung,Kurs", "wechselkurse.csv")
    proposal = suggest()
    assert proposal.sources[0].tables[0].read.decimal_separator == "."
    rate = entity(proposal, "exchange_rates").columns["rate"]
    assert "could be thousands" in rate.reason


def test_a_comma_in_another_column_makes_them_thousands(folder: Path, suggest: Suggest) -> None:
    rows = [f"A{n};2024-01-{n % 28 + 1:02};2.361;{n},50" for n in range(60)]
    _orders(folder, rows, "order_id;order_date;total;cogs")
    proposal = suggest()
    read = proposal.sources[0].tables[0].read
    assert (read.decimal_separator, read.thousands_separator) == (",", ".")
    assert "CHECK: its dots are read as thousands" in entity(proposal, "orders").columns["gross_amount"].reason


def _separators(
    folder: Path, suggest: Suggest, delimiter: str, head: list[str], row: list[str]
) -> tuple[str, str | None, str]:
    """(decimal sign, thousands sign, reason of the amount) of orders whose every row looks like this one."""
    rows = [[f"A{n}", f"2024-01-{n % 28 + 1:02}", *row] for n in range(60)]
    lines = [delimiter.join(f'"{cell}"' for cell in cells) for cells in (["order_id", "order_date", *head], *rows)]
    (folder / "orders.csv").write_text("\n".join([*lines, ""]))
    proposal = suggest()
    read = proposal.sources[0].tables[0].read
    return read.decimal_separator, read.thousands_separator, entity(proposal, "orders").columns["gross_amount"].reason


@pytest.mark.parametrize(
    ("delimiter", "others", "separators", "said"),
    [
        # Nothing but the semicolon says anything: it stands where the comma is the decimal sign.
        (";", {}, (",", None), "CHECK: its commas are read as decimals, but could be thousands: set read"),
        (";", {"cogs": "12,5"}, (",", None), "CHECK: three digits follow all of its commas"),
        (";", {"cogs": "1.012,50"}, (",", "."), "CHECK: three digits follow all of its commas"),
        (";", {"cogs": "12.50"}, (".", ","), "CHECK: its commas are read as thousands, because other columns have a dot"),
        # What is counted has no decimals.
        (";", {"clicks": "1,204"}, (".", ","), "CHECK: its commas are read as thousands, because other columns have a dot"),
        (";", {"Rabatt": "12,50 €"}, (",", None), "CHECK: three digits follow all of its commas"),
        (",", {}, (".", ","), ""),
        (",", {"cogs": "12.50"}, (".", ","), ""),
        (",", {"cogs": "12,50"}, (",", None), "CHECK: three digits follow all of its commas"),
        ("\t", {}, (".", ","), "CHECK: its commas are read as thousands, but could be decimals: set read"),
        ("|", {"cogs": "12.50"}, (".", ","), "CHECK: its commas are read as thousands, because other columns have a dot"),
    ],
)
def test_three_digits_after_a_comma(
    folder: Path, suggest: Suggest, delimiter: str, others: dict[str, str], separators: tuple[str, str | None], said: str
) -> None:
    found = _separators(folder, suggest, delimiter, ["total", *others], ["2,361", *others.values()])
    assert found[:2] == separators
    assert said in found[2]
    assert ("CHECK" in found[2]) is bool(said)


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_commas_of_a_german_file_are_decimals(folder: Path, suggest: Suggest, delimiter: str) -> None:
    rows = [delimiter.join([f"A{n}", f"{n % 28 + 1:02}.01.2024", '"2,101"']) for n in range(60)]
    _orders(folder, rows, delimiter.join(["Bestellnummer", "Bestelldatum", "Gesamtbetrag"]))
    proposal = suggest()
    assert proposal.sources[0].tables[0].read.decimal_separator == ","
    said = "CHECK: its commas are read as decimals, because dates are d.m.yyyy and names are German, but could be thousands"
    assert said in entity(proposal, "orders").columns["gross_amount"].reason


def test_one_number_among_thousands_says_it_for_all(folder: Path, suggest: Suggest) -> None:
    """It stands at the end of a file of which only a sample is looked at closely."""
    rows = [f"A{n};2024-01-{n % 28 + 1:02};2,361" for n in range(6000)]
    _orders(folder, [*rows, "B;2024-02-01;17,5"], "order_id;order_date;total")
    proposal = suggest()
    assert proposal.sources[0].tables[0].read.decimal_separator == ","
    assert "CHECK" not in entity(proposal, "orders").columns["gross_amount"].reason


def test_a_few_grouped_numbers_among_whole_ones_are_seen(folder: Path, suggest: Suggest) -> None:
    rows = [f"A{n},2024-01-{n % 28 + 1:02},{n % 900}" for n in range(3000)]
    _orders(folder, [*rows, 'B,2024-02-01,"1,250"'], "order_id,order_date,total")
    assert suggest().sources[0].tables[0].read.thousands_separator == ","


def test_columns_written_in_two_ways_are_each_read_as_they_are(folder: Path, suggest: Suggest) -> None:
    rows = [f"A{n};2024-01-{n % 28 + 1:02};1.012,50;7.25;8.25" for n in range(60)]
    _orders(folder, rows, "order_id;order_date;total;cogs;shipping_cost")
    proposal = suggest()
    table, columns = proposal.sources[0].tables[0], expressions(proposal, "orders")
    assert (table.read.decimal_separator, table.read.thousands_separator) == (".", None)
    assert table.read.types == {"total": "text"}
    assert columns["cogs_amount"] == "cogs"
    assert _read(columns["gross_amount"], "total", ["1.012,50", "-3,5"]) == [1012.5, -3.5]


@pytest.mark.parametrize(
    ("values", "numbers", "currency"),
    [
        (["1 234,50 €", "-17,50 €", "12 000 €"], [1234.5, -17.5, 12000.0], "'EUR'"),
        (["1\u00a0234,50\u00a0€", "17,50\u00a0€", "1\u202f234\u202f567,05 €"], [1234.5, 17.5, 1234567.05], "'EUR'"),
        (["EUR 1\u202f234,50", "EUR 17,50", "EUR -3"], [1234.5, 17.5, -3.0], "'EUR'"),
        (["1\u00a0234,50", "17,50", "−3,00"], [1234.5, 17.5, -3.0], None),
        (["CHF 1’234.50", "CHF 17.50", "CHF 3.00"], [1234.5, 17.5, 3.0], "'CHF'"),
        (["1 234,50 zł", "17,50 zł", "(3,00 zł)"], [1234.5, 17.5, -3.0], "'PLN'"),
        (["1 234,50 kr", "17,50 kr", "3 kr"], [1234.5, 17.5, 3.0], None),
        (["5,50-", "1.017,50", "3,00-"], [-5.5, 1017.5, -3.0], None),
        (["US$1,234.50", "US$17.50", "-US$3"], [1234.5, 17.5, -3.0], "'USD'"),
        # The point of the sign is none of the number's.
        (["Fr. 1'234.50", "Fr. 17.50", "Fr. 3.00"], [1234.5, 17.5, 3.0], "'CHF'"),
        (["1'234.50 Fr.", "17.50 Fr.", "-3.00 Fr."], [1234.5, 17.5, -3.0], "'CHF'"),
        (["Fr. 1’234.–", "Fr. 17.-", "Fr. -3.20"], [1234.0, 17.0, -3.2], "'CHF'"),
        (["Fr. 1'250.50", "Fr. 7.--", "-Fr. 8.-"], [1250.5, 7.0, -8.0], "'CHF'"),
        (["kr. 5,--", "kr. 17,50", "kr. 1.003,—"], [5.0, 17.5, 1003.0], None),
        (["kr. 1.234,50", "kr. 17,50", "kr. 3"], [1234.5, 17.5, 3.0], None),
        (["1.234,50 kr.", "17,50 kr.", "3,00 kr.-"], [1234.5, 17.5, -3.0], None),
        (["1.234,50kr.", "17,50kr", "3kr."], [1234.5, 17.5, 3.0], None),
    ],
)
def test_amounts_written_for_people(
    folder: Path, suggest: Suggest, values: list[str], numbers: list[float], currency: str | None
) -> None:
    rows = [f"A{n};2024-01-{n % 28 + 1:02};{values[n % 3]}" for n in range(60)]
    _orders(folder, rows, "order_id;order_date;total")
    proposal = suggest()
    orders = entity(proposal, "orders")
    assert _read(orders.columns["gross_amount"].expression, "total", values) == numbers
    assert (orders.columns["currency"].expression if "currency" in orders.columns else None) == currency
    assert proposal.sources[0].tables[0].read.types == {"total": "text"}


@pytest.mark.parametrize(
    ("usual", "strange"),
    [
        (["Fr. 12.50", "Fr. 1'250.50", "17.50"],
         ["anna99@example.com", "+41 79 123 45 67", "079 123 456", "CHF 12,50", "Fr. 1.250,50", "1 Fr. 50", "2x Fr. 10.00", "1e3",
          "FR. 13.75", "€ 12.50", "2026-03-28", "12.5.3", "Fr.", ""]),
        (["1.250,50 €", "12,50 €", "3 €"], ["20.50 €", "20,50 € (2 Stk.)", "12,50 CHF", "1,250.50 €", "12.50.3 €", "1'25 €"]),
    ],
)  # fmt: skip
def test_digits_are_not_picked_out_of_something_else(
    folder: Path, suggest: Suggest, usual: list[str], strange: list[str]
) -> None:
    """A later file may hold anything: what is not written as the amounts were is empty, which a run does not overlook."""
    _orders(folder, [f"A{n};2024-01-{n % 28 + 1:02};{usual[n % 3]}" for n in range(60)], "order_id;order_date;total")
    amount = expressions(suggest(), "orders")["gross_amount"]
    assert None not in _read(amount, "total", usual)
    assert _read(amount, "total", strange) == [None] * len(strange)


def test_several_currencies_become_a_column(folder: Path, suggest: Suggest) -> None:
    values = ["1 234,50 €", "£17,50", "USD 3"]
    rows = [f"A{n};2024-01-{n % 28 + 1:02};{values[n % 3]}" for n in range(60)]
    _orders(folder, rows, "order_id;order_date;total")
    currency = entity(suggest(), "orders").columns["currency"]
    given = ", ".join(f"('{value}')" for value in values)
    found = duckdb.execute(f"select {currency.expression} from (values {given}) as t(total)").fetchall()
    assert found == [("EUR",), ("GBP",), ("USD",)]
    assert "CHECK" in currency.reason


@pytest.mark.parametrize("value", ["007{}", "INV 10{}", "12{} PCS", "030 123 4{}"])
def test_codes_are_no_amounts(folder: Path, suggest: Suggest, value: str) -> None:
    rows = [f"A{n},2024-01-{n % 28 + 1:02},{value.format(n)},{n}.5" for n in range(10, 70)]
    _orders(folder, rows, "order_id,order_date,invoice total text,total")
    assert expressions(suggest(), "orders")["gross_amount"] == "total"


def test_a_computed_amount_reads_its_parts_as_they_are_written(folder: Path, suggest: Suggest) -> None:
    rows = [f"A{n};2024-01-{n % 28 + 1:02};{n % 3 + 1};1 0{n % 90 + 10},50 €" for n in range(60)]
    _orders(folder, rows, "order_id;order_date;quantity;unit price")
    proposal = suggest()
    expression = str(expressions(proposal, "orders")["gross_amount"])
    row = duckdb.execute(
        f"select cast({expression} as double) from (values (3, '1 012,50 €')) as t(quantity, \"unit price\")"
    )
    assert row.fetchone() == (3037.5,)
    assert proposal.sources[0].tables[0].read.types == {"quantity": "integer", "unit price": "text"}


@pytest.mark.parametrize(("yes", "no"), [("ja", "nein"), ("Ja", "Nein"), ("是", "否"), ("J", "N")])
def test_words_for_true_and_false(folder: Path, suggest: Suggest, yes: str, no: str) -> None:
    rows = [f"A{n},2024-01-{n % 28 + 1:02},{n}.5,{yes if n % 9 == 0 else no}" for n in range(60)]
    _orders(folder, rows, "order_id,order_date,total,is_test")
    flag = entity(suggest(), "orders").columns["is_test"]
    assert _read(flag.expression, "is_test", [yes, no, f" {yes}"]) == [1.0, 0.0, 1.0]


@pytest.mark.parametrize(("yes", "no"), [("yes", "no"), ("Y", "N"), ("true", "false")])
def test_words_that_the_connector_reads_are_mapped_as_they_are(folder: Path, suggest: Suggest, yes: str, no: str) -> None:
    rows = [f"A{n},2024-01-{n % 28 + 1:02},{n}.5,{yes if n % 9 == 0 else no}" for n in range(60)]
    _orders(folder, rows, "order_id,order_date,total,is_test")
    assert expressions(suggest(), "orders")["is_test"] == "is_test"


def test_a_column_with_the_right_name_and_other_values_is_named(folder: Path, suggest: Suggest) -> None:
    rows = [f"A{n},2024-01-{n % 28 + 1:02},{n}.5,{'internal' if n % 9 == 0 else 'shop'}" for n in range(60)]
    _orders(folder, rows, "order_id,order_date,total,is_test")
    orders = entity(suggest(), "orders")
    assert "is_test" not in orders.columns
    assert any(note.startswith("CHECK is_test: column is_test is called so") for note in orders.notes)


@pytest.mark.parametrize(
    ("refunded_at", "said"),
    [
        ("2024-02-{:02}T09:00:00+01:00", "times carry their own offset; this is not used"),
        ("2024-02-{:02} 09:00:00", "CHECK: the zone that the system writes refunds.refunded_at in, which name none"),
        # A day begins at midnight somewhere, too.
        ("2024-02-{:02}", "CHECK: the zone that the system writes refunds.refunded_at in, which name none"),
    ],
)
def test_an_offset_in_one_table_says_nothing_about_another(
    folder: Path, suggest: Suggest, refunded_at: str, said: str
) -> None:
    _orders(folder, [f"A{n},2024-01-{n % 28 + 1:02}T09:00:00Z,{n}.5" for n in range(40)], "order_id,ordered_at,total")
    refunds = [f"R{n},A{n},{refunded_at.format(n % 28 + 1)},{n}.5" for n in range(40)]
    _orders(folder, refunds, "refund_id,order_id,refunded_at,amount", "refunds.csv")
    assert suggest().sources[0].notes["timezone"] == said


def test_an_offset_in_most_rows_is_not_one_in_all(folder: Path, suggest: Suggest) -> None:
    rows = [f"A{n},2024-01-{n % 28 + 1:02}T09:00:00{'Z' if n % 4 else ''},{n}.5" for n in range(40)]
    _orders(folder, rows, "order_id,ordered_at,total")
    assert "CHECK" in suggest().sources[0].notes["timezone"]


def test_an_order_total_that_stands_in_every_line_is_taken_once(folder: Path, suggest: Suggest) -> None:
    rows = [f"A{n // 3},2024-01-{n // 3 % 28 + 1:02},{n // 3}.5,{n},{n % 3 + 1}.25" for n in range(90)]
    _orders(folder, rows, "order_id,order_date,total,product_id,cogs")
    orders = entity(suggest(), "orders")
    query = query_text(orders)
    assert "min(total) as gross_amount" in query
    assert "sum(cogs) as cogs_amount" in query
    assert "CHECK: the same in all rows of a key, so that it is taken once" in orders.columns["gross_amount"].reason


def test_equal_lines_are_added_up_and_the_other_way_is_written_down(folder: Path, suggest: Suggest) -> None:
    lines = [f"A{n // 3},2024-01-{n // 3 % 28 + 1:02},P{n % 3},{n}.5" for n in range(90)]
    _orders(folder, [*lines, *lines[:4]], "order_id,order_date,product_id,total")
    orders = entity(suggest(), "orders")
    assert any(
        note.startswith("CHECK 4 rows are equal to another row in every column. They are added up") for note in orders.notes
    )
    # What the comment says to write is a query that the product takes, and counts the copies once.
    other = orders.notes[-1].strip()
    query = query_text(orders).replace("from orders", f"from {other}")
    parse_query(query, ("orders",))
    with duckdb.connect() as con:
        con.execute(f"create table orders as from read_csv('{folder}/orders.csv')")
        assert con.execute(f"select sum(gross_amount) from ({query})").fetchone() == (sum(n + 0.5 for n in range(90)),)
        both = con.execute(f"select sum(gross_amount) from ({query_text(orders)})").fetchone()
        assert both == (sum(n + 0.5 for n in range(90)) + 0.5 + 1.5 + 2.5 + 3.5,)
