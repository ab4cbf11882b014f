"""Closed days without a row, where a source has rows on almost every day: a file may be missing. It warns.

A day closes when a later event is there, so that one row of today closes all the silent days before it. What is unusual is
measured by the source itself: a survey that is sent once a week is not late.
"""

import datetime as dt
from dataclasses import dataclass

import dagster as dg
import duckdb

from dagster_project.assets.keys import WATERMARKS, model_key
from dagster_project.resources import WorkspaceRun
from metrics.values.tables import ensure_tables
from metrics.warehouse import open_warehouse, quoted
from metrics.workspace import Workspace, load_entities

# A gap is told when it has so many days, ends in the last so many closed days (until a first run is published: all), ...
LEAST_DAYS = 3
RECENT_DAYS = 35
# ... and its rows lie more than so many times further apart than nearly all before, within so many days and among so many at
# least. Nearly all, not all: one gap must not become the measure of the next.
LEAST_RATIO = 2
NEARLY_ALL = 0.95
COMPARED_DAYS = 730
LEAST_DAYS_WITH_ROWS = 10
_MOST_TOLD = 3

_GAPS = """
with days as (
    select distinct source_relation as source, business_date as day from {fact}
),
pairs as (
    select source, day as ended_on, lag(day) over (partition by source order by day) as began_on from days
),
compared as (
    select source, began_on, ended_on, ended_on - began_on as distance,
        quantile_disc(ended_on - began_on, {nearly_all}) over earlier as usual,
        count(*) over earlier as days_with_rows
    from pairs
    where began_on is not null
    window earlier as (
        partition by source order by began_on
        range between interval {compared_days} days preceding and interval 1 day preceding
    )
),
loads as (
    select source, arg_max(closed_through, recorded_at) as closed_through,
        min(recorded_at) as first_at, max(recorded_at) as newest_at
    from mart.source_watermarks where entity = $entity
    group by source
),
-- Also a run that fails later leaves watermarks, but has told nothing: a load is the first until one is published.
closed as (
    select source, closed_through, not exists (
        select 1 from mart.publish_log where published_at between first_at and newest_at
    ) as is_first_load
    from loads
)
select source, began_on + 1, ended_on - 1, usual - 1
from compared inner join closed using (source)
where distance > {least_days} and ended_on - 1 <= closed_through
    and (is_first_load or ended_on - 1 > closed_through - {recent_days})
    and days_with_rows >= {least_rows} and distance > {ratio} * usual
order by distance desc, source
"""


@dataclass(frozen=True)
class Gap:
    """Closed days without a row, ``first`` to ``last``; ``usual`` gaps have at most so many days, 0: every day has a row."""

    source: str
    entity: str
    first: dt.date
    last: dt.date
    usual: int

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        usual = "every day has rows"
        if self.usual:
            usual = f"no gap is longer than {self.usual} {'day' if self.usual == 1 else 'days'}"
        return (
            f"{self.source}.{self.entity}: no row for {self.first} to {self.last} ({self.days} days), then rows again; "
            f"usually {usual}"
        )


def gaps_check(ws: Workspace, fact_names: set[str]) -> dg.AssetChecksDefinition:
    """``gaps`` of mart/source_watermarks, over the facts of the mapped entities; a reference has no days."""
    events = [name for name, entity in load_entities().items() if entity.business_date and name in ws.mapped_entities()]
    facts = {name: f"fct_{name}" for name in events if f"fct_{name}" in fact_names}

    @dg.asset_check(
        asset=WATERMARKS,
        name="gaps",
        additional_deps=[model_key("core", fact) for fact in facts.values()],
        description="No run of closed days without a row that is unusual for its source.",
    )
    def gaps(workspace: WorkspaceRun) -> dg.AssetCheckResult:
        with open_warehouse(workspace.workspace) as con:
            found = unusual_gaps(con, facts)
        return dg.AssetCheckResult(
            passed=not found,
            severity=dg.AssetCheckSeverity.WARN,
            description=_in_words(found) if found else None,
            metadata={"gaps": len(found), "checked": len(facts)},
        )

    return gaps


def unusual_gaps(con: duckdb.DuckDBPyConnection, facts: dict[str, str]) -> list[Gap]:
    """The unusual gaps of the last closed days, the longest first. ``facts``: the table in core by entity."""
    # Before the first run has ended nothing else has made mart.publish_log.
    ensure_tables(con)
    found = []
    for entity, fact in facts.items():
        sql = _GAPS.format(
            fact=f"core.{quoted(fact)}", compared_days=COMPARED_DAYS, least_days=LEAST_DAYS, recent_days=RECENT_DAYS,
            least_rows=LEAST_DAYS_WITH_ROWS, ratio=LEAST_RATIO, nearly_all=NEARLY_ALL,
        )  # fmt: skip
        found += [Gap(source, entity, *row) for source, *row in con.execute(sql, {"entity": entity}).fetchall()]
    return sorted(found, key=lambda gap: -gap.days)


def _in_words(found: list[Gap]) -> str:
    more = f"; and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    return f"{'; '.join(map(str, found[:_MOST_TOLD]))}{more}. Is a file missing?"
