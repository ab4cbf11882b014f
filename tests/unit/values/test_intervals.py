"""The interval of a net promoter score is that of its definition: the exact variance of answers that are 100, 0 or -100."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metrics.catalogue import load_catalogue, read_lineage
from metrics.catalogue.definitions import read_definitions
from metrics.catalogue.intervals import Interval, interval_of
from metrics.errors import CatalogueError
from metrics.semantic import SemanticLayer
from metrics.values import compute_values, write_definitions
from metrics.values.comparison import Asked, Definitions, compare_definitions
from tests.unit.values import company as small
from tests.unit.values.company import Company, build

ANSWERS = {"promoters": "score = 5", "detractors": "score <= 2"}
Z = 1.959963984540054


def with_nps(root: Path) -> Company:
    """The small company with a net promoter score over its answers of 1 to 5."""
    found = build(root)
    models = copy.deepcopy(small.MODELS)
    answers = next(one for one in models if one["name"] == "survey_responses")
    answers["measures"] += [
        small._measure(name, "sum", f"case when {condition} then 1 else 0 end") for name, condition in ANSWERS.items()
    ]
    answers["measures"].append(
        small._measure("points", "sum", "case when score = 5 then 100 when score <= 2 then -100 else 0 end")
    )
    count = {"additivity": "additive", "unit": "count", "direction": "up", "segments": ["channel"]}
    metrics = [
        *small.METRICS,
        *(small._simple(name, name, **count) for name in (*ANSWERS, "points")),
        small._ratio(
            "nps", "points", "csat_answers", unit="score", direction="up", n="csat_answers", interval="nps",
            promoters="promoters", detractors="detractors", segments=["channel"],
        ),
    ]  # fmt: skip
    raw = small.manifest() | {
        "metrics": {one["name"]: one for one in metrics},
        "semantic_models": {m["name"]: m for m in models},
    }
    (root / "manifest.json").write_text(json.dumps(raw))
    bare = [{k: v for k, v in one.items() if k not in ("model", "depends_on")} for one in models]
    (root / "semantic_manifest.json").write_text(
        json.dumps(small.semantic_manifest() | {"metrics": metrics, "semantic_models": bare})
    )
    found.layer = SemanticLayer.from_manifest(root / "semantic_manifest.json")
    found.catalogue = load_catalogue(found.ws, found.layer, read_lineage(root / "manifest.json"), shipped=root / "none")
    return found


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    found = with_nps(tmp_path_factory.mktemp("company"))
    found.load(small.random_frames(seed=5))
    found.set_time(small.TODAY, date(2026, 6, 9), date(2026, 5, 10))
    compute_values(found.con, found.ws, found.layer, found.catalogue, None, "run")
    return found


def interval_of_answers(points: Any) -> tuple[float, float] | tuple[None, None]:
    """numpy: mean of the answers +- z times the standard error, not beyond what a score can be."""
    spread = float(np.var(points))
    if spread == 0:
        return None, None
    half = Z * np.sqrt(spread / len(points))
    return max(-100.0, float(np.mean(points)) - half), min(100.0, float(np.mean(points)) + half)


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter"])
@pytest.mark.parametrize("dimension", ["", "channel"])
def test_it_is_the_standard_error_of_the_answers(company: Company, grain: str, dimension: str) -> None:
    frame: pd.DataFrame = company.frames["fct_survey_responses"]
    points = frame.assign(points=np.select([frame["score"] == 5, frame["score"] <= 2], [100, -100], 0))
    groups = small._grouped(points, grain, bool(dimension))["points"]
    expected = {key: interval_of_answers(group) for key, group in groups}
    rows = company.con.execute(
        """select period_start, segment_value, ci_low, ci_high from mart.kpi_current
        where metric = 'nps' and grain = ? and segment_dimension = ?""",
        [grain, dimension],
    ).fetchall()
    assert {(start, member) for start, member, *_ in rows} == set(expected)
    for start, member, low, high in rows:
        wanted = expected[start, member]
        assert (low, high) == (None, None) if wanted[0] is None else (low, high) == pytest.approx(wanted)
    assert dimension == "" or grain != "day" or any(low is None for low, _ in expected.values())


def test_four_promoters_and_two_detractors_of_ten(tmp_path: Path) -> None:
    """By hand: variance .4 + .2 - .2 x .2 = .56 an answer; 20 -+ 1.959964 x 100 x sqrt(.056) = 20 -+ 46.3812."""
    company = with_nps(tmp_path)
    company.load(small.random_frames(seed=5))
    company.set_time(small.TODAY, date(2026, 6, 9), date(2026, 5, 10))
    company.con.execute(
        """create or replace table core.fct_survey_responses as
        select i::text as response_id, date '2026-04-01' as business_date, 'email' as channel,
               case when i < 4 then 5 when i < 6 then 1 else 4 end::double as score from range(10) as t(i)"""
    )
    compute_values(company.con, company.ws, company.layer, company.catalogue, None, "run")
    (found,) = company.con.execute(
        "select value, n, ci_low, ci_high from mart.kpi_current where metric = 'nps' and grain = 'day' and segment_dimension = ''"
    ).fetchall()
    assert found == pytest.approx((20, 10, -26.3812, 66.3812), abs=1e-4)


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        (
            {"interval": "wislon"},
            "metric m: config.meta.interval is 'wislon', expected one of wilson, nps. Did you mean 'wilson'?",
        ),
        (
            {"interval": "nps", "unit": "count"},
            "metric m: config.meta.interval nps needs the unit score (-100 to 100) or ratio (-1 to 1).",
        ),
        (
            {"interval": "nps", "unit": "score", "promoters": "promotors", "detractors": "d"},
            "metric m: config.meta.interval nps needs config.meta.promoters, a metric that counts them; found 'promotors'."
            " Did you mean 'promoters'?",
        ),
    ],
)
def test_a_declaration_that_is_wrong_is_said(meta: dict[str, str], said: str) -> None:
    with pytest.raises(CatalogueError) as error:
        interval_of("m", meta, {"promoters": 1, "d": 1})
    assert str(error.value) == said
    assert interval_of("m", {}, {}) == Interval()


def test_a_comparison_computes_a_score_with_what_its_interval_counts(tmp_path: Path) -> None:
    """The metric alone is compared, the ones that count for it are not."""
    company = with_nps(tmp_path)
    company.load(small.random_frames(seed=5))
    company.set_time(small.TODAY, date(2026, 6, 9), date(2026, 5, 10))
    write_definitions(company.con, company.catalogue)
    raw = json.loads((tmp_path / "semantic_manifest.json").read_text())
    sides = []
    for condition in (None, {"where_filters": [{"where_sql_template": "{{ Entity('channel') }} = 'email'"}]}):
        next(one for one in raw["metrics"] if one["name"] == "nps")["filter"] = condition
        (tmp_path / "side.json").write_text(json.dumps(raw))
        layer = SemanticLayer.from_manifest(tmp_path / "side.json")
        sides.append(Definitions(layer, read_definitions(raw), copy.deepcopy(raw)))
    found = compare_definitions(company.con, company.ws, *sides, {}, Asked(["nps"], ["month"]))
    (metric,) = found.metrics
    assert metric.problem == ""
    frame = company.frames["fct_survey_responses"]
    april = frame[(frame["channel"] == "email") & frame["business_date"].map(lambda day: day.month == 4)]
    score = 100 * ((april["score"] == 5).mean() - (april["score"] <= 2).mean())
    value = next(one for one in found.values if one.period_start == date(2026, 4, 1) and not one.segment_dimension)
    assert value.new == pytest.approx(score)
