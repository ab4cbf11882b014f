"""Reading dbt's semantic_manifest.json."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from metrics.errors import QueryError
from metrics.semantic.manifest import Cumulative, NonAdditive, Window, parse_manifest, read_manifest
from tests.soundness.conftest import MANIFEST


def test_a_manifest_of_dbt_is_read_whole() -> None:
    found = read_manifest(MANIFEST)
    assert len(found.models) == 14
    assert found.metrics["conversion_rate"].inputs == ("orders", "sessions")
    assert found.metrics["amount"].meta == {"unit": "currency"}
    assert found.metrics["amount"].label == "Amount"
    assert found.metrics["amount_trailing_2m"].cumulative == Cumulative(Window(2, "month"), None, "last")
    assert found.metrics["refunded_amount"].filters == ("{{ Dimension('purchase__status') }} = 'refunded'",)
    assert found.metrics["amount_growth"].input_metrics[1].offset_window == Window(1, "month")
    assert found.measures["balance_last_of_account"].non_additive == NonAdditive("balance_on", "max", ("account",))
    assert found.measures["amount_shipped"].time_dimension == "shipped_at"
    assert found.measures["amount_p90"].percentile == 0.9
    assert found.models["ad_spend"].primary_entity == "ad_day"
    assert found.models["ad_spend"].own_links == ("ad_day",)
    assert found.day_spine is not None
    assert found.day_spine.column == "date_day"


def test_equal_projects_are_equal_in_whatever_order_dbt_wrote_them() -> None:
    raw = json.loads(MANIFEST.read_text(encoding="utf-8"))
    turned = {**raw, "metrics": raw["metrics"][::-1], "semantic_models": raw["semantic_models"][::-1]}
    assert list(parse_manifest(turned, "x").metrics) == list(parse_manifest(raw, "x").metrics)


def test_a_missing_file_says_what_writes_it(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="run `dbt parse`"):
        read_manifest(tmp_path / "semantic_manifest.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"semantic_models": [{}], "metrics": []}', '{"semantic_models": 1}'])
def test_another_file_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "semantic_manifest.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(QueryError, match="not a semantic manifest of dbt-core"):
        read_manifest(path)


def test_a_measure_without_a_time_is_named(tmp_path: Path) -> None:
    raw = json.loads(MANIFEST.read_text(encoding="utf-8"))
    next(item for item in raw["semantic_models"] if item["name"] == "orders")["defaults"] = None
    with pytest.raises(ValueError, match="of 'orders' has no agg_time_dimension"):
        parse_manifest(raw, "x")
