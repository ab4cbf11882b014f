"""The sales pipeline of the demo company in pandas from its CRM: steps of leads, activities, open opportunities, quotas.

Like its neighbours it reads no model and no mapping, only the CRM's tables by the words of the metrics' descriptions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from tests.soundness.demo_truth_time import ExchangeRates, Settings, local_day, period_of

if TYPE_CHECKING:
    from tests.soundness.demo_truth import _Builder
    from tests.soundness.demo_truth_files import DemoFiles

NAMES = {"owner_name": "owner", "team_name": "team", "country_code": "country", "stage_name": "stage"}
DAY = pd.Timedelta(days=1)


class SalesFiles:
    """The CRM's tables; every frame has `day` and one column per dimension, as in demo_truth_files."""

    def __init__(self, files: Path, settings: Settings, rates: ExchangeRates, leads: pd.DataFrame) -> None:
        """``leads``: lead_id, channel, is_test and repeats (a later lead with the same e-mail address)."""
        self._file, self._settings = files / "crm.sqlite", settings
        about = leads.set_index("lead_id")[["channel", "is_test", "repeats"]]
        found = self._table("leads").join(about, on="lead_id")
        # neither a test nor somebody who is there already is a prospect
        self.prospects = found[~found["is_test"] & ~found["repeats"]].reset_index(drop=True)
        channels = about["channel"]
        self.opportunities = self._opportunities(channels, rates)
        self.activities = self._table("sales_activities").assign(
            channel=lambda rows: rows["lead_id"].map(channels),
            country=lambda rows: rows["lead_id"].map(found.set_index("lead_id")["country"]),
            day=lambda rows: self._day(rows["occurred_at"]),
        )
        quotas = self._table("quotas")
        quotas["day"] = pd.to_datetime(quotas["month_start"]).astype("datetime64[us]")
        quotas["amount"] = rates.convert(quotas["quota_amount"].astype(str), quotas["currency_code"], quotas["day"])
        self.quotas = quotas

    def qualified(self) -> pd.DataFrame:
        """Prospects that marketing qualified, on that day; `accepted`: sales took them, whenever."""
        rows = self.prospects.assign(day=self._day(self.prospects["mql_at"]), accepted=self.prospects["sql_at"].notna())
        return rows[rows["day"].notna()]

    def accepted(self) -> pd.DataFrame:
        """Prospects that sales accepted, on that day."""
        rows = self.prospects.assign(day=self._day(self.prospects["sql_at"]))
        return rows[rows["day"].notna()]

    def rated(self) -> pd.DataFrame:
        """Prospects with a rating, on the day they arrived."""
        rows = self.prospects.assign(day=self._day(self.prospects["created_at"]))
        return rows[rows["rating"].between(1, 5)]

    def decided(self) -> pd.DataFrame:
        """Opportunities won or lost, on the day they were closed."""
        rows = self.opportunities[self.opportunities["closed_day"].notna()]
        return rows.assign(day=rows["closed_day"])

    def open_at_day_end(self, last: pd.Timestamp) -> pd.DataFrame:
        """One row per opportunity and day at whose end it was open, with the stage it was then in, until ``last``."""
        until = (self.opportunities["closed_day"] - DAY).fillna(last).clip(upper=last)
        spans = [pd.date_range(opened, end, freq="D") for opened, end in zip(self.opportunities["day"], until, strict=True)]
        rows = self.opportunities.drop(columns=["day", "stage"]).assign(day=spans).explode("day")
        rows = rows[rows["day"].notna()].astype({"day": "datetime64[us]"})
        entered = self._table("opportunity_stages")
        entered["at"] = pd.to_datetime(entered["entered_at"]).astype("datetime64[us]")
        entered["day"] = self._day(entered["entered_at"])
        entered = entered.sort_values(["at", "stage_entry_id"]).drop_duplicates(["opportunity_id", "day"], keep="last")
        stage = entered.sort_values("day")[["day", "opportunity_id", "stage"]]
        return pd.merge_asof(rows.sort_values("day"), stage, on="day", by="opportunity_id", direction="backward")

    def _opportunities(self, channels: pd.Series, rates: ExchangeRates) -> pd.DataFrame:
        rows = self._table("opportunities")
        rows["day"] = self._day(rows["created_at"])
        is_decided = rows["stage"].isin(["Closed Won", "Closed Lost"])
        rows["closed_day"] = self._day(rows["closed_at"]).where(is_decided)
        opened, closed = pd.to_datetime(rows["created_at"]), pd.to_datetime(rows["closed_at"])
        rows["cycle_days"] = ((closed - opened) / DAY).where(is_decided & (closed >= opened))
        rows["is_won"] = rows["stage"].eq("Closed Won")
        rows["amount"] = rates.convert(rows["amount"].astype(str), rows["currency_code"], rows["day"])
        return rows.assign(channel=rows["lead_id"].map(channels))

    def _table(self, name: str) -> pd.DataFrame:
        with sqlite3.connect(self._file) as con:
            return pd.read_sql_query(f"select * from {name}", con).rename(columns=NAMES)

    def _day(self, text: pd.Series) -> pd.Series:
        return local_day(pd.to_datetime(text, format="ISO8601").astype("datetime64[us]"), self._settings)


