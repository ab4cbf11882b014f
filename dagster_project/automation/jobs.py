"""The one job: everything, from the raw files to the published snapshot."""

from __future__ import annotations

import dagster as dg

DAILY_JOB = "daily"


def daily_job() -> object:
    """All assets and their checks in one run."""
    return dg.define_asset_job(
        DAILY_JOB,
        selection=dg.AssetSelection.all(),
        description="Extract, transform, compute the KPIs, check them, publish.",
    )
