"""What has to hold after every run of the changing company, and against the same files in a workspace that never changed."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from dagster_project.kpi_definitions import load_definitions
from metrics.values import compute_values
from metrics.values.columns import KEY
from metrics.warehouse import open_warehouse
from tests.soundness.changes.runs import Company

Rows = list[tuple[Any, ...]]
_KEY = ", ".join(KEY)
# Doubles are summed in another order by another run; 12 digits are the same.
_VALUES = (
    f"select {_KEY}, numerator, denominator, printf('%.9e', value), n, printf('%.9e', ci_low), printf('%.9e', ci_high),"
    " missing_days"
)
CURRENT = f"{_VALUES} from mart.kpi_current order by all"
AS_OF = f"select {_KEY}, value, state, watermark from mart.kpi_as_of(?) order by all"
NOW = f"select {_KEY}, value, state, watermark from mart.kpi_current order by all"
STORED = "select * from mart.kpi_values order by all"

# Sources whose watermarks decide a metric; all others are decided by the shop and the web (an order's visit is from there).
WEB = frozenset(
    """
    impressions clicks ad_spend ctr cpc thousand_impressions cpm ad_conversions cpa
    sessions page_views bounced_sessions bounce_rate add_to_cart_sessions add_to_cart_rate
    visitors engaged_visitors observed_visitors engagement_index social_traffic traffic_source_share pages_per_session
    scroll_depth_sum sessions_with_scroll_depth scroll_depth forms_submitted form_conversion_rate
    cta_impressions cta_interactions cta_response_rate
    """.split()  # noqa: SIM905
)
DESK = frozenset(
    """
    leads valid_leads valid_lead_rate deals_won_from_leads lead_to_deal_rate
    qualified_leads accepted_leads qualified_leads_accepted mql_to_sql_rate rated_leads sales_rating_points sales_acceptance_score
    opportunities_closed opportunities_won opportunity_win_rate open_opportunities pipeline_value sales_cycle_days sales_cycles_known
    tickets_created tickets_solved first_responses first_response_minutes first_response_minutes_p90
    tickets_solved_at_first_contact first_contact_resolution_rate resolution_hours resolution_hours_p90 ticket_backlog
    csat_invitations csat_invitations_answered csat_response_rate csat_answers csat_satisfied csat
    nps_answers nps_promoters nps_detractors nps_points nps brand_recall brand_recall_answers brand_recalled
    employee_answers employee_satisfaction employee_satisfaction_points
    """.split()  # noqa: SIM905
)
BOTH = frozenset({"cpl"})
# days that a cohort needs to ripen, as the shipped definitions say
MATURES = {
    "deals_won_from_leads": 90, "lead_to_deal_rate": 90, "orders_with_refund": 30, "return_rate": 30, "refunded_items": 30,
    "item_return_rate": 30, "first_orders_mature": 30, "first_orders_repeated": 30, "repurchase_rate_30d": 30,
    "refunds_by_order_date": 30, "revenue_by_order_date": 30, "csat_invitations_answered": 7, "csat_response_rate": 7,
    "signups_mature": 7, "signups_activated": 7, "activation_rate": 7, "qualified_leads_accepted": 14, "mql_to_sql_rate": 14,
    "rated_leads": 14, "sales_rating_points": 14, "sales_acceptance_score": 14, "cohort_customers": 365,
    "cohort_gross_profit": 365, "cohort_first_order_profit": 365, "customer_lifetime_value": 365, "first_order_profit": 365,
    "ltv_to_cac": 365, "cac_payback_days": 365,
}  # fmt: skip


class History:
    """Follows the runs of one company and checks each against those before."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._stored: Rows = []
        self._seen: list[tuple[datetime, Rows]] = []

    def begin(self) -> None:
        """Take the values as they are for the first ones."""
        self._stored = self._company.ask(STORED)
        self._seen.append((max(row[-1] for row in self._stored), self._company.ask(NOW)))

    def check(self, run_id: str) -> None:
        """What the last run may and may not have done. Raises AssertionError."""
        stored = self._company.ask(STORED)
        assert set(self._stored) <= set(stored), "rows of kpi_values were lost or changed"
        assert len(stored) - len(self._stored) == len([row for row in stored if row[-2] == run_id])
        self._stored = stored
        twice = f"select {_KEY}, run_id from mart.kpi_values group by all having count(*) > 1"
        assert self._company.ask(twice) == []
        wrong = "select * from mart.kpi_values where state = 'removed' and (value is not null or numerator is not null)"
        assert self._company.ask(wrong) == []
        self._seen.append((max(row[-1] for row in stored), self._company.ask(NOW)))
        for at, rows in self._seen:
            with duckdb.connect(str(self._company.workspace.warehouse_path), read_only=True) as con:
                assert con.execute(AS_OF, [at]).fetchall() == rows, f"kpi_as_of({at}) is not what was current then"
        self._check_states()
        self._check_nothing_is_left()

    def _check_states(self) -> None:
        """States are those of the watermarks; restated is what was settled before, or is new in a period that was."""
        latest = self._company.ask(
            "select source, any_value(closed_through), any_value(settled_through) from (from mart.source_watermarks"
            " qualify dense_rank() over (order by recorded_at desc) = 1) group by source"
        )
        marks = {source: (closed, settled) for source, closed, settled in latest}
        rows = self._company.ask(
            f"""select metric, grain, period_start, segment_dimension, state, watermark, lag_state from (
                select *, last_value(nullif(state, 'removed') ignore nulls) over (
                        partition by {_KEY} order by recorded_at rows between unbounded preceding and 1 preceding
                    ) as lag_state,
                    row_number() over (partition by {_KEY} order by recorded_at desc) as recency
                from mart.kpi_values) where recency = 1 and state <> 'removed'"""
        )
        for metric, grain, start, dimension, state, _, before in rows:
            sources = {"web"} if metric in WEB else {"desk"} if metric in DESK else {"shop", "web"}
            if metric in BOTH:
                sources = {"web", "desk"}
            elif metric == "dues":
                sources = {"shop", "web"}
            closed, settled = (_earliest([marks[source][place] for source in sources]) for place in (0, 1))
            expected = _state(_last_day(grain, start), closed, settled, MATURES.get(metric, 0))
            where = (metric, grain, start, closed, settled)
            if state == "restated":
                assert before in ("settled", "restated") or (dimension and before is None and expected == "settled"), where
            else:
                assert state == expected, (*where, state, expected)

    def _check_nothing_is_left(self) -> None:
        """Computing everything again right after a run, on a copy, finds nothing to write."""
        ws = self._company.workspace
        copy = Company(ws.root.with_name(ws.root.name + "_again"))
        shutil.rmtree(copy.root, ignore_errors=True)
        shutil.copytree(ws.root, copy.root, symlinks=True, ignore=shutil.ignore_patterns("logs", "compiled", "run"))
        with open_warehouse(copy.workspace) as con:
            definitions = load_definitions(copy.workspace)
            layer, catalogue = definitions.layer, definitions.catalogue
            before = con.execute(CURRENT).fetchall()
            compute_values(con, copy.workspace, layer, catalogue, None, "again")
            after = con.execute(CURRENT).fetchall()
        found = differences(before, after)
        assert not found, ("a full computation finds something to write", found)


