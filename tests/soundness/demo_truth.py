"""Every shipped metric of the demo company, computed in pandas from its raw files: the truth that kpi_values must equal.

Nothing here reads a dbt model, a semantic definition or the workspace's mapping: only the metrics' descriptions, the meaning
of the entities, and the vendors' files. docs/kpi-decisions.md explains each definition that could have been another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from tests.soundness.demo_truth_files import DemoFiles
from tests.soundness.demo_truth_time import Settings, is_closed, period_of, read_settings

WORKSPACE = Path(__file__).resolve().parents[2] / "data" / "demo" / "workspace.yml"
ALL_GRAINS = ("day", "week", "month", "quarter")
NONE = "(none)"
MATURITY = pd.Timedelta(days=30)


class Part:
    """A sum over the rows of a fact: `rows` has `day` and dimensions; `weight` names a column, empty means count rows."""

    def __init__(self, rows: pd.DataFrame, weight: str = "", factor: float = 1.0) -> None:
        self._rows, self._weight, self._factor = rows, weight, factor
        self._daily: dict[str, pd.DataFrame] = {}

    def total(self, grain: str, by: str) -> pd.Series:
        """Sum per period, or per period and member of ``by``; a group without rows is absent, not 0."""
        if by not in self._daily:
            self._daily[by] = self._sum_by_day(by)
        daily = self._daily[by].assign(period_start=lambda rows: period_of(rows["day"], grain))
        return daily.groupby(_key_names(by))["weight"].sum()

    def _sum_by_day(self, by: str) -> pd.DataFrame:
        weight = self._rows[self._weight].astype("float64") if self._weight else 1.0
        keys = _member(self._rows, by).assign(weight=weight)
        return keys.groupby([*keys.columns[:-1]])["weight"].sum().mul(self._factor).reset_index()


@dataclass(frozen=True)
class Metric:
    """How a metric's parts make its value; ``grains`` and ``segments`` are those that must be published.

    ``value`` takes the parts' sums, aligned, absent ones as NaN, and the grain.
    """

    closed_through: pd.Timestamp
    settings: Settings
    grains: tuple[str, ...]
    segments: tuple[str, ...]
    compute: Callable[[str, str], pd.DataFrame]
    is_additive: bool

    def values(self, grain: str, by: str = "") -> pd.DataFrame:
        """Closed periods from that of history_start: index period_start, member ('' in total); columns numerator,
        denominator, value, n. Periods without any row are absent, values that are not defined are NaN."""
        found = self.compute(grain, by).reset_index()
        if not by:
            found["member"] = ""
        starts = found["period_start"]
        # the week, month or quarter that holds the start of history is complete: it counts earlier days too
        first = period_of(pd.Series([self.settings.history_start]), grain).iloc[0]
        is_kept = (starts >= first) & is_closed(starts, grain, self.closed_through)
        return found[is_kept].set_index(["period_start", "member"]).sort_index()


@dataclass
class _Builder:
    """Collects metrics over the same raw files."""

    settings: Settings
    metrics: dict[str, Metric] = field(default_factory=dict)
    closed: pd.Timestamp = pd.NaT  # type: ignore[assignment]
    segments: tuple[str, ...] = ()

    def of(self, closed: pd.Timestamp, *segments: str) -> None:
        """What holds for the metrics that follow: last closed day and dimensions."""
        self.closed, self.segments = closed, segments

    def sums(self, name: str, *parts: Part, grains: tuple[str, ...] = ALL_GRAINS) -> None:
        """The sum of the parts; a part without rows in a group that others have counts 0."""

        def compute(grain: str, by: str) -> pd.DataFrame:
            sums = pd.concat([part.total(grain, by) for part in parts], axis=1)
            value = sums.fillna(0.0).sum(axis=1)
            return pd.DataFrame({"numerator": value, "denominator": np.nan, "value": value, "n": np.nan})

        self._add(name, grains, compute, is_additive=True)

    def ratio(
        self, name: str, top: Part, bottom: Part, *, grains: tuple[str, ...] = ALL_GRAINS, empty_top: float = 0.0
    ) -> None:
        """top / bottom; ``empty_top`` stands for a numerator without rows (0 where none happened, NaN where unknown)."""

        def compute(grain: str, by: str) -> pd.DataFrame:
            sums = pd.concat([part.total(grain, by) for part in (top, bottom)], axis=1, keys=["t", "b"])
            above = sums["t"].fillna(empty_top)
            value = above / sums["b"].replace(0.0, np.nan)
            return pd.DataFrame({"numerator": above, "denominator": sums["b"], "value": value, "n": sums["b"]})

        self._add(name, grains, compute)

    def quantile(
        self, name: str, rows: pd.DataFrame, column: str, share: float = 0.5, *, grains: tuple[str, ...] = ALL_GRAINS
    ) -> None:
        """The value below which ``share`` of a column lies, on the straight line between the two values around that place."""

        def compute(grain: str, by: str) -> pd.DataFrame:
            known = rows[rows[column].notna()]
            frame = _member(known, by).assign(value=known[column], period_start=period_of(known["day"], grain))
            grouped = frame.groupby(_key_names(by))["value"]
            value, size = grouped.quantile(share, interpolation="linear"), grouped.size()
            return pd.DataFrame({"numerator": np.nan, "denominator": np.nan, "value": value, "n": size}, index=value.index)

        self._add(name, grains, compute)

    def computed(
        self, name: str, value: Callable[[str, str], pd.DataFrame], *, grains: tuple[str, ...] = ALL_GRAINS
    ) -> None:
        """A metric of its own arithmetic: ``value`` gives columns value and n by period_start (and member), per grain and
        dimension."""

        def compute(grain: str, by: str) -> pd.DataFrame:
            return value(grain, by).assign(numerator=np.nan, denominator=np.nan)

        self._add(name, grains, compute)

    def growth(self, name: str, of: str) -> None:
        """Change of ``of`` against the month before, in total only."""

        def compute(grain: str, by: str) -> pd.DataFrame:
            now = self.metrics[of].compute(grain, by)["value"]
            before = now.copy()
            before.index = before.index + pd.offsets.MonthBegin(1)
            value = now / before.reindex(now.index).replace(0.0, np.nan) - 1
            return pd.DataFrame({"numerator": np.nan, "denominator": np.nan, "value": value, "n": np.nan})

        self._add(name, ("month",), compute)

    def _add(
        self, name: str, grains: tuple[str, ...], compute: Callable[[str, str], pd.DataFrame], is_additive: bool = False
    ) -> None:
        self.metrics[name] = Metric(self.closed, self.settings, grains, self.segments, compute, is_additive)


def _key_names(by: str) -> list[str]:
    return ["period_start", "member"] if by else ["period_start"]


def _member(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Day and, where asked for, the member of a dimension; a row without one belongs to '(none)'."""
    return rows[["day"]].assign(member=rows[by].astype("str").where(rows[by].notna(), NONE)) if by else rows[["day"]]


