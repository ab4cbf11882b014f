"""``config.meta.additivity: share`` of a ratio: what part each member is of its period, visits of email / all visits.

dbt's semantic language has no ratio whose denominator leaves the group-by out, so the metric is written as a ratio and
declares that it is a share: its denominator is then the sum over all members of the period (docs/adr/0010). A filter of the
query narrows both parts, as it does for ``share_of_total``; in total a share is 1.
"""

from __future__ import annotations

from metrics.errors import QueryError
from metrics.semantic.manifest import Metric
from metrics.semantic.resolved import RatioValue, TotalValue, Value
from metrics.semantic.totals import no_parts

SHARE = "share"


def as_share(metric: Metric, value: Value) -> Value:
    """``value`` of a metric, with the denominator of all members where the metric is a share.

    Raises QueryError for a share that is no ratio, or whose denominator is not the sum of its members' ones.
    """
    if metric.meta.get("additivity") != SHARE:
        return value
    declared = f"metric '{metric.name}' is a share (config.meta.additivity)"
    if not isinstance(value, RatioValue):
        raise QueryError(f"{declared} of type '{metric.type}'; expected type ratio, a part divided by the whole")
    reason = no_parts(value.denominator)
    if reason:
        raise QueryError(f"{declared} of a whole that has no parts, because {reason}")
    return RatioValue(value.numerator, TotalValue(value.denominator))
