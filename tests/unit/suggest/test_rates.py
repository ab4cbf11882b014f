"""Exchange rates: one row per day and currency or one column per currency, and which way round the numbers say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.suggest.query_sql import query_text
from tests.unit.suggest.conftest import Suggest, entity, expressions


def _write(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text("\n".join([*lines, ""]))


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("data1.csv", ["date,currency,rate", "2024-01-02,USD,0.91", "2024-01-02,GBP,1.15", "2024-01-03,USD,0.92"]),
        ("export.csv", ["Datum;Währung;Kurs", "02.01.2024;USD;0,91", "02.01.2024;GBP;1,15", "03.01.2024;USD;0,92"]),
        ("汇率.csv", ["日期,币种,汇率", "2024-01-02,USD,7.11", "2024-01-02,GBP,9.05", "2024-01-03,USD,7.12"]),
    ],
)
def test_rates_that_say_what_a_unit_is_worth(folder: Path, suggest: Suggest, name: str, lines: list[str]) -> None:
    _write(folder, name, *lines)
    rates = entity(suggest(), "exchange_rates")
    day, currency, rate = lines[0].replace(";", ",").split(",")
    assert [str(column.expression).strip('"') for column in rates.columns.values()] == [day, currency, rate]
    assert (
        "CHECK: a rate is how much of the workspace's currency one unit of this one is worth, as"
        in rates.columns["rate"].reason
    )


def test_a_yen_above_one_means_the_other_way_round(folder: Path, suggest: Suggest) -> None:
    _write(folder, "fx.csv", "day,currency,rate", *(f"2024-01-0{n},JPY,155.{n}" for n in range(1, 9)))
    rate = entity(suggest(currency="EUR"), "exchange_rates").columns["rate"]
    assert rate.expression == "1.0 / nullif(rate, 0)"
    assert "they are against EUR" in rate.reason


@pytest.mark.parametrize(
    ("home", "rates", "is_turned"),
    [
        # Forints per unit, of which a yen is worth more than one.
        ("HUF", {"JPY": "2.4", "USD": "350"}, False),
        ("HUF", {"JPY": "2.4"}, False),
        ("HUF", {"JPY": "0.417", "USD": "0.00286"}, True),
        ("HUF", {"USD": "0.00286"}, True),
        # The currencies show it between themselves, whatever the home is.
        (None, {"JPY": "2.4", "USD": "350"}, False),
        (None, {"JPY": "0.417", "USD": "0.00286"}, True),
        ("JPY", {"USD": "150", "GBP": "190"}, False),
        ("JPY", {"USD": "0.0067"}, True),
        ("KRW", {"JPY": "9.1"}, False),
        ("EUR", {"JPY": "0.0064", "GBP": "1.17"}, False),
        ("GBP", {"USD": "1.27", "EUR": "1.17"}, True),
        ("GBP", {"USD": "0.79"}, False),
        ("KWD", {"GBP": "0.39"}, False),
        ("CZK", {"EUR": "25.1", "USD": "23.2"}, False),
    ],
)
def test_the_home_currency_counts(
    folder: Path, suggest: Suggest, home: str | None, rates: dict[str, str], is_turned: bool
) -> None:
    days = [f"2024-01-0{n}" for n in range(1, 9)]
    long = ["day,currency,rate", *(f"{day},{code},{rate}" for day in days for code, rate in rates.items())]
    wide = [",".join(["day", *rates]), *(",".join([day, *rates.values()]) for day in days)]
    # A column per currency takes two of them.
    is_wide = len(rates) > 1
    _write(folder, "fx.csv", *(wide if is_wide else long))
    found = entity(suggest(**({"currency": home} if home else {})), "exchange_rates")
    assert ("1.0 / nullif(" in query_text(found)) is is_turned
    said = found.notes[0] if is_wide else found.columns["rate"].reason
    assert "CHECK" in said
    assert "a guess from what" in said
    assert ("seem to be the other way round" in said) is is_turned


def test_a_guess_without_a_home_says_what_it_supposes(folder: Path, suggest: Suggest) -> None:
    _write(folder, "fx.csv", "day,currency,rate", *(f"2024-01-0{n},JPY,2.4{n}" for n in range(1, 9)))
    rate = entity(suggest(), "exchange_rates").columns["rate"]
    assert rate.expression == "1.0 / nullif(rate, 0)"
    assert "supposing that they are against a main currency" in rate.reason


@pytest.mark.parametrize("value", ["1.05", "0.95"])
def test_yen_and_krona_of_iceland_show_no_direction(folder: Path, suggest: Suggest, value: str) -> None:
    _write(folder, "fx.csv", "day,currency,rate", *(f"2024-01-0{n},JPY,{value}{n}" for n in range(1, 9)))
    rate = entity(suggest(currency="ISK"), "exchange_rates").columns["rate"]
    assert rate.expression == "rate"
    assert "nothing shows which way these numbers say it" in rate.reason


def test_dollars_and_francs_alone_show_no_direction(folder: Path, suggest: Suggest) -> None:
    _write(folder, "fx.csv", "day,currency,rate", "2024-01-02,USD,0.91", "2024-01-02,CHF,1.07")
    rate = entity(suggest(), "exchange_rates").columns["rate"]
    assert rate.expression == "rate"
    assert "CHECK" in rate.reason
    assert "nothing shows which way these numbers say it" in rate.reason


def test_a_column_per_currency_becomes_a_row_per_currency(folder: Path, suggest: Suggest) -> None:
    """As the European Central Bank writes its file: per euro, a comma at the end, N/A where a currency is no more."""
    _write(
        folder, "eurofxref-hist.csv", "Date,USD,JPY,CYP,", "2024-01-02,1.0956,155.67,N/A,", "2024-01-03,1.0919,156.16,0.58,"
    )
    proposal = suggest()
    rates = entity(proposal, "exchange_rates")
    assert query_text(rates).splitlines() == [
        'select "Date" as rate_on, \'USD\' as currency, 1.0 / nullif("USD", 0) as rate from eurofxref_hist where "USD" is not null',
        'union all select "Date", \'JPY\', 1.0 / nullif("JPY", 0) from eurofxref_hist where "JPY" is not null',
    ]
    assert "CHECK rate: " in rates.notes[0]
    assert "they are against EUR" in rates.notes[0]
    assert "not mapped: CYP" in "not mapped: " + ", ".join(proposal.sources[0].tables[0].unmapped)


def test_rates_between_pairs_are_those_into_the_workspaces_currency(folder: Path, suggest: Suggest) -> None:
    _write(folder, "pairs.csv", "day,from_currency,to_currency,rate", "2024-01-02,USD,EUR,0.91", "2024-01-02,EUR,USD,1.09",
           "2024-01-03,USD,EUR,0.92")  # fmt: skip
    rates = entity(suggest(currency="EUR"), "exchange_rates")
    assert (rates.columns["currency"].expression, rates.columns["rate"].expression) == ("from_currency", "rate")
    assert rates.where == "to_currency = 'EUR'"


def test_orders_with_a_rate_stay_orders(folder: Path, suggest: Suggest) -> None:
    rows = [f"A{n},2024-01-{n % 28 + 1:02},{['USD', 'GBP'][n % 2]},0.9{n % 9},{n}.5" for n in range(20)]
    _write(folder, "orders.csv", "order_id,order_date,currency,exchange_rate,total", *rows)
    assert expressions(suggest(), "orders")["gross_amount"] == "total"