def truth(files: Path, workspace_file: Path = WORKSPACE) -> Mapping[str, Metric]:
    """Every metric of the demo company by name. ``files``: the folder of raw files."""
    from tests.soundness.demo_truth_pipeline import add_sales

    settings = read_settings(workspace_file)
    demo = DemoFiles(files, settings)
    closed = closed_days(demo)
    builder = _Builder(settings)
    _marketing(builder, demo, closed)
    _shop(builder, demo, closed)
    _returns(builder, demo, closed)
    _pipeline(builder, demo, closed)
    add_sales(builder, demo, closed)
    _support(builder, demo, closed)
    _surveys(builder, demo, closed)
    # imported here because these modules use what stands above
    from tests.soundness.demo_truth_finance import add_finance
    from tests.soundness.demo_truth_marketing import marketing
    from tests.soundness.demo_truth_service import add_service_metrics

    marketing(builder, files, demo, closed)
    add_finance(builder, demo, files, closed)
    add_service_metrics(builder, demo, files, closed)
    return builder.metrics


def closed_days(demo: DemoFiles) -> dict[str, pd.Timestamp]:
    """Per source the last closed day: that before the day of its latest event."""
    latest = {
        "ads": demo.ads["day"].max(),
        "web": demo.sessions["day"].max(),
        "shop": demo.order_days.max(),
        "crm": demo.leads["day"].max(),
        "helpdesk": demo.tickets["day"].max(),
        "surveys": demo.invitations["sent_day"].max(),
    }
    return {source: day - pd.Timedelta(days=1) for source, day in latest.items()}


def _marketing(builder: _Builder, demo: DemoFiles, closed: dict[str, pd.Timestamp]) -> None:
    impressions, clicks, spend = (Part(demo.ads, name) for name in ("impressions", "clicks", "spend"))
    builder.of(closed["ads"], "channel", "campaign", "country", "platform")
    builder.sums("impressions", impressions)
    builder.sums("clicks", clicks)
    builder.sums("ad_spend", spend)
    builder.ratio("ctr", clicks, impressions)
    builder.ratio("cpc", spend, clicks)
    visits, bounced, carted = Part(demo.sessions), Part(demo.sessions, "bounced"), Part(demo.sessions, "carted")
    builder.of(closed["web"], "channel", "source", "medium", "country", "device")
    builder.sums("sessions", visits)
    builder.sums("page_views", Part(demo.sessions, "page_views"))
    builder.of(closed["web"], "channel", "country", "device")
    builder.sums("bounced_sessions", bounced)
    builder.ratio("bounce_rate", bounced, visits)
    builder.sums("add_to_cart_sessions", carted)
    builder.ratio("add_to_cart_rate", carted, visits)


