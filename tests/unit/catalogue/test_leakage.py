"""An indicator that is made of the same measure as its outcome is refused; two rates of one base are not, nor disjoint parts."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from metrics.catalogue.components import shared_component
from metrics.catalogue.definitions import read_definitions
from metrics.errors import CatalogueError
from tests.unit.catalogue.test_files import KPI, load
from tests.unit.values.company import MODELS, Company, _input, _measure, _metric, _ratio, _simple, build, manifest


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return build(tmp_path_factory.mktemp("company"))


def shared(outcome: str, indicator: str, *extra: dict[str, Any], models: list[dict[str, Any]] | None = None) -> list[str]:
    """The ways of both metrics to the measure they share; none when they share nothing that matters."""
    found = manifest()
    found["metrics"] |= {f"metric.small.{metric['name']}": metric for metric in extra}
    found["semantic_models"] = {model["name"]: model for model in models or MODELS}
    known = read_definitions(found)
    both = shared_component(known[outcome].components, known[indicator].components)
    return [one.way for one in both or ()]


AVERAGE = _ratio("order_value", "gross_revenue", "orders")
PRODUCT = _metric(
    "revenue", "derived", {"expr": "orders * order_value", "metrics": [_input("orders"), _input("order_value")]}
)
BY_MAIL = _ratio("mail_rate", "email_orders", "sessions")


def test_revenue_as_orders_times_order_value_contains_orders() -> None:
    ways = ["revenue -> orders -> measure orders", "orders -> measure orders"]
    assert shared("revenue", "orders", AVERAGE, PRODUCT) == ways
    assert shared("orders", "revenue", AVERAGE, PRODUCT) == ways[::-1]


@pytest.mark.parametrize(
    ("outcome", "indicator"),
    [
        ("conversion_rate", "sessions"),
        ("conversion_rate", "orders"),
        ("sessions", "conversion_rate"),
        # the same orders, some of them
        ("orders", "email_orders"),
        # the same amount, a month before and now
        ("revenue_growth", "gross_revenue"),
        # divided by in one, counted in the other
        ("order_value", "conversion_rate"),
        # both divide by visits, but the orders are in both, too
        ("conversion_rate", "mail_rate"),
    ],
)
def test_a_shared_measure_is_found_wherever_it_stands(outcome: str, indicator: str) -> None:
    assert shared(outcome, indicator, AVERAGE, BY_MAIL) != []


@pytest.mark.parametrize(
    ("outcome", "indicator"),
    [("orders", "sessions"), ("gross_revenue", "orders"), ("conversion_rate", "csat"), ("gross_revenue", "tickets_created")],
)
def test_metrics_of_other_measures_share_nothing(outcome: str, indicator: str) -> None:
    assert shared(outcome, indicator) == []


def test_two_rates_of_one_base_are_no_leak_however_they_are_written() -> None:
    answered = _ratio("answer_rate", "csat_answers", "sessions")
    params = {
        "expr": "1 - answers / nullif(visits, 0)",
        "metrics": [_input("csat_answers", alias="answers"), _input("sessions", alias="visits")],
    }
    assert shared("conversion_rate", "answer_rate", answered) == []
    assert shared("conversion_rate", "silence", _metric("silence", "derived", params)) == []


def test_a_base_that_is_also_counted_is_a_leak() -> None:
    params = {
        "expr": "(csat_answers + sessions) / sessions",
        "metrics": [_input("csat_answers"), _input("sessions")],
    }
    assert shared("conversion_rate", "mixed", _metric("mixed", "derived", params)) != []


def test_the_same_column_under_another_name_or_aggregation_is_the_same_measure() -> None:
    models = copy.deepcopy(MODELS)
    models[0]["measures"] += [_measure("mean_amount", "average", "Gross_Amount"), _measure("fees", "sum", "fee")]
    extra = (_simple("mean_amount", "mean_amount"), _simple("fees", "fees"))
    assert shared("gross_revenue", "mean_amount", *extra, models=models) == [
        "gross_revenue -> measure amount",
        "mean_amount -> measure mean_amount",
    ]
    assert shared("gross_revenue", "fees", *extra, models=models) == []


def test_a_conversion_counts_its_conversions_and_divides_by_its_base() -> None:
    params = {
        "conversion_type_params": {
            "base_measure": {"name": "sessions"}, "conversion_measure": {"name": "tickets"}, "entity": "channel",
        }
    }  # fmt: skip
    contact = _metric("contact_rate", "conversion", params)
    assert shared("conversion_rate", "contact_rate", contact) == []
    assert shared("sessions", "contact_rate", contact) != []
    assert shared("contact_rate", "tickets_created", contact) != []


CHANNEL, STATUS = "{{ Entity('channel') }}", "{{ Dimension('order__status') }}"


def part(name: str, condition: str | None, where: str = "metric") -> dict[str, Any]:
    """Orders under a condition of the metric, of its measure, or of the metric that is its input."""
    found = _simple(name, "orders")
    filtered = {"where_filters": [{"where_sql_template": condition}]} if condition else None
    if where == "input":
        return _metric(name, "derived", {"expr": "orders", "metrics": [{**_input("orders"), "filter": filtered}]})
    (found if where == "metric" else found["type_params"]["measure"])["filter"] = filtered
    return found


@pytest.mark.parametrize("where", ["metric", "measure", "input"])
def test_disjoint_parts_of_a_measure_share_no_row(where: str) -> None:
    mail, search = part("mail", f"{CHANNEL} = 'email'"), part("search", f"{STATUS} = 'paid' and 'search' = {CHANNEL}", where)
    assert shared("mail", "search", mail, search) == []
    assert shared("search", "mail", mail, search) == []


@pytest.mark.parametrize(
    "other",
    [
        None,
        f"{CHANNEL} = 'email'",
        f"{CHANNEL} = 'Email'",
        f"{CHANNEL} != 'search'",
        f"{CHANNEL} in ('search', 'social')",
        f"{CHANNEL} = 'search' or {STATUS} = 'paid'",
        f"not {CHANNEL} = 'search'",
        f"{STATUS} = 'search'",
        f"lower({CHANNEL}) = 'search'",
        "{{ Dimension('channel__name') }} = 'search'",
        # what looks different may be equal as a number, as a date or as true
        f"{CHANNEL} = 1",
        f"{CHANNEL} = '01'",
        f"{CHANNEL} = 'true'",
        "{{ TimeDimension('metric_time', 'day') }} = 'search'",
        f"{CHANNEL} = ",
    ],
)
def test_parts_that_may_share_a_row_leak(other: str | None) -> None:
    assert shared("mail", "other", part("mail", f"{CHANNEL} = 'email'"), part("other", other)) != []


def test_the_whole_beside_a_disjoint_part_still_leaks() -> None:
    """search / orders moves with the orders of mail through what it is divided by."""
    parts = (part("mail", f"{CHANNEL} = 'email'"), part("search", f"{CHANNEL} = 'search'"))
    assert shared("mail", "search_share", *parts, _ratio("search_share", "search", "orders")) != []


def test_one_name_in_two_models_of_a_table_is_no_proof() -> None:
    models = copy.deepcopy(MODELS)
    models.append({**copy.deepcopy(MODELS[0]), "name": "orders_again", "measures": [_measure("again", "count", "order_id")]})
    models[0]["measures"][0] |= {"expr": "order_id"}
    again = _simple("again", "again") | {"filter": {"where_filters": [{"where_sql_template": f"{CHANNEL} = 'search'"}]}}
    assert shared("mail", "again", part("mail", f"{CHANNEL} = 'email'"), again, models=models) != []


def test_the_file_is_refused_with_one_line_that_says_what_is_shared(company: Company, tmp_path: Path) -> None:
    own = KPI.replace("id: orders", "id: conversion_rate") + "    leading_indicators:\n      - {kpi: csat, lag_days: 3}\n"
    load(company, tmp_path / "allowed", own=own)
    with pytest.raises(CatalogueError) as caught:
        load(company, tmp_path / "refused", own=own + "      - {kpi: sessions, lag_days: 1}\n")
    said = str(caught.value)
    assert (
        "kpis/sales.yml:15: conversion_rate: leading indicator 'sessions' is a part of its own outcome: both are made"
        in said
    )
    assert "(conversion_rate -> sessions -> measure sessions; sessions -> measure sessions)" in said
    assert "Name an indicator that is made of other measures, or remove it." in said
    assert "\n" not in said
