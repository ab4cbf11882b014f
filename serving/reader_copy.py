"""What readers get of a workspace with `small_cells`: the KPI tables alone, without the values of few persons.

The file is written anew, never a copy from which something was deleted: DuckDB leaves deleted rows in the file. Facts stay
in the workspace's own folder, where `kpi query` reads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from metrics.alignment.tables import SEGMENTED, ensure_alignment_tables
from metrics.alignment.tables import TABLES as ALIGNMENT
from metrics.campaigns import TABLE as CAMPAIGNS
from metrics.campaigns import ensure_campaign_table
from metrics.campaigns.table import DIMENSIONS as CAMPAIGN_DIMENSIONS
from metrics.scorecards.tables import TABLES as SCORECARDS
from metrics.scorecards.tables import ensure_scorecard_tables
from metrics.values import ensure_tables
from metrics.values.columns import KEY, VALUE_COLUMNS
from metrics.values.persons import metric_parts, read_persons
from metrics.values.small_cells import Cell, Place, hidden_cells, lone_places
from metrics.warehouse import append_rows, literal

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue
    from metrics.workspace.small_cells import SmallCells

SUPPRESSED = "suppressed"
# Stands for every member where the members must not be named: the total is known, so the name would give the value.
WITHHELD_MEMBER = "(withheld)"
# Of schema mart, what holds no value by a segment, or is masked below. A table that is not named here is not published.
_WHOLE_TABLES = ("clock", "source_watermarks", "reconciliation")
_KPI_TABLES = (
    "kpi_series", "kpi_definitions", "kpi_gaps", "dim_kpi", "kpi_targets", "promotions", "kpi_leading_indicators",
    "kpi_projection", "publish_log",
)  # fmt: skip
_SEGMENTED_TABLES = (
    "swings",
    "alerts",
    "kpi_status",
    "kpi_status_history",
    "kpi_milestones",
    "kpi_target_seasons",
    *SEGMENTED,
)
# Written anew by every run, so that their own modules create them. Scores are never made of a guarded segment.
_TOTALS = (*(name for name in ALIGNMENT if name not in SEGMENTED), *SCORECARDS)
_NUMBERS = ("numerator", "denominator", "value", "n", "ci_low", "ci_high")
_KEY = ", ".join(KEY)
_PLAIN = ", ".join(name for name in VALUE_COLUMNS if name not in (*_NUMBERS, "state"))
_RULES = "create table mart.small_cells (dimension text not null, grain text not null, least integer not null)"


def write_reader_copy(manifest: Path, rules: SmallCells, catalogue: Catalogue, whole: Path, target: Path) -> None:
    """Write ``target`` from ``whole``, a closed copy of the warehouse. Raises QueryError, duckdb.Error.

    ``manifest``: dbt's semantic_manifest.json, with which persons are counted.
    """
    parts = metric_parts(catalogue)
    with duckdb.connect(str(whole), read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        persons, repeated = read_persons(con, manifest, catalogue, parts, rules)
        hidden = hidden_cells(persons, parts, rules.least, repeated)
        lone = lone_places(persons, hidden, rules.least, repeated)
    target.unlink(missing_ok=True)
    with duckdb.connect(str(target)) as con:
        con.execute(f"attach {literal(str(whole))} as whole (read_only)")
        ensure_tables(con)
        found = {name for (name,) in con.execute(_TABLES_OF_WHOLE).fetchall()}
        for table in sorted(found.intersection(_WHOLE_TABLES)):
            con.execute(f"create table mart.{table} as select * from whole.mart.{table}")
        ensure_alignment_tables(con)
        ensure_scorecard_tables(con)
        ensure_campaign_table(con)
        for table in sorted(found.intersection({*_KPI_TABLES, *_TOTALS})):
            con.execute(f"insert into mart.{table} by name select * from whole.mart.{table}")
        for table in sorted(found.intersection(_SEGMENTED_TABLES)):
            con.execute(
                f"insert into mart.{table} by name select * from whole.mart.{table} "
                "where not list_contains($dimensions, segment_dimension)",
                {"dimensions": list(rules.dimensions)},
            )
        # Counts of one campaign would tell those of its channel: where either is guarded, there is no row.
        if CAMPAIGNS in found and not {*CAMPAIGN_DIMENSIONS} & {*rules.dimensions}:
            con.execute(f"insert into mart.{CAMPAIGNS} by name select * from whole.mart.{CAMPAIGNS}")
        _write_values(con, rules, hidden, lone)
        con.execute(_RULES)
        append_rows(con, "mart.small_cells", published_rules(rules))
        con.execute("detach whole")


def published_rules(rules: SmallCells | None) -> list[tuple[str, str, int]]:
    """The rules as rows of mart.small_cells: dimension, grain, least."""
    return sorted((name, rules.grain, rules.least) for name in rules.dimensions) if rules else []


def holds_rules(path: Path, rules: SmallCells) -> bool:
    """Whether a published file was written under exactly these rules."""
    with duckdb.connect(str(path), read_only=True) as con:
        try:
            rows = con.execute("select dimension, grain, least from mart.small_cells order by dimension").fetchall()
        except duckdb.CatalogException:
            return False
    return rows == published_rules(rules)


_TABLES_OF_WHOLE = """select table_name from duckdb_tables() where database_name = 'whole' and schema_name = 'mart'"""


_LONE = """select 1 from lone
    where lone.metric = stored.metric
        and lone.dimension = stored.segment_dimension
        and lone.period = stored.period_start"""


def _write_values(con: duckdb.DuckDBPyConnection, rules: SmallCells, hidden: set[Cell], lone: set[Place]) -> None:
    """kpi_values without the numbers that are withheld, and without the names where a name would tell a number.

    Of ``lone`` places, and of every period of another grain, one row says that there is something, not of which members:
    a day's total is published, and where one country has all of that day its name is enough.

    Earlier versions of such a segment are withheld as well: whether they were small when they were current is not known.
    """
    con.execute("create temp table hidden (metric text, dimension text, period date, member text)")
    append_rows(con, "temp.hidden", sorted(hidden))
    con.execute("create temp table lone (metric text, dimension text, period date)")
    append_rows(con, "temp.lone", sorted(lone))
    masked = ", ".join(f"case when not is_withheld then {name} end as {name}" for name in _NUMBERS)
    dimensions = {"dimensions": list(rules.dimensions)}
    con.execute(
        """insert into mart.kpi_values by name
        select * from whole.mart.kpi_values where not list_contains($dimensions, segment_dimension)""",
        dimensions,
    )
    con.execute(
        f"""insert into mart.kpi_values by name
        with latest as (
            select {_KEY}, max(recorded_at) as recorded_at
            from whole.mart.kpi_values
            where list_contains($dimensions, segment_dimension) and grain = $grain
            group by {_KEY}
        ),
        judged as (
            select stored.*, latest.metric is null or hidden.metric is not null as is_withheld
            from whole.mart.kpi_values as stored
            left join latest using ({_KEY}, recorded_at)
            left join hidden
                on latest.metric = hidden.metric
                and latest.segment_dimension = hidden.dimension
                and latest.period_start = hidden.period
                and latest.segment_value = hidden.member
            where list_contains($dimensions, stored.segment_dimension) and stored.grain = $grain
                and not exists ({_LONE})
        )
        select
            {_PLAIN},
            {masked},
            case when is_withheld and state <> 'removed' then '{SUPPRESSED}' else state end as state
        from judged""",
        {**dimensions, "grain": rules.grain},
    )
    con.execute(
        f"""insert into mart.kpi_values by name
        select
            {_PLAIN.replace("segment_value", f"'{WITHHELD_MEMBER}' as segment_value")},
            '{SUPPRESSED}' as state
        from whole.mart.kpi_values as stored
        where list_contains($dimensions, segment_dimension)
            and state <> 'removed'
            and (grain <> $grain or exists ({_LONE}))
        qualify row_number() over (
            partition by metric, grain, period_start, segment_dimension, currency order by recorded_at desc
        ) = 1""",
        {**dimensions, "grain": rules.grain},
    )
