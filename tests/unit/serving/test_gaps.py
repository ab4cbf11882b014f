"""From which day on a value looks at the facts, so that a hole in them is said beside it."""

from __future__ import annotations

from datetime import date

import pytest

from metrics.catalogue.spans import Span
from serving.gaps import first_day


@pytest.mark.parametrize(
    ("span", "start", "expected"),
    [
        (Span(), date(2026, 3, 31), date(2026, 3, 31)),
        (Span(window_days=7), date(2026, 3, 31), date(2026, 3, 25)),
        (Span(shift_months=1), date(2026, 3, 31), date(2026, 2, 28)),
        (Span(window_days=7), date.min, date.min),
        (Span(shift_months=1), date.min, date.min),
        (Span(window_months=1), date.min, date.min),
    ],
)
def test_the_first_day_is_in_the_calendar(span: Span, start: date, expected: date) -> None:
    assert first_day(span, start) == expected
