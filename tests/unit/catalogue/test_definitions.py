"""What a metric is made of: entities, hash, reach, foldability, whether it is connected."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from metrics.catalogue import metric_entities, read_lineage
from metrics.catalogue.definitions import Reach, read_definitions
from metrics.errors import CatalogueError
from tests.unit.values.company import METRICS, _input, _metric, _simple, build, manifest

A_WEEK = {"count": 1, "granularity": "week"}


def with_metrics(*extra: dict[str, Any]) -> dict[str, Any]:
    """The company's manifest with further metrics."""
    found = copy.deepcopy(manifest())
    found["metrics"] |= {f"metric.small.{metric['name']}": copy.deepcopy(metric) for metric in extra}
    return found


def cumulative(name: str, **window: Any) -> dict[str, Any]:
    """A cumulative metric over the orders measure."""
    reference = {"name": "orders", "filter": None, "join_to_timespine": False, "fill_nulls_with": None}
    return _metric(name, "cumulative", {"measure": reference, "cumulative_type_params": window})


def derived(name: str, of: dict[str, Any]) -> dict[str, Any]:
    """A derived metric that repeats its one input, called o."""
    return _metric(name, "derived", {"expr": "o", "metrics": [of]})


def write(tmp_path: Path, found: dict[str, Any]) -> Path:
    """manifest.json on disk."""
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(found))
    return path


def test_entities_come_from_lineage(tmp_path: Path) -> None:
    found = metric_entities(write(tmp_path, manifest()))
    assert found["orders"] == {"orders", "web_sessions", "customers"}
    assert found["conversion_rate"] == {"orders", "web_sessions", "customers"}
    assert found["csat"] == {"survey_responses"}


def test_a_metric_needs_its_own_facts_only(tmp_path: Path) -> None:
    """An order's visit lends it a channel: without visits there are orders all the same."""
    lineage = read_lineage(write(tmp_path, manifest()))
    assert lineage["orders"].needs == {"orders"}
    assert lineage["conversion_rate"].needs == {"orders", "web_sessions"}


def test_meta_says_what_a_model_without_an_entity_in_its_name_needs(tmp_path: Path) -> None:
    found = manifest()
    found = json.loads(json.dumps(found).replace("fct_tickets", "fct_waiting"))
    assert read_lineage(write(tmp_path, found))["tickets_created"].needs == {"tickets"}
    found["nodes"]["model.small.fct_waiting"]["config"]["meta"] = {"entities": ["tickets", "ticket_replies"]}
    assert read_lineage(write(tmp_path, found))["tickets_created"].needs == {"tickets", "ticket_replies"}


def test_not_connected_names_what_to_map(tmp_path: Path) -> None:
    company = build(tmp_path)
    assert company.catalogue.connected("conversion_rate")
    object.__setattr__(company.catalogue, "mapped", frozenset({"orders"}))
    assert company.catalogue.connected("orders")
    assert company.catalogue.missing_entities("conversion_rate") == {"web_sessions"}


def test_a_missing_manifest_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"manifest.json is missing"):
        read_lineage(tmp_path / "manifest.json")


@pytest.mark.parametrize("ident", ["orders", "conversion_rate", "revenue_growth"])
def test_wording_does_not_change_the_hash(ident: str) -> None:
    before = read_definitions(manifest())[ident].definition_hash
    found = with_metrics()
    for metric in found["metrics"].values():
        metric |= {"label": "Another", "description": "Another"}
        metric["config"]["meta"] |= {"label": {"en": "x", "zh": "y"}, "segments": [], "direction": "down"}
    assert read_definitions(found)[ident].definition_hash == before


@pytest.mark.parametrize(
    ("ident", "changed"),
    [("orders", True), ("conversion_rate", True), ("gross_revenue", False), ("csat", False)],
)
def test_arithmetic_changes_the_hash_of_everything_above_it(ident: str, changed: bool) -> None:
    before = read_definitions(manifest())[ident].definition_hash
    found = with_metrics()
    found["semantic_models"]["semantic_model.small.orders"]["measures"][0]["expr"] = "2"
    assert (read_definitions(found)[ident].definition_hash != before) is changed


def test_a_filter_changes_the_hash() -> None:
    found = with_metrics()
    found["metrics"]["metric.small.orders"]["filter"] = {"where_filters": [{"where_sql_template": "1 = 1"}]}
    assert read_definitions(found)["orders"].definition_hash != read_definitions(manifest())["orders"].definition_hash


def test_facts_tell_apart_what_has_rows_in_other_places() -> None:
    found = read_definitions(manifest())
    assert found["orders"].facts == found["gross_revenue"].facts == {"orders business_date"}
    assert found["conversion_rate"].facts == found["orders"].facts | found["sessions"].facts
    assert found["email_orders"].facts != found["orders"].facts
    assert len(found["revenue_growth"].facts) == 2


def test_only_sums_and_ratios_of_sums_are_foldable() -> None:
    found = read_definitions(manifest())
    assert {name for name, definition in found.items() if not definition.is_foldable} == {
        "first_response_minutes",
        "revenue_growth",
    }


@pytest.mark.parametrize(
    ("metric", "reach"),
    [
        (cumulative("trailing", window={"count": 28, "granularity": "day"}), Reach(0, 28)),
        (cumulative("month_to_date", grain_to_date="month"), Reach(0, 31)),
        (cumulative("ever"), Reach(0, None)),
        (derived("grown", _input("orders", alias="o", offset_to_grain="month")), Reach(0, 31)),
        (derived("twice", _input("revenue_growth", alias="o", offset_window=A_WEEK)), Reach(0, 38)),
        (_simple("plain", "orders"), Reach(0, 0)),
    ],
)  # fmt: skip
def test_reach(metric: dict[str, Any], reach: Reach) -> None:
    assert read_definitions(with_metrics(metric))[metric["name"]].reach == reach


def test_formulas_are_readable() -> None:
    found = {name: definition.formula for name, definition in read_definitions(manifest()).items()}
    assert found["conversion_rate"] == "orders / sessions"
    assert found["gross_revenue"] == "sum(gross_amount)"
    assert len(found) == len(METRICS)