def _shop(builder: _Builder, demo: DemoFiles, closed: dict[str, pd.Timestamp]) -> None:
    orders, gross, spent = Part(demo.orders), Part(demo.orders, "gross"), Part(demo.refunds, "amount")
    # an order takes channel and device from its visit: both sources must have delivered
    shop_and_web = min(closed["shop"], closed["web"])
    builder.of(shop_and_web, "channel", "country", "device")
    builder.sums("orders", orders)
    builder.sums("gross_revenue", gross)
    builder.sums("refunds", spent)
    builder.sums("revenue", gross, Part(demo.refunds, "amount", -1.0))
    builder.ratio("conversion_rate", orders, Part(demo.sessions))
    builder.ratio("average_order_value", gross, orders)
    builder.of(shop_and_web)
    builder.growth("revenue_growth", "revenue")
    builder.of(shop_and_web, "channel", "country")
    builder.sums("new_customers", Part(demo.first_orders))
    mature = demo.first_orders[demo.first_orders["day"] + MATURITY <= shop_and_web]
    repeated = Part(mature, "repeated")
    builder.sums("first_orders_mature", Part(mature))
    builder.sums("first_orders_repeated", repeated)
    builder.ratio("repurchase_rate_30d", repeated, Part(mature), grains=ALL_GRAINS[1:])
    builder.of(min(shop_and_web, closed["ads"]), "channel", "country")
    # a channel on which nothing was spent has no acquisition cost, not one of zero
    spend, new = Part(demo.ads, "spend"), Part(demo.first_orders)
    builder.ratio("cac", spend, new, grains=ALL_GRAINS[1:], empty_top=np.nan)


def _returns(builder: _Builder, demo: DemoFiles, closed: dict[str, pd.Timestamp]) -> None:
    returned, items, refunded = (
        Part(demo.orders, "refunded"),
        Part(demo.order_lines, "quantity"),
        Part(demo.refunded_lines, "quantity"),
    )
    shop_and_web = min(closed["shop"], closed["web"])
    builder.of(shop_and_web, "channel", "country")
    builder.sums("orders_with_refund", returned)
    builder.ratio("return_rate", returned, Part(demo.orders))
    builder.of(shop_and_web, "product_category", "channel", "country")
    builder.sums("items_sold", items)
    builder.sums("refunded_items", refunded)
    builder.ratio("item_return_rate", refunded, items)


def _pipeline(builder: _Builder, demo: DemoFiles, closed: dict[str, pd.Timestamp]) -> None:
    leads, valid, became_deal = Part(demo.leads), Part(demo.leads, "valid"), Part(demo.leads, "is_won")
    builder.of(closed["crm"], "channel", "country", "team", "owner")
    builder.sums("leads", leads)
    builder.sums("valid_leads", valid)
    builder.ratio("valid_lead_rate", valid, leads, grains=ALL_GRAINS[1:])
    builder.sums("deals_won_from_leads", became_deal)
    builder.ratio("lead_to_deal_rate", became_deal, leads, grains=ALL_GRAINS[2:])
    decided, won = Part(demo.opportunities), Part(demo.opportunities, "is_won")
    builder.of(closed["crm"], "team", "owner", "channel", "country")
    builder.sums("opportunities_closed", decided)
    builder.sums("opportunities_won", won)
    builder.ratio("opportunity_win_rate", won, decided, grains=ALL_GRAINS[2:])


def _support(builder: _Builder, demo: DemoFiles, closed: dict[str, pd.Timestamp]) -> None:
    tickets = demo.tickets
    solved = tickets[tickets["solved_day"].notna()].assign(day=lambda rows: rows["solved_day"])
    at_once = Part(solved, "at_first_contact")
    builder.of(closed["helpdesk"], "ticket_channel", "priority", "team", "country")
    builder.sums("tickets_created", Part(tickets))
    builder.sums("tickets_solved", Part(solved))
    builder.sums("first_responses", Part(tickets[tickets["response_minutes"].notna()]))
    builder.quantile("first_response_minutes", tickets, "response_minutes")
    builder.sums("tickets_solved_at_first_contact", at_once)
    builder.ratio("first_contact_resolution_rate", at_once, Part(solved), grains=ALL_GRAINS[1:])


def _surveys(builder: _Builder, demo: DemoFiles, closed: dict[str, pd.Timestamp]) -> None:
    answers = demo.invitations[demo.invitations["day"].notna() & demo.invitations["score"].notna()]
    csat = answers[answers["survey"] == "csat"].assign(satisfied=lambda rows: rows["score"] >= 4)
    # a ticket tells the channel and the team
    builder.of(min(closed["surveys"], closed["helpdesk"]), "ticket_channel", "team", "country")
    builder.sums("csat_answers", Part(csat))
    builder.sums("csat_satisfied", Part(csat, "satisfied"))
    builder.ratio("csat", Part(csat, "satisfied"), Part(csat), grains=ALL_GRAINS[1:])
    nps = answers[answers["survey"] == "nps"]
    nps = nps.assign(promoter=nps["score"] >= 9, detractor=nps["score"] <= 6)
    nps["points"] = 100 * (nps["promoter"].astype(int) - nps["detractor"].astype(int))
    builder.of(closed["surveys"], "country")
    builder.sums("nps_answers", Part(nps))
    builder.sums("nps_promoters", Part(nps, "promoter"))
    builder.sums("nps_detractors", Part(nps, "detractor"))
    builder.sums("nps_points", Part(nps, "points"))
    builder.ratio("nps", Part(nps, "points"), Part(nps), grains=ALL_GRAINS[2:])
