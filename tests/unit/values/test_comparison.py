"""Two definitions on the same facts: the values that differ are those that pandas says differ, and nothing is written."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from metrics.catalogue.definitions import read_definitions
from metrics.semantic import SemanticLayer
from metrics.values import compute_values, write_definitions
from metrics.values.comparison import Asked, Comparison, Definitions, compare_definitions
from metrics.workspace.small_cells import SmallCells
from tests.unit.values.company import TODAY, Company, build, random_frames, semantic_manifest, truth

EMAIL = {"where_filters": [{"where_sql_template": "{{ Entity('channel') }} = 'email'"}]}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    found = build(tmp_path_factory.mktemp("company"))
    found.load(random_frames(seed=3))
    found.set_time(TODAY, date(2026, 6, 9), date(2026, 5, 10))
    write_definitions(found.con, found.catalogue)
    compute_values(found.con, found.ws, found.layer, found.catalogue, None, "run")
    return found


def side(raw: dict[str, Any], folder: Path) -> Definitions:
    path = folder / "edited.json"
    path.write_text(json.dumps(raw))
    return Definitions(SemanticLayer.from_manifest(path), read_definitions(raw), raw)


def edited() -> dict[str, Any]:
    return copy.deepcopy(semantic_manifest())


def metric(raw: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in raw["metrics"] if one["name"] == name)


def compare(company: Company, raw: dict[str, Any], folder: Path, asked: Asked | None = None) -> Comparison:
    old = side(semantic_manifest(), folder)
    return compare_definitions(company.con, company.ws, old, side(raw, folder), {}, asked or Asked())


def test_equal_definitions_have_no_difference(company: Company, tmp_path: Path) -> None:
    raw = edited()
    metric(raw, "orders")["label"] = "Purchases"
    found = compare(company, raw, tmp_path)
    assert (found.metrics, found.models, found.values) == ([], [], [])


def test_what_is_withheld_from_readers_is_not_compared(company: Company, tmp_path: Path) -> None:
    raw = edited()
    measure = next(one for model in raw["semantic_models"] for one in model["measures"] if one["name"] == "amount")
    measure["expr"] = f"2 * {measure['expr']}"
    old, new = side(semantic_manifest(), tmp_path), side(raw, tmp_path)
    guarded = company.ws.model_copy(update={"small_cells": SmallCells(dimensions=("channel",))})
    seen = {
        ws is guarded: {one.segment_dimension for one in compare_definitions(company.con, ws, old, new, {}, Asked()).values}
        for ws in (company.ws, guarded)
    }
    assert seen == {False: {"", "channel"}, True: {""}}


@pytest.mark.parametrize("is_edited_side_old", [False, True])
def test_a_condition_on_what_is_guarded_is_not_answered(
    company: Company, tmp_path: Path, *, is_edited_side_old: bool
) -> None:
    raw = edited()
    metric(raw, "orders")["filter"] = EMAIL
    sides = [side(semantic_manifest(), tmp_path), side(raw, tmp_path)]
    guarded = company.ws.model_copy(update={"small_cells": SmallCells(dimensions=("channel",))})
    old, new = reversed(sides) if is_edited_side_old else sides
    found = compare_definitions(company.con, guarded, old, new, {}, Asked())
    # the rate is made of those orders: with the visits, its value would give them
    refused = "a filter names channel, which small_cells guards"
    assert {one.metric: (one.problem, one.compared) for one in found.metrics} == {
        "orders": (refused, 0), "conversion_rate": (refused, 0),
    }  # fmt: skip
    assert found.values == []


def test_a_filter_changes_what_pandas_says_it_changes(company: Company, tmp_path: Path) -> None:
    raw = edited()
    metric(raw, "orders")["filter"] = EMAIL
    found = compare(company, raw, tmp_path)
    assert {one.metric for one in found.metrics} == {"orders", "conversion_rate"}
    mails = {**company.frames, "fct_orders": company.frames["fct_orders"].query("channel == 'email'")}
    for grain in ("day", "week", "month", "quarter"):
        before, after = (truth(frames, "orders", grain, by_channel=False) for frames in (company.frames, mails))
        expected = {start: (value, after.get((start, member))) for (start, member), value in before.items()}
        expected = {start: pair for start, pair in expected.items() if pair[0] != pair[1]}
        values = [one for one in found.values if (one.metric, one.grain, one.segment_dimension) == ("orders", grain, "")]
        assert {one.period_start: (one.old, one.new) for one in values} == expected
        assert len(expected) > 1
    april = next(
        one
        for one in found.values
        if (one.metric, one.grain, one.segment_dimension, one.period_start) == ("orders", "month", "", date(2026, 4, 1))
    )
    assert april.old
    assert april.new
    assert april.change == pytest.approx(april.new / april.old - 1)
    counted = next(one for one in found.metrics if one.metric == "orders")
    assert counted.changed == sum(one.metric == "orders" for one in found.values)
    assert counted.compared > counted.changed


def test_the_largest_comes_first_and_what_has_no_percentage_before_it(company: Company, tmp_path: Path) -> None:
    raw = edited()
    metric(raw, "orders")["filter"] = EMAIL
    changes = [one.change for one in compare(company, raw, tmp_path).values]
    known = [abs(one) for one in changes if one is not None]
    assert changes[: len(changes) - len(known)] == [None] * (len(changes) - len(known))
    assert known == sorted(known, reverse=True)


def test_what_is_asked_for_bounds_metrics_grains_and_periods(company: Company, tmp_path: Path) -> None:
    raw = edited()
    metric(raw, "orders")["filter"] = EMAIL
    found = compare(company, raw, tmp_path, Asked(["orders"], ["week"], date(2026, 4, 8), date(2026, 4, 14)))
    assert {one.metric for one in found.metrics} == {"orders"}
    totals = {(one.grain, one.period_start) for one in found.values if not one.segment_dimension}
    assert totals == {("week", date(2026, 4, 6)), ("week", date(2026, 4, 13))}


def test_a_column_of_a_model_changes_segments_and_not_the_total(company: Company, tmp_path: Path) -> None:
    """The metric is written as before: its hash does not know how the channel is spelled."""
    raw = edited()
    orders = next(one for one in raw["semantic_models"] if one["name"] == "orders")
    orders["entities"][1]["expr"] = "case when channel = 'social' then 'search' else channel end"
    found = compare(company, raw, tmp_path, Asked(["orders"], ["month"]))
    (one,) = found.metrics
    assert (one.kind, one.changes) == ("changed", [])
    assert [change.about for change in found.models] == ["orders.channel"]
    frame = company.frames["fct_orders"].assign(channel=lambda f: f["channel"].replace("social", "search"))
    before, after = (
        truth({"fct_orders": f}, "orders", "month", by_channel=True) for f in (company.frames["fct_orders"], frame)
    )
    expected = {
        key: (before.get(key), after.get(key)) for key in before.keys() | after.keys() if before.get(key) != after.get(key)
    }
    assert {(v.period_start, v.segment_value): (v.old, v.new) for v in found.values} == expected
    assert expected


def test_grains_and_segments_that_are_kept_are_told_as_such(company: Company, tmp_path: Path) -> None:
    """The arithmetic is the same on both sides, and so are the models."""
    raw = edited()
    metric(raw, "sessions")["config"]["meta"] |= {"segments": [], "grains": ["week", "month"]}
    found = compare(company, raw, tmp_path)
    assert found.models == []
    (one,) = found.metrics
    assert (one.metric, [change.in_language("en") for change in one.changes]) == (
        "sessions", ["grains: day, week, month, quarter -> week, month", "segments: channel -> none"],
    )  # fmt: skip
    gone = {(value.grain, value.segment_dimension) for value in found.values if value.new is None}
    kept = {(grain, "") for grain in ("week", "month")}
    assert gone == {(grain, by) for grain in ("day", "week", "month", "quarter") for by in ("", "channel")} - kept


def test_a_metric_on_one_side_is_listed_and_what_cannot_be_computed_hides_nothing(company: Company, tmp_path: Path) -> None:
    raw = edited()
    raw["metrics"] = [one for one in raw["metrics"] if one["name"] != "first_response_minutes"]
    raw["metrics"].append({**copy.deepcopy(metric(raw, "sessions")), "name": "visits"})
    orders = next(one for one in raw["semantic_models"] if one["name"] == "orders")
    orders["measures"][1]["expr"] = "net_amount"
    metric(raw, "orders")["filter"] = EMAIL
    found = compare(company, raw, tmp_path)
    by_name = {one.metric: one for one in found.metrics}
    assert by_name["first_response_minutes"].kind == "only_old"
    assert by_name["visits"].kind == "only_new"
    assert "net_amount" in by_name["gross_revenue"].problem
    assert not [one for one in found.values if one.metric == "gross_revenue"]
    assert by_name["orders"].changed > 0


def test_nothing_is_written(company: Company, tmp_path: Path) -> None:
    """A copy on disk, opened read-only, is enough."""
    path = tmp_path / "copy.duckdb"
    company.con.execute(f"attach '{path}' as copied; copy from database warehouse to copied; detach copied")
    raw = edited()
    metric(raw, "orders")["filter"] = EMAIL
    before = path.read_bytes()
    with duckdb.connect(str(path), read_only=True) as con:
        old = side(semantic_manifest(), tmp_path)
        found = compare_definitions(con, company.ws, old, side(raw, tmp_path), {}, Asked(["orders"], ["month"]))
    frame: pd.DataFrame = company.frames["fct_orders"]
    may = frame[frame["business_date"].map(lambda day: day.month) == 5]
    value = next(v for v in found.values if v.period_start == date(2026, 5, 1) and not v.segment_dimension)
    assert (value.old, value.new) == (len(may), int((may["channel"] == "email").sum()))
    assert path.read_bytes() == before