def _earliest(days: list[date | None]) -> date | None:
    known = [day for day in days if day is not None]
    return min(known) if len(known) == len(days) else None


def _last_day(grain: str, start: date) -> date:
    if grain == "day":
        return start
    if grain == "week":
        return start + timedelta(days=6)
    months = 1 if grain == "month" else 3
    following = start.month - 1 + months
    return date(start.year + following // 12, following % 12 + 1, 1) - timedelta(days=1)


def _state(last: date, closed: date | None, settled: date | None, matures: int) -> str:
    if closed is None or last > closed:
        return "open"
    if settled is None or last > settled - timedelta(days=matures):
        return "provisional"
    return "settled"


def differences(left: Rows, right: Rows, most: int = 12) -> list[tuple[Any, ...]]:
    """Rows that only one side has, each with its side."""
    only_left, only_right = set(left) - set(right), set(right) - set(left)
    found = [("only left", *row) for row in only_left] + [("only right", *row) for row in only_right]
    found.sort(key=lambda row: [str(value) for value in row[1:]])
    return found[:most]


def assert_same(changed: Company, fresh: Company) -> None:
    """Every model, every value, every verdict: row for row. Raises AssertionError."""
    sql = "select schema_name, table_name from duckdb_tables() where schema_name in ('core', 'intermediate') order by all"
    models = changed.ask(sql)
    assert models == fresh.ask(sql)
    for schema, name in models:
        rows = [company.ask(f'select * from "{schema}"."{name}" order by all') for company in (changed, fresh)]
        assert len(rows[0]) == len(rows[1]), name
        assert rows[0] == rows[1], (name, differences(*rows))
    for sql in (
        CURRENT,
        "select metric, day, segment_dimension, segment_value, value, previous_value, n, verdict from mart.swings order by all",
        "select metric, grain, period_start, period_end, value, n, status, previous_value, change from mart.kpi_status order by all",
    ):
        found = differences(changed.ask(sql), fresh.ask(sql))
        assert not found, (sql, found)
