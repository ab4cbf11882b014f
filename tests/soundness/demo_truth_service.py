"""The demo company's service desk, deliveries, warehouse and staff in pandas from the raw files, by the words of their metrics.

Hooked into ``demo_truth.truth``; nothing here reads a model or a semantic definition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tests.soundness.demo_truth import ALL_GRAINS, Part
from tests.soundness.demo_truth_time import PERIODS, local_day, period_of

if TYPE_CHECKING:
    from tests.soundness.demo_truth import _Builder
    from tests.soundness.demo_truth_files import DemoFiles

Closed = Mapping[str, pd.Timestamp]
MONTHS = ("month", "quarter")
LOSSES = ("damaged", "lost", "count_correction")


def add_service_metrics(builder: _Builder, demo: DemoFiles, files: Path, closed: Closed) -> None:
    """Every metric of this module. ``files``: the folder of raw files; ``closed``: last closed day by source."""
    _waiting(builder, demo, closed)
    _agents(builder, files, closed)
    _invited(builder, demo, closed)
    _deliveries(builder, demo, closed)
    _warehouse(builder, files, closed)
    _staff(builder, files)
    _staff_survey(builder, files, closed)


def _waiting(builder: _Builder, demo: DemoFiles, closed: Closed) -> None:
    tickets = demo.tickets
    solved = tickets[tickets["solved_day"].notna()].assign(day=lambda rows: rows["solved_day"])
    solved["hours"] = (solved["solved_at"] - solved["created_at"]).dt.total_seconds() / 3600
    assert (solved["hours"] >= 0).all()
    builder.of(closed["helpdesk"], "ticket_channel", "priority", "team", "country")
    builder.quantile("first_response_minutes_p90", tickets, "response_minutes", 0.9, grains=ALL_GRAINS[1:])
    builder.quantile("resolution_hours", solved, "hours", grains=ALL_GRAINS[1:])
    builder.quantile("resolution_hours_p90", solved, "hours", 0.9, grains=ALL_GRAINS[1:])

    def open_at_the_end(grain: str, by: str) -> pd.DataFrame:
        return _stock(tickets, grain, by, closed["helpdesk"])

    builder.computed("ticket_backlog", open_at_the_end)


def _stock(tickets: pd.DataFrame, grain: str, by: str, closed_through: pd.Timestamp) -> pd.DataFrame:
    """Tickets created by the last day of each closed period and not solved by then, from the first ticket of a member on."""
    periods = pd.period_range(tickets["day"].min(), closed_through, freq=PERIODS[grain])
    groups = tickets.groupby(by) if by else [("", tickets)]
    found = []
    for member, rows in groups:
        for period in periods:
            end = period.end_time.normalize()
            come = rows["day"] <= end
            if come.any():
                waiting = come & ~(rows["solved_day"] <= end)
                found.append((period.start_time, member, float(waiting.sum())))
    frame = pd.DataFrame(found, columns=["period_start", "member", "value"]).assign(n=np.nan)
    return frame.set_index(["period_start", "member"] if by else ["period_start"])[["value", "n"]]


def _agents(builder: _Builder, files: Path, closed: Closed) -> None:
    shifts = pd.read_csv(files / "helpdesk" / "agent_shifts.csv")
    shifts["day"] = local_day(pd.to_datetime(shifts["starts_at"]), builder.settings)
    shifts = shifts.sort_values("starts_at").drop_duplicates(["day", "agent_name"], keep="first")
    builder.of(closed["helpdesk"], "team")
    builder.sums("agent_days", Part(shifts))

    def staffed(grain: str, by: str) -> pd.DataFrame:
        """Days on which anybody works; for a team those since its first."""
        days = pd.Series(shifts["day"].unique())
        if not by:
            count = days.groupby(period_of(days, grain).rename("period_start").to_numpy()).size()
            return pd.DataFrame({"value": count.astype("float64"), "n": np.nan}).rename_axis("period_start")
        first = shifts.groupby(by)["day"].min()
        counts = {
            team: days[days >= start].groupby(period_of(days[days >= start], grain).to_numpy()).size()
            for team, start in first.items()
        }
        found = pd.concat(counts, names=["member", "period_start"]).swaplevel()
        return pd.DataFrame({"value": found.astype("float64"), "n": np.nan})

    def present(grain: str, by: str) -> pd.DataFrame:
        days = staffed(grain, by)["value"]
        people = Part(shifts).total(grain, by).reindex(days.index).fillna(0.0)
        return pd.DataFrame({"value": people / days, "n": days})

    builder.computed("staffed_days", staffed)
    builder.computed("agents_on_shift", present)


def _invited(builder: _Builder, demo: DemoFiles, closed: Closed) -> None:
    csat = demo.invitations[demo.invitations["survey"] == "csat"]
    csat = csat.assign(answered=csat["day"].notna() & csat["score"].notna(), day=csat["sent_day"])
    builder.of(min(closed["surveys"], closed["helpdesk"]), "ticket_channel", "team", "country")
    builder.sums("csat_invitations", Part(csat))
    builder.sums("csat_invitations_answered", Part(csat, "answered"))
    builder.ratio("csat_response_rate", Part(csat, "answered"), Part(csat))


def _deliveries(builder: _Builder, demo: DemoFiles, closed: Closed) -> None:
    shop_and_web = min(closed["shop"], closed["web"])
    arrived = demo.orders[demo.orders["delivered_at"].notna()]
    arrived = arrived.assign(
        day=local_day(arrived["delivered_at"], builder.settings),
        on_time=arrived["delivered_at"] <= arrived["promised_at"],
        ahead=(arrived["promised_at"] - arrived["delivered_at"]).dt.total_seconds() / 60,
    )
    assert arrived["promised_at"].notna().all()
    builder.of(shop_and_web, "country")
    builder.sums("deliveries_with_promise", Part(arrived))
    builder.sums("deliveries_on_time", Part(arrived, "on_time"))
    builder.ratio("on_time_delivery_rate", Part(arrived, "on_time"), Part(arrived))
    builder.sums("delivery_minutes_ahead", Part(arrived, "ahead"))
    builder.ratio("minutes_ahead_of_promise", Part(arrived, "ahead"), Part(arrived), grains=ALL_GRAINS[1:])
    builder.of(shop_and_web, "channel", "country")
    builder.sums("shipping_cost", Part(demo.orders, "shipping"))
    builder.sums("orders_with_shipping_cost", Part(demo.orders))
    builder.ratio("average_shipping_cost", Part(demo.orders, "shipping"), Part(demo.orders), grains=MONTHS)


def _warehouse(builder: _Builder, files: Path, closed: Closed) -> None:
    moves = pd.read_parquet(files / "shop" / "inventory_movements.parquet")
    moves["day"] = pd.to_datetime(moves["movement_date"]).astype("datetime64[us]")
    products = pd.read_csv(files / "shop" / "products.csv").set_index("sku")["product_type"]
    moves["product_category"] = moves["sku"].astype(str).map(products)
    kind = moves["movement_type"].astype(str)
    gone = moves.assign(out=-moves["units"], lost=(-moves["units"]).where(kind.isin(LOSSES), 0))
    gone = gone[kind.isin([*LOSSES, "shipment"])]
    builder.of(closed["shop"], "product_category")
    builder.sums("inventory_units_lost", Part(gone, "lost"))
    builder.sums("inventory_units_out", Part(gone, "out"))
    builder.ratio("inventory_loss_rate", Part(gone, "lost"), Part(gone, "out"), grains=MONTHS)


def _staff(builder: _Builder, files: Path) -> None:
    rows = pd.read_excel(files / "finance" / "headcount.xlsx").rename(columns={"left_company": "left"})
    rows["day"] = pd.to_datetime(rows["month"]).astype("datetime64[us]")
    rows["mean"] = (rows["headcount_start"] + rows["headcount_end"]) / 2
    # a month is complete when the next one is there
    builder.of(rows["day"].max() - pd.Timedelta(days=1), "team")

    def by_period(grain: str, by: str) -> pd.DataFrame:
        """Per period, and team: start of the first month, end of the last, leavers, months, sum of the monthly means."""
        frame = rows.assign(period_start=period_of(rows["day"], grain), member=rows["team"])
        keys = ["period_start", "member"] if by else ["period_start"]
        edges = frame.groupby("period_start")["day"]
        first, last = frame["day"] == edges.transform("min"), frame["day"] == edges.transform("max")
        grouped = frame.groupby(keys)
        return pd.DataFrame(
            {
                "start": frame[first].groupby(keys)["headcount_start"].sum(),
                "end": frame[last].groupby(keys)["headcount_end"].sum(),
                "left": grouped["left"].sum(),
                "months": grouped["day"].nunique(),
                "mean_sum": grouped["mean"].sum(),
            }
        ).astype("float64")

    formulas: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
        "headcount": lambda found: found["end"],
        "headcount_at_start": lambda found: found["start"],
        "headcount_months": lambda found: found["months"],
        "mean_headcount": lambda found: found["mean_sum"] / found["months"],
        "employee_turnover_rate": lambda found: found["left"] * found["months"] / found["mean_sum"],
        "employees_stayed": lambda found: found["start"] - found["left"],
        "employee_retention_rate": lambda found: (found["start"] - found["left"]) / found["start"],
    }
    for name, formula in formulas.items():

        def value(grain: str, by: str, formula: Callable[[pd.DataFrame], pd.Series] = formula) -> pd.DataFrame:
            return pd.DataFrame({"value": formula(by_period(grain, by)), "n": np.nan})

        builder.computed(name, value, grains=MONTHS)
    builder.sums("headcount_month_sum", Part(rows, "mean"), grains=MONTHS)
    builder.sums("employees_left", Part(rows, "left"), grains=MONTHS)


def _staff_survey(builder: _Builder, files: Path, closed: Closed) -> None:
    asked = pd.read_csv(files / "surveys" / "employees.csv")
    answered = asked[asked["answered_at"].notna() & asked["satisfaction"].notna()]
    answered = answered.assign(day=local_day(pd.to_datetime(answered["answered_at"]), builder.settings))
    builder.of(closed["surveys"])
    builder.sums("employee_answers", Part(answered), grains=("quarter",))
    builder.sums("employee_satisfaction_points", Part(answered, "satisfaction"), grains=("quarter",))
    builder.ratio("employee_satisfaction", Part(answered, "satisfaction"), Part(answered), grains=("quarter",))
