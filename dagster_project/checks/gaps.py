"""Closed days without a row, where a source has rows on almost every day: a file may be missing. It warns.

A day closes when a later event is there, so that one row of today closes all the silent days before it. What is unusual is
measured by the source itself: a survey that is sent once a week is not late.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import dagster as dg
import duckdb

from dagster_project.assets.keys import WATERMARKS, model_key
from dagster_project.resources import WorkspaceRun
from metrics.warehouse import open_warehouse, quoted
from metrics.workspace import Workspace, load_entities

# A gap is told when it has so many days, ends in the last so many closed days, ...
LEAST_DAYS = 3
RECENT_DAYS = 35
# ... and its rows lie more than so many times further apart than any before, within so many days and among so many at least.
LEAST_RATIO = 2
COMPARED_DAYS = 730
LEAST_DAYS_WITH_ROWS = 10

_GAPS = """
with days as (
    select distinct source_relation as source, business_date as day from {fact}
),
pairs as (
    select source, day as ended_on, lag(day) over (partition by source order by day) as began_on from days
),
compared as (
    select source, began_on, ended_on, ended_on - began_on as distance,
        max(ended_on - began_on) over earlier as longest,
        count(*) over earlier as days_with_rows
    from pairs
    where began_on is not null
    window earlier as (
        partition by source order by began_on
        range between interval {compared_days} days preceding and interval 1 day preceding
    )
),
closed as (
    select source, closed_through from mart.source_watermarks where entity = $entity
    qualify row_number() over (partition by source order by recorded_at desc) = 1
)
select source, began_on + 1, ended_on - 1, longest - 1
from compared inner join closed using (source)
where distance > {least_days} and ended_on - 1 between closed_through - {recent_days} + 1 and closed_through
    and days_with_rows >= {least_rows} and distance > {ratio} * longest
order by distance desc, source
"""


@dataclass(frozen=True)
class Gap:
    """Closed days without a row, ``first`` to ``last``; ``longest_before`` in days, 0 where every day had a row."""

    source: str
    entity: str
    first: dt.date
    last: dt.date
    longest_before: int

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        before = "there was no gap"
        if self.longest_before:
            longest = f"{self.longest_before} {'day' if self.longest_before == 1 else 'days'}"
            before = f"no gap was longer than {longest}"
        return (
            f"{self.source}.{self.entity}: no row for {self.first} to {self.last} ({self.days} days), then rows again; "
            f"in the two years before that {before}"
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
    found = []
    for entity, fact in facts.items():
        sql = _GAPS.format(
            fact=f"core.{quoted(fact)}", compared_days=COMPARED_DAYS, least_days=LEAST_DAYS, recent_days=RECENT_DAYS,
            least_rows=LEAST_DAYS_WITH_ROWS, ratio=LEAST_RATIO,
        )  # fmt: skip
        found += [Gap(source, entity, *row) for source, *row in con.execute(sql, {"entity": entity}).fetchall()]
    return sorted(found, key=lambda gap: -gap.days)


def _in_words(found: Iterable[Gap]) -> str:
    return f"{'; '.join(map(str, found))}. Is a file missing?"
