"""Great Expectations as a library: validate a small frame, and never mistake a broken check for a passed one.

Its own behaviour needs three guards: it passes an empty frame, ignores NULLs, and reports a missing column as a breach.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["ok", "breach", "empty", "broken"]


@dataclass(frozen=True)
class Between:
    """An expectation: every value of ``column`` lies between the bounds (either may be open). NULL is a breach."""

    column: str
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Outcome:
    """Result of a suite: the verdict, why, and the positions of the rows that broke an expectation."""

    verdict: Verdict
    reason: str
    rows: tuple[int, ...] = ()

    @property
    def passed(self) -> bool:
        """True only for a suite that ran and held."""
        return self.verdict == "ok"


def validate(frame: pd.DataFrame, suite_name: str, expectations: Sequence[Between]) -> Outcome:
    """Run the suite over ``frame``; rows are reported by their position in it."""
    missing = sorted({e.column for e in expectations} - set(frame.columns))
    if missing:
        return Outcome("broken", f"the checked table has no column {', '.join(missing)}")
    if frame.empty:
        return Outcome("empty", "there was no row to check")
    result = _run(frame.reset_index(drop=True), suite_name, expectations)
    broken: list[str] = []
    bad_rows: set[int] = set()
    for expectation, outcome in zip(expectations, result.results, strict=True):
        if outcome.exception_info and any(info.get("raised_exception") for info in _exceptions(outcome.exception_info)):
            broken.append(expectation.column)
            continue
        bad_rows.update(outcome.result.get("unexpected_index_list") or [])
        bad_rows.update(frame.reset_index(drop=True).index[frame[expectation.column].isna().to_numpy()].tolist())
    if broken:
        return Outcome("broken", f"the check itself failed on {', '.join(broken)}")
    if bad_rows:
        return Outcome("breach", f"{len(bad_rows)} of {len(frame)} rows", tuple(sorted(bad_rows)))
    if not result.success:
        return Outcome("broken", "Great Expectations reported a failure without naming a row")
    return Outcome("ok", f"{len(frame)} rows")


def _exceptions(info: dict) -> list[dict]:
    return [info] if "raised_exception" in info else [v for v in info.values() if isinstance(v, dict)]


def _run(frame: pd.DataFrame, suite_name: str, expectations: Sequence[Between]):
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations import expectations as gxe
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = (
        context.data_sources.add_or_update_pandas("frames")
        .add_dataframe_asset(suite_name)
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": frame})
    )
    suite = gx.ExpectationSuite(
        name=suite_name,
        expectations=[
            gxe.ExpectColumnValuesToBeBetween(column=e.column, min_value=e.minimum, max_value=e.maximum)
            for e in expectations
        ],
    )
    return batch.validate(suite, result_format={"result_format": "COMPLETE"})
