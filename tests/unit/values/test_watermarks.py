"""How far a metric's values reach: as far as the events that it reads; without events as far as its reference entities."""

from __future__ import annotations

from datetime import date

import pytest

from metrics.values.watermarks import Watermark, metric_watermark

CUSTOMERS, ORDERS = Watermark(date(2026, 3, 10), date(2026, 2, 8)), Watermark(date(2026, 3, 12), date(2026, 2, 10))
UNKNOWN = Watermark(None, None)


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        ({"orders", "customers"}, ORDERS),  # the country of a customer does not hold back orders
        ({"customers"}, CUSTOMERS),  # how many customers became active: nothing else says until when they are known
        ({"customers", "tickets"}, UNKNOWN),  # an event of which no day has closed
        ({"leads"}, UNKNOWN),  # not mapped
    ],
)
def test_events_decide_and_references_only_where_there_are_none(reads: set[str], expected: Watermark) -> None:
    marks = {"customers": CUSTOMERS, "orders": ORDERS, "tickets": UNKNOWN}
    assert metric_watermark(marks, reads) == expected
