"""Where MetricFlow 0.213 and this compiler answer differently on purpose; docs/correctness.md tells each reason.

Where MetricFlow is the one that is wrong, ``test_truth.py`` holds the answer computed without either compiler.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from metrics.semantic import Query
from tests.soundness.differential import SPINE


@dataclass(frozen=True)
class Known:
    """A deliberate difference: the metrics it concerns are left out of the queries to which it applies."""

    reason: str
    metrics: frozenset[str]
    applies: Callable[[Query], bool]


def _grains(query: Query) -> list[str]:
    """The grains of metric_time, the finest last, as ``differential`` writes them."""
    return [name.removeprefix("metric_time__") for name in query.group_by if name.startswith("metric_time__")]


def _grain(query: Query) -> str | None:
    return next(reversed(_grains(query)), None)


def _has_pieces(query: Query) -> bool:
    """Whether its rows are the days that a week has in a longer period."""
    return _grain(query) == "week" and len(_grains(query)) > 1


def _shows_by_another_name(query: Query) -> bool:
    """The channel of an order has two names."""
    where, shown = " ".join(query.where), set(query.group_by)
    return ("Entity('channel')" in where and "purchase__channel" in shown) or (
        "Entity('purchase__channel')" in where and "channel" in shown
    )


_OFFSETS = frozenset(
    {"amount_growth", "amount_week_change", "net_growth", "buyers_before", "filled_change", "paid_change", "trailing_change"}
)
_ACCUMULATED = frozenset(
    {"amount_trailing_7d", "amount_trailing_2m", "amount_month_to_date", "amount_all_time", "visitors_trailing_3d",
     "amount_average_trailing_7d", "amount_median_trailing_7d", "paid_trailing_7d", "amount_since_month_start"}
)  # fmt: skip

KNOWN = (
    Known(
        "a slowly changing dimension beside an offset or a window: MetricFlow takes the member of the day that is shown; ours "
        "that of the event, so that what was true of a period stays true of it",
        _OFFSETS | _ACCUMULATED,
        lambda query: "customer__plan" in query.group_by,
    ),
    Known(
        "a conversion with a row for every period: MetricFlow gives periods outside of the range that is asked for",
        frozenset({"converted_daily"}),
        lambda query: query.start != SPINE[0],
    ),
    Known(
        "a conversion under a condition on metric_time: MetricFlow lets it fall to an earlier event where its own is excluded, "
        "and fills excluded periods; ours gives each period what it has without the condition",
        frozenset({"session_to_order", "session_to_order_filled", "converted_buyers", "converted_daily", "converted_ever"}),
        lambda query: any("metric_time" in text for text in query.where),
    ),
    Known(
        "a row for every period by a calendar of the time spine alone: MetricFlow does not answer, ours does",
        frozenset({"orders_filled"}),
        lambda query: _grain(query) in ("fiscal_quarter", "retail_wk"),
    ),
    Known(
        "an offset by a calendar of the time spine: MetricFlow goes back by standard units, and periods of a calendar have "
        "no fixed length; ours refuses",
        _OFFSETS,
        lambda query: _grain(query) in ("fiscal_quarter", "retail_wk"),
    ),
    Known(
        "MetricFlow takes two inputs of one name, one of them filtered, for the same: a share of 1.0",
        frozenset({"paid_share"}),
        lambda query: True,
    ),
    Known(
        "an offset in months by quarter or year: MetricFlow maps days, so that 29 to 31 March all read the last of "
        "February; ours maps months",
        frozenset({"amount_growth", "net_growth"}),
        lambda query: _grain(query) in ("quarter", "year"),
    ),
    Known(
        "an offset in months by week: MetricFlow looks for a week that starts a month before, which is hardly ever a "
        "Monday; ours refuses",
        frozenset({"amount_growth", "net_growth"}),
        lambda query: "week" in _grains(query),
    ),
    Known(
        "an offset of a derived metric under a filter on another dimension: MetricFlow takes the largest member "
        "instead of the total",
        frozenset({"net_growth"}),
        lambda query: bool(query.where),
    ),
    Known(
        "an offset of a trailing metric: MetricFlow applies the range before the offset and finds nothing",
        frozenset({"trailing_change"}),
        lambda query: True,
    ),
    Known(
        "offset_to_grain by a coarser grain than a day: MetricFlow reads one day of the period (or writes SQL that "
        "does not run); ours refuses",
        frozenset({"amount_since_month_start"}),
        lambda query: bool({*_grains(query)} - {"day"}),
    ),
    Known(
        "since the beginning without a time: MetricFlow starts at the range's start (or writes SQL that does not "
        "run); ours starts at the beginning",
        frozenset({"amount_all_time"}),
        lambda query: _grain(query) is None,
    ),
    Known(
        "an offset in weeks by week under a condition on metric_time that cuts a week: MetricFlow takes the whole week "
        "before, ours the same days of it",
        frozenset({"buyers_before"}),
        lambda query: _grain(query) == "week" and any("metric_time" in text for text in query.where),
    ),
    Known(
        "a stock by two grains of metric_time: MetricFlow takes the edge of one of the two, and the other periods have none; "
        "ours that of each row's own days",
        frozenset({"balance", "balance_opening", "balance_of_accounts"}),
        lambda query: len(_grains(query)) > 1,
    ),
    Known(
        "a row for every period by weeks and a longer period: MetricFlow joins the time spine by one of the two, so that a "
        "week that lies in two months has all its days in both; ours has the days of each",
        frozenset({"orders_filled", "filled_change", "converted_daily"}),
        _has_pieces,
    ),
    Known(
        "a filled conversion beside another metric, where only that one has rows: missing in MetricFlow, the filling value "
        "in ours, as with metrics that are no conversions",
        frozenset({"converted_daily"}),
        lambda query: len(query.metrics) > 1,
    ),
    Known(
        "a row for every period under a condition on a column that the answer shows by its other name: MetricFlow compares "
        "names, and adds a row without a channel to those of search and mail; ours knows the column",
        frozenset({"orders_filled", "filled_change", "converted_daily"}),
        _shows_by_another_name,
    ),
    Known(
        "a distinct count of no rows at all: 0 in MetricFlow, missing in ours (rule 6)",
        frozenset({"visitors", "buyers", "spend_per_buyer"}),
        lambda query: not query.group_by,
    ),
)


def comparable(query: Query) -> Query | None:
    """``query`` without the metrics that are known to differ in it; None when nothing is left."""
    left_out = {name for known in KNOWN if known.applies(query) for name in known.metrics}
    metrics = [name for name in query.metrics if name not in left_out]
    return replace(query, metrics=metrics) if metrics else None
