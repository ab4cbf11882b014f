"""The literal rule: a closed day that moves more than its threshold against the day before opens an alert.

Every evaluated day is a row of `mart.swings` with a verdict:
  breach | ok | below_volume (too few observations) | no_previous (the day before has no value) |
  zero_base (the day before is zero or negative: there is no percentage) | missing_day (closed, but without a value) |
  open (not closed yet)
Only days whose numbers or verdict differ from what is stored are written again. A breach opens an event in
`mart.alerts` exactly once, by fingerprint. An event whose day lies more than 7 days back when it is first seen is
`historic`, for ever. A breach whose numbers are corrected says the corrected ones. One that is no breach in its direction
any more has a `withdrawn_at`: the numbers or the rules are others now; it stands again when the breach comes back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from metrics.alerts.events import HISTORIC_AFTER, RULE, Alert, breach_events
from metrics.values.rows import insert_rows, one_transaction, workspace_today
from metrics.values.tables import ensure_tables
from metrics.values.watermarks import event_watermarks, metric_watermark
from metrics.workspace.clock import machine_now

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from metrics.catalogue import Catalogue
    from metrics.workspace import Workspace

FRAME_COLUMNS = ("metric", "day", "value", "previous_value", "change", "threshold", "breach_ratio", "n", "verdict")

_EVALUATED = """create or replace temp table evaluated as
    with days as (
        select metric, period_start as day, value, n
        from mart.kpi_current
        where grain = 'day' and segment_dimension = ''
    ),
    spans as (
        select
            swing_rules.metric,
            min(days.day) as first_day,
            greatest(coalesce(swing_rules.closed_through, min(days.day)), max(days.day)) as last_day
        from swing_rules
        inner join days using (metric)
        group by swing_rules.metric, swing_rules.closed_through
    ),
    calendar as (
        select metric, unnest(generate_series(first_day, last_day, interval 1 day))::date as day
        from spans
    ),
    filled as (
        select
            calendar.metric,
            calendar.day,
            -- no order on a closed day is 0 orders where the definition says so: an outage must not pass as a gap
            coalesce(days.value, case when is_zero then 0 end) as value,
            coalesce(days.n, case when is_zero then 0 end) as n
        from calendar
        inner join swing_rules using (metric)
        left join days using (metric, day)
        cross join lateral (
            select swing_rules.zero_without_rows and days.value is null and calendar.day <= swing_rules.closed_through
        ) as gap (is_zero)
    ),
    paired as (
        select
            metric,
            day,
            value,
            n,
            lag(value) over series as previous_value,
            lag(n) over series as previous_n
        from filled
        window series as (partition by metric order by day)
    ),
    changed as (
        select
            paired.*,
            swing_rules.threshold,
            swing_rules.minimum_n,
            swing_rules.good_sign,
            -- a total that falls takes its volume with it: the larger day decides, else no outage would ever be seen
            case
                when swing_rules.n_follows_value then greatest(paired.n, paired.previous_n)
                else least(paired.n, paired.previous_n)
            end as judged_n,
            swing_rules.alert,
            coalesce(paired.day <= swing_rules.closed_through, false) as is_closed,
            case when paired.previous_value > 0 then paired.value / paired.previous_value - 1 end as change
        from paired
        inner join swing_rules using (metric)
    )
    select
        metric,
        day,
        '' as segment_dimension,
        '' as segment_value,
        value,
        previous_value,
        change,
        threshold,
        n,
        case
            when not is_closed then 'open'
            when value is null then 'missing_day'
            when previous_value is null then 'no_previous'
            when previous_value <= 0 then 'zero_base'
            when judged_n < minimum_n then 'below_volume'
            -- a millionth of a percent of slack: 115 / 100 - 1 is a little more than 0.15 in binary
            when abs(change) <= threshold + 1e-9 then 'ok'
            when alert = 'bad' and sign(change) = good_sign then 'ok'
            when alert = 'good' and sign(change) <> good_sign then 'ok'
            else 'breach'
        end as verdict
    from changed
    -- an open day without a value is not worth a row
    where is_closed or value is not null"""

_NEWLY = """create or replace temp table newly_evaluated as
    select evaluated.*
    from evaluated
    left join mart.swings as known using (metric, day, segment_dimension, segment_value)
    where known.verdict is distinct from evaluated.verdict
        or known.value is distinct from evaluated.value
        or known.previous_value is distinct from evaluated.previous_value
        or known.threshold is distinct from evaluated.threshold
        or known.n is distinct from evaluated.n
    order by metric, day"""


# A day whose data was taken away, or a metric that is not watched any more.
_DELETE_GONE = """delete from mart.swings
    where not exists (
        select 1 from evaluated
        where evaluated.metric = swings.metric
            and evaluated.day = swings.day
            and evaluated.segment_dimension = swings.segment_dimension
            and evaluated.segment_value = swings.segment_value
    )"""


_IS_BREACH = """exists (
        select 1 from mart.swings
        where swings.verdict = 'breach'
            and swings.metric = alerts.metric
            and swings.day = alerts.day
            and swings.segment_dimension = alerts.segment_dimension
            and swings.segment_value = alerts.segment_value
            and (swings.change > 0) = (alerts.direction = 'up')
    )"""
_WITHDRAW = f"""update mart.alerts set withdrawn_at = $now::timestamp
    where rule = $rule and withdrawn_at is null and not {_IS_BREACH}"""
_STAND_AGAIN = f"""update mart.alerts set withdrawn_at = null
    where rule = $rule and withdrawn_at is not null and {_IS_BREACH}"""
# What an event says; not whether it was news, and when and by which run it was first seen.
_CORRECT = """update mart.alerts
    set value = $value, previous_value = $previous_value, change = $change, threshold = $threshold, n = $n,
        is_good = $is_good, severity = $severity, message_en = $message_en, message_zh = $message_zh, owner = $owner
    where fingerprint = $fingerprint"""
_CORRECTED = (
    "fingerprint", "value", "previous_value", "change", "threshold", "n", "is_good", "severity", "message_en", "message_zh",
    "owner",
)  # fmt: skip


@dataclass(frozen=True)
class SwingReport:
    """What one evaluation found. ``rows`` are the newly evaluated closed days, with the columns FRAME_COLUMNS.

    ``new_alerts`` are all that it saw for the first time: news, and swings of days long past.
    """

    new_alerts: list[Alert] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def in_words(self, language: str = "en") -> str:
        """What is news, and what is history that only was not known before."""
        past = sum(alert.status == "historic" for alert in self.new_alerts)
        new = len(self.new_alerts) - past
        if language == "zh":
            return f"新告警 {new} 条" + (f"，过往波动 {past} 次（kpi alerts --all）" if past else "")
        earlier = f", {past} swing{'s' * (past != 1)} in the past (kpi alerts --all)" if past else ""
        return f"{new} new alert{'s' * (new != 1)}{earlier}"

    @property
    def breaches(self) -> list[dict[str, Any]]:
        """The newly evaluated days beyond their threshold, largest swing first."""
        found = [dict(zip(FRAME_COLUMNS, row, strict=True)) for row in self.rows]
        return sorted((row for row in found if row["verdict"] == "breach"), key=lambda row: -row["breach_ratio"])

    def frame(self) -> pd.DataFrame:
        """The newly evaluated closed days that could be judged: one row per metric and day."""
        import pandas as pd

        frame = pd.DataFrame(self.rows, columns=list(FRAME_COLUMNS))
        return frame[frame["verdict"].isin(["ok", "breach"])].reset_index(drop=True)


def evaluate_swings(con: duckdb.DuckDBPyConnection, ws: Workspace, catalogue: Catalogue, run_id: str) -> SwingReport:
    """Judge the days of every watched metric, write `mart.swings` and `mart.alerts`, return what is new."""
    ensure_tables(con)
    today = workspace_today(con)
    with one_transaction(con):
        _write_rules(con, ws, catalogue)
        con.execute(_EVALUATED)
        con.execute(_NEWLY)
        con.execute(_DELETE_GONE)
        con.execute(
            """delete from mart.swings
            using newly_evaluated as newer
            where swings.metric = newer.metric
                and swings.day = newer.day
                and swings.segment_dimension = newer.segment_dimension
                and swings.segment_value = newer.segment_value"""
        )
        con.execute(
            "insert into mart.swings select newly_evaluated.*, $run_id, $evaluated_at::timestamp from newly_evaluated",
            {"run_id": run_id, "evaluated_at": machine_now()},
        )
        rows = con.execute(
            """select metric, day, value, previous_value, change, threshold, abs(change) / threshold, n, verdict
            from newly_evaluated
            where verdict <> 'open'
            order by metric, day"""
        ).fetchall()
        alerts = _open_alerts(con, catalogue, ws.currency, rows, today, run_id)
        _settle_alerts(con)
    return SwingReport(new_alerts=alerts, rows=rows)


def recent_swings(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The judged days that are young enough for a new alert: metric, day, value, previous_value, change, threshold, n,
    verdict (ok or breach), breach_ratio (above 1 is a breach where the direction alerts).
    """
    return con.execute(
        """select
            metric, day, value, previous_value, change, threshold, n, verdict, abs(change) / threshold as breach_ratio
        from mart.swings
        where verdict in ('ok', 'breach') and day >= $today::date - $days::integer
        order by metric, day""",
        {"today": workspace_today(con), "days": HISTORIC_AFTER.days},
    ).df()


