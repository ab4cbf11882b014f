"""The columns of `mart.kpi_values`; those of ``KEY`` say which value a row is of."""

from __future__ import annotations

KEY = ("metric", "grain", "period_start", "segment_dimension", "segment_value", "currency")
VALUE_COLUMNS = (
    *KEY,
    "numerator",
    "denominator",
    "value",
    "n",
    "ci_low",
    "ci_high",
    "missing_days",
    "state",
    "definition_hash",
    "watermark",
    "run_id",
    "recorded_at",
)
