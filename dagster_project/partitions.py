"""The one daily partitioning, and how a partition range becomes the window of a run.

Only ``kpi_values`` is partitioned: Dagster writes one event per asset and partition, and 60 assets over two years would
cost minutes. Every other asset is unpartitioned and always brings itself up to date.
"""

from __future__ import annotations

from datetime import date

import dagster as dg

from metrics.values import Window
from metrics.workspace import Workspace

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"


def daily_partitions(ws: Workspace) -> dg.DailyPartitionsDefinition:
    """Days from the workspace's history_start, in its time zone."""
    return dg.DailyPartitionsDefinition(start_date=ws.history_start.isoformat(), timezone=ws.timezone)


def range_tags(first: date, last: date) -> dict[str, str]:
    """Run tags that ask for the days ``first`` to ``last``, both included."""
    return {RANGE_START_TAG: first.isoformat(), RANGE_END_TAG: last.isoformat()}


def requested_window(context: dg.AssetExecutionContext) -> Window | None:
    """The days asked for by a partition, a range or a backfill; None when the run follows the data alone."""
    if not context.has_partition_key_range and not context.has_partition_key:
        return None
    keys = context.partition_key_range
    return Window(date.fromisoformat(keys.start), date.fromisoformat(keys.end))
