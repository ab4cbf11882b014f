"""A benchmark for `kpi target`: a share in per cent is refused before 300 % become the advice."""

from __future__ import annotations

import pytest

from dagster_project.cli_target import _benchmark
from metrics.errors import QueryError
from serving.target_advice import GivenBenchmark, check_benchmark


def test_a_share_given_in_per_cent_is_refused_with_both_ways_to_write_it() -> None:
    with pytest.raises(QueryError) as caught:
        check_benchmark("conversion_rate", "ratio", [0.02, None, 0.041], GivenBenchmark(3.0, "Survey"))
    assert str(caught.value) == (
        "conversion_rate: --benchmark 3 is 300 % of a share that has never been above 4.1 %. "
        "Write 3 % as 0.03 or 3%, and 300 % as 300%."
    )


def test_a_negative_one_too() -> None:
    with pytest.raises(QueryError, match="--benchmark -3 is -300 %"):
        check_benchmark("mrr_growth", "ratio", [-0.02, 0.01], GivenBenchmark(-3.0, "Survey"))


@pytest.mark.parametrize(
    ("unit", "values", "given"),
    [
        ("ratio", [0.02, 0.04], GivenBenchmark(1.0, "Survey")),
        # in per cent on purpose
        ("ratio", [0.5, 0.9], GivenBenchmark(3.0, "Survey", is_percent=True)),
        # a return on what was spent is no part of it
        ("ratio", [0.8, 1.2], GivenBenchmark(3.0, "Survey")),
        ("currency", [0.4, 0.9], GivenBenchmark(3.0, "Survey")),
        ("ratio", [], GivenBenchmark(3.0, "Survey")),
    ],
)
def test_what_can_be_meant_is_taken(unit: str, values: list[float | None], given: GivenBenchmark) -> None:
    check_benchmark("one", unit, values, given)


def test_per_cent_is_only_of_a_share() -> None:
    with pytest.raises(QueryError, match="cac: --benchmark is in per cent, but the KPI is no share"):
        check_benchmark("cac", "currency", [10.0], GivenBenchmark(0.1, "Survey", is_percent=True))


def test_a_full_width_per_cent_sign_is_one() -> None:
    assert _benchmark("３％", "Survey") == _benchmark("3%", "Survey") == GivenBenchmark(0.03, "Survey", is_percent=True)