class Stock:
    """What there is at the end of the last day of a period that has any row; ``weight`` empty counts rows.

    From the first day on a day without rows has a stock of 0 in total, and of 0 without a member.
    """

    def __init__(self, rows: pd.DataFrame, last: pd.Timestamp, weight: str = "") -> None:
        self._rows = rows.assign(weight=rows[weight] if weight else 1.0)
        self._days = pd.Series(pd.date_range(rows["day"].min(), last, freq="D")).astype("datetime64[us]")

    def total(self, grain: str, by: str, none: str) -> pd.Series:
        """Per period, or per period and member of ``by``; ``none`` names rows without one."""
        ends = self._days.groupby(period_of(self._days, grain)).max()
        rows = self._rows[self._rows["day"].isin(ends)]
        empty = ends[~ends.isin(rows["day"])]
        rows = pd.concat([rows, pd.DataFrame({"day": empty, "weight": 0.0})], ignore_index=True)
        keys = [period_of(rows["day"], grain).rename("period_start")]
        if by:
            keys.append(rows[by].astype("str").where(rows[by].notna(), none).rename("member"))
        return rows.groupby(keys)["weight"].sum()


def add_sales(builder: _Builder, demo: DemoFiles, closed: dict[str, pd.Timestamp]) -> None:
    """Every metric of the sales pipeline that is not in demo_truth."""
    sales = SalesFiles(demo.files, demo.settings, demo.rates, demo.leads)
    _steps(builder, sales, closed["crm"])
    _cycle_and_activities(builder, sales, closed["crm"])
    _pipeline_value(builder, sales, closed["crm"])
    _quotas(builder, sales, closed["crm"])


def _put(builder: _Builder, name: str, grains: tuple[str, ...], compute: Callable[[str, str], pd.DataFrame]) -> None:
    """A metric that no method of the builder makes."""
    from tests.soundness.demo_truth import Metric

    builder.metrics[name] = Metric(builder.closed, builder.settings, grains, builder.segments, compute, is_additive=False)


def _steps(builder: _Builder, sales: SalesFiles, closed: pd.Timestamp) -> None:
    from tests.soundness.demo_truth import ALL_GRAINS, Part

    qualified, rated = sales.qualified(), sales.rated()
    builder.of(closed, "channel", "country", "team", "owner")
    builder.sums("qualified_leads", Part(qualified), grains=ALL_GRAINS[1:])
    builder.sums("accepted_leads", Part(sales.accepted()), grains=ALL_GRAINS[1:])
    builder.sums("qualified_leads_accepted", Part(qualified, "accepted"))
    builder.ratio("mql_to_sql_rate", Part(qualified, "accepted"), Part(qualified), grains=ALL_GRAINS[2:])
    builder.sums("rated_leads", Part(rated))
    builder.sums("sales_rating_points", Part(rated, "rating"))
    builder.ratio("sales_acceptance_score", Part(rated, "rating"), Part(rated), grains=ALL_GRAINS[2:])


def _cycle_and_activities(builder: _Builder, sales: SalesFiles, closed: pd.Timestamp) -> None:
    from tests.soundness.demo_truth import ALL_GRAINS, Part

    decided = sales.decided()
    builder.of(closed, "team", "owner", "channel", "country")
    builder.sums("sales_cycles_known", Part(decided[decided["cycle_days"].notna()]))
    builder.quantile("sales_cycle_days", decided, "cycle_days", grains=ALL_GRAINS[2:])
    for name, kind in (("calls", "call"), ("emails_to_prospects", "email"), ("meetings", "meeting")):
        did = sales.activities[sales.activities["activity_type"].eq(kind)]
        builder.sums(name, Part(did), grains=ALL_GRAINS[1:])


def _pipeline_value(builder: _Builder, sales: SalesFiles, closed: pd.Timestamp) -> None:
    from tests.soundness.demo_truth import ALL_GRAINS, NONE

    # the day after the last closed one is open, and in the data
    last = closed + DAY
    rows = sales.open_at_day_end(last)
    count, value = Stock(rows, last), Stock(rows, last, "amount")

    def amounts(grain: str, by: str) -> pd.DataFrame:
        parts = {"numerator": float("nan"), "denominator": float("nan")}
        found = pd.DataFrame({"value": value.total(grain, by, NONE), "n": count.total(grain, by, NONE)})
        return found.assign(**parts)

    def counts(grain: str, by: str) -> pd.DataFrame:
        return amounts(grain, by).assign(value=lambda found: found["n"], n=float("nan"))

    builder.of(closed, "stage", "team", "owner", "channel", "country")
    _put(builder, "pipeline_value", ALL_GRAINS[1:], amounts)
    _put(builder, "open_opportunities", ALL_GRAINS, counts)


def _quotas(builder: _Builder, sales: SalesFiles, closed: pd.Timestamp) -> None:
    """A quota of which nothing is won has won 0; what is won without a quota has no attainment."""
    from tests.soundness.demo_truth import ALL_GRAINS, Part

    decided = sales.decided()
    won, quotas = decided[decided["is_won"]], sales.quotas
    builder.of(closed, "team", "owner")
    builder.sums("won_amount", Part(won, "amount"))
    quota, number = Part(quotas, "amount"), Part(quotas)

    def with_number(grain: str, by: str, numerator: pd.Series) -> pd.DataFrame:
        below = quota.total(grain, by)
        found = pd.DataFrame({"numerator": numerator.reindex(below.index).fillna(0.0), "denominator": below})
        return found.assign(value=found["numerator"] / found["denominator"], n=number.total(grain, by))

    def set_amounts(grain: str, by: str) -> pd.DataFrame:
        found = with_number(grain, by, quota.total(grain, by))
        return found.assign(value=found["numerator"], denominator=float("nan"))

    _put(builder, "sales_quota", ALL_GRAINS[2:], set_amounts)
    builder.sums("quotas_set", number, grains=ALL_GRAINS[2:])
    _put(
        builder,
        "quota_attainment",
        ALL_GRAINS[2:],
        lambda grain, by: with_number(grain, by, Part(won, "amount").total(grain, by)),
    )
