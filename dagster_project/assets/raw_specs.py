"""What every raw table shows in Dagster, whichever connector brings it."""

import dagster as dg

from dagster_project.assets.keys import raw_key, team
from dagster_project.connectors import TableLoad
from metrics.workspace import Source

# Only a source can fail for reasons that pass by themselves; nothing after extraction is retried.
RETRIES = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)


def table_spec(source: Source, table: str) -> dg.AssetSpec:
    """Key, group, owner and description of a raw table."""
    return dg.AssetSpec(
        raw_key(source.name, table),
        group_name=source.domain,
        owners=[team(source.domain)],
        description=f"Raw table {table} of source {source.name}, as delivered.",
        kinds={"duckdb"},
    )


def load_metadata(load: TableLoad) -> dict[str, int]:
    """Row counts of a load."""
    return {"dagster/row_count": load.rows, "rows changed": load.rows_changed, "rows quarantined": load.rejected}