def _settle_alerts(con: duckdb.DuckDBPyConnection) -> None:
    """Withdraw the events whose day is no breach any more, and let those stand again whose breach is back."""
    con.execute(_WITHDRAW, {"rule": RULE, "now": machine_now()})
    con.execute(_STAND_AGAIN, {"rule": RULE})


def _write_rules(con: duckdb.DuckDBPyConnection, ws: Workspace, catalogue: Catalogue) -> None:
    """The temporary table ``swing_rules``: one row per watched metric."""
    marks = event_watermarks(con, ws)
    con.execute(
        """create or replace temp table swing_rules (
            metric text,
            threshold double,
            minimum_n bigint,
            alert text,
            good_sign integer,
            n_follows_value boolean,
            zero_without_rows boolean,
            closed_through date
        )"""
    )
    signs = {"up": 1, "down": -1}
    insert_rows(
        con,
        "swing_rules",
        [
            (
                watch.metric,
                watch.threshold,
                watch.minimum_n,
                watch.alert,
                signs.get(catalogue.direction(watch.metric), 0),
                catalogue.metric(watch.metric).meta.get("additivity") == "additive",
                catalogue.lineage[watch.metric].definition.is_zero_without_rows,
                metric_watermark(marks, catalogue.lineage[watch.metric].reads).closed_through,
            )
            for watch in catalogue.watches()
        ],
    )


def _open_alerts(
    con: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    currency: str,
    rows: list[tuple[Any, ...]],
    today: date,
    run_id: str,
) -> list[Alert]:
    breaches = [dict(zip(FRAME_COLUMNS, row, strict=True)) for row in rows if row[-1] == "breach"]
    known = {row[0] for row in con.execute("select fingerprint from mart.alerts where rule = ?", [RULE]).fetchall()}
    found = breach_events(catalogue, currency, breaches, today)
    for event in (event for event in found if event.fingerprint in known):
        con.execute(_CORRECT, {name: getattr(event, name) for name in _CORRECTED})
    events = [event for event in found if event.fingerprint not in known]
    insert_rows(con, "mart.alerts", [(*event.row(), run_id, machine_now(), None) for event in events])
    return events
