"""Each hazard against its answer worked out by hand. A failure here means that somebody reads a wrong number.

The other layer is asked in the same run, because the page tells what it was measured to answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.soundness.conftest import MANIFEST
from tests.soundness.hazards.__main__ import PAGE, table_of
from tests.soundness.hazards.bellwether import Bellwether
from tests.soundness.hazards.case import Case, Question, Row, load_cases
from tests.soundness.hazards.layers import CannotBeAskedError, Outcome, Prepared, RefusedError, judge, same_rows
from tests.soundness.hazards.manifest import build_manifest
from tests.soundness.hazards.metricflow_layer import MetricFlowLayer
from tests.soundness.hazards.page import all_outcomes, printed
from tests.soundness.hazards.preparing import prepared
from tests.soundness.hazards.raw_rows import Staged

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CASES = load_cases()
ASKED = [pytest.param(case, question, id=f"{case.name}: {question.asks}") for case in CASES for question in case.questions]
WANTED = """average_of_ratios semi_additive_stock distinct_counts late_data restatement open_period interior_gap weekday_season
    low_volume_and_zero_base alert_noise time_zone_and_dst currency duplicates_and_retries survey_sampling business_hours
    attribution_window cohort_maturity default_filters definition_change leading_indicator_leakage small_cell_access fan_out
    chasm null_join_keys dimension_missing_on_one_side window_at_the_filters_edge day_without_rows
    measure_named_like_a_keyword"""
Outcomes = dict[tuple[str, str], dict[str, Outcome]]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Bellwether:
    return Bellwether(tmp_path_factory.mktemp("ours"), [case for case in CASES if "mapping" in case.product])


@pytest.fixture(scope="module")
def outcomes(ours: Bellwether, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    return all_outcomes(CASES, [ours, MetricFlowLayer()], tmp_path_factory.mktemp("hazards"))


@pytest.mark.parametrize(("case", "question"), ASKED)
def test_ours_is_right_or_says_that_it_does_not_know(case: Case, question: Question, outcomes: Outcomes) -> None:
    found = outcomes[case.name, question.asks][Bellwether.name]
    if found.verdict == "refused" and question.may_refuse:
        assert found.words
        return
    assert found.verdict == "right", f"{found.rows} {found.words}; expected {question.right}: {question.working}"
    assert question.refusal in found.words


def test_every_hazard_has_its_case_and_every_case_a_question_or_a_reason() -> None:
    assert {case.name for case in CASES} == set(WANTED.split())
    assert [case.name for case in CASES if not case.questions and not case.not_built] == []


class _Naive:
    """The layer that walks into every trap."""

    name = "naive"

    def answer(self, prepared: Prepared, question: Question) -> Sequence[Row]:
        return question.naive


def test_a_layer_that_walks_into_every_trap_is_never_called_right(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        found = [judge(_Naive(), Prepared(case, con, tmp_path), question) for case in CASES for question in case.questions]
    assert {(outcome.verdict, outcome.is_naive) for outcome in found} == {("wrong", True)}


class _Failing:
    name = "failing"

    def __init__(self, error: Exception) -> None:
        self._error = error

    def answer(self, prepared: Prepared, question: Question) -> Sequence[Row]:
        raise self._error


def test_refusals_failures_and_what_cannot_be_asked_are_told_apart(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == "fan_out")
    with prepared(case, tmp_path) as ready:
        refused = [judge(_Failing(RefusedError("no")), ready, question).verdict for question in case.questions]
        asked = judge(_Failing(CannotBeAskedError("no")), ready, case.questions[0])
        failed = judge(_Failing(duckdb.ParserException("no")), ready, case.questions[0])
    assert refused == ["right", "refused"]
    assert (asked.verdict, asked.words) == ("not asked", "no")
    assert failed.verdict == "failed"


def test_answers_are_compared_by_value_and_in_any_order() -> None:
    assert same_rows([("a", 1), (None, 2.0)], [(None, 2), ("a", 1.0000001)], keys=1)
    assert same_rows([("a", None)], [], keys=1)
    assert not same_rows([("a", None)], [], keys=None)
    assert not same_rows([("a", 1), ("a", 1)], [("a", 1)], keys=1)
    assert not same_rows([("a", 1.001)], [("a", 1)], keys=1)
    assert not same_rows([("a", 0)], [("a", None)], keys=1)
    assert not same_rows([("a", 1)], [(None, 1)], keys=1)


def test_manifests_are_those_that_dbt_writes() -> None:
    """The builder against dbt's own file for the schema of the suite."""
    folder = MANIFEST.parents[1] / "project" / "models"
    written_models = yaml.safe_load((folder / "semantic_models.yml").read_text())
    models = written_models["semantic_models"]
    (spine,) = (model["time_spine"] for model in written_models["models"] if "time_spine" in model)
    metrics = yaml.safe_load((folder / "metrics.yml").read_text())["metrics"]
    built = build_manifest(models, metrics, "soundness", "time_spine_daily", spine["custom_granularities"])
    written = json.loads(MANIFEST.read_text())
    assert _by_name(built) == _by_name(written)
    assert built["project_configuration"] == written["project_configuration"]


def _by_name(manifest: dict[str, Any]) -> dict[str, Any]:
    """Definitions by name; dbt lists the inputs of a metric in no order that means anything."""

    def inputs(metric: dict[str, Any]) -> dict[str, Any]:
        params = metric["type_params"]
        return {**metric, "type_params": {**params, "input_measures": sorted(params["input_measures"], key=json.dumps)}}

    models = {model["name"]: model for model in manifest["semantic_models"]}
    return {"models": models, "metrics": {metric["name"]: inputs(metric) for metric in manifest["metrics"]}}


_STATES = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 3), st.integers(100, 9999)),
    min_size=1,
    max_size=8,
    unique_by=lambda state: state[:2],
)


@pytest.fixture(scope="module")
def staged(ours: Bellwether) -> Iterator[Staged]:
    with ours.built().staged_orders("duplicates_and_retries", "shop_orders") as found:
        yield found


@settings(max_examples=25, deadline=None)
@seed(20240603)
@given(states=_STATES, data=st.data())
def test_repeated_and_shuffled_rows_change_nothing(
    staged: Staged, states: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    """States of orders (order, version, cents), delivered once in order, then in any order with any of them twice."""
    began = datetime.fromisoformat("2024-06-03 10:00")
    rows = [(f"d{order}", began, began + timedelta(hours=version), cents / 100) for order, version, cents in states]
    delivered = data.draw(st.permutations(rows + data.draw(st.lists(st.sampled_from(rows), max_size=6))))
    latest = {order: cents for order, _, cents in sorted(states)}
    expected = sorted((f"d{order}", began, Decimal(cents) / 100) for order, cents in latest.items())
    assert sorted(staged(rows)) == sorted(staged(delivered)) == expected


def test_the_page_is_what_the_command_prints(outcomes: Outcomes) -> None:
    """After a change: python -m tests.soundness.hazards --write."""
    assert table_of(PAGE.read_text(encoding="utf-8")) == printed(CASES, outcomes).strip()
