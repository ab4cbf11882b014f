"""truth.json: everything that was planted, and what is really in the data of it, for tests and back-tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from data.generator import incidents
from data.generator.calendar import FIRST_DAY, day_index, day_of
from data.generator.drivers import CAUSAL_CHAINS
from data.generator.evidence import Series, explained_share
from data.generator.finance import euro_rates
from data.generator.frames import World, shown
from data.generator.incident import Incident
from data.generator.randomness import Floats, Ints
from data.generator.support import Tickets

_WEEK = 7


@dataclass(frozen=True)
class Simulation:
    """All tables, with the rows that are still to come, and the plans of the tickets."""

    world: World
    tables: Mapping[str, pd.DataFrame]
    tickets: Tickets

    def seen(self, table: str) -> pd.DataFrame:
        return shown(self.tables[table], self.world.last_day)

    @cached_property
    def orders(self) -> pd.DataFrame:
        """The latest row of each order that is no test, with its gross amount in euro."""
        rows = self.seen("orders")
        rows = rows[~rows["test"]].sort_values("updated_at", kind="stable").drop_duplicates("id", keep="last")
        gross = rows["subtotal_price"] - rows["total_discounts"]
        return rows.assign(
            gross_eur=in_euro(self.world, gross.to_numpy(), rows["presentment_currency"], rows["_day"].to_numpy())
        )


def in_euro(world: World, amount: Floats, currency: pd.Series, day: Ints) -> Floats:
    """Converted with the rounded rate of the day, as the mapping of the demo workspace does."""
    rates = euro_rates(world)
    rate = np.ones(len(amount))
    for code in ("USD", "GBP"):
        rows = (currency == code).to_numpy()
        rate[rows] = np.round(1.0 / rates[code][np.asarray(day)[rows]], 8)
    return np.asarray(amount) * rate


def daily_series(simulation: Simulation) -> dict[str, Floats]:
    """The main metrics by local day, from the rows that the export shows."""
    world, days = simulation.world, simulation.world.days
    sessions, ads, tickets = simulation.seen("sessions"), simulation.seen("ad_performance"), simulation.seen("tickets")
    orders, refunds = simulation.orders, simulation.seen("refunds")

    def by_day(frame: pd.DataFrame, values: object = None) -> Floats:
        return np.bincount(frame["_day"], None if values is None else np.asarray(values, dtype=float), days).astype(float)[
            :days
        ]

    tickets = tickets[~tickets["subject"].str.startswith("TEST ")].drop_duplicates("id")
    visits = by_day(sessions)
    spend = by_day(ads, in_euro(world, ads["cost"].to_numpy(), ads["account_currency"], ads["_day"].to_numpy()))
    gross, count = by_day(orders, orders["gross_eur"]), by_day(orders)
    clicks, impressions = by_day(ads, ads["clicks"]), by_day(ads, ads["impressions"])
    returned = in_euro(world, refunds["amount"].to_numpy(), refunds["currency"], refunds["_day"].to_numpy())
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "sessions": visits,
            "page_views": by_day(sessions, sessions["screen_page_views"]),
            "bounce_rate": by_day(sessions, sessions["engaged_session"] == 0) / visits,
            "add_to_cart_rate": by_day(sessions, sessions["add_to_carts"] > 0) / visits,
            "orders": count,
            "gross_revenue": gross,
            "refunds": by_day(refunds, returned),
            "conversion_rate": count / visits,
            "average_order_value": gross / count,
            "ad_spend": spend,
            "impressions": impressions,
            "clicks": clicks,
            "ctr": clicks / impressions,
            "cpc": spend / clicks,
            "tickets_created": by_day(tickets),
        }


def segment_series(simulation: Simulation, metric: str, dimension: str, member: str) -> Floats:
    """Sessions or ad spend of one country or channel by local day."""
    days = simulation.world.days
    if metric == "sessions":
        rows = simulation.seen("sessions")
        labels = {"email": "Email", "organic_search": "Organic Search"}
        column = {"country": "country_code", "channel": "default_channel_group"}[dimension]
        return np.bincount(rows.loc[rows[column] == labels.get(member, member), "_day"], minlength=days)[:days].astype(float)
    rows = simulation.seen("ad_performance")
    rows = rows[rows["network"] == {"paid_social": "SOCIAL"}[member]]
    euro = in_euro(simulation.world, rows["cost"].to_numpy(), rows["account_currency"], rows["_day"].to_numpy())
    return np.bincount(rows["_day"], euro, days)[:days]


def truth_of(simulation: Simulation, file_rows: Mapping[str, int]) -> dict[str, object]:
    world = simulation.world
    series = daily_series(simulation)
    last = day_of(world.last_day)
    return {
        "seed": world.seed,
        "scale": world.scale,
        "first_day": str(FIRST_DAY),
        "last_day": str(last),
        "promotions": [
            {
                "name": each.name,
                "from": str(each.starts_on),
                "to": str(each.ends_on),
                "discount_share": each.discount_share,
            }
            for each in world.calendar.promotions
            if each.starts_on <= last
        ],
        "holidays": [str(day) for day in world.calendar.holidays if day <= last],
        "causal": [_causal(simulation, series, position) for position in range(len(CAUSAL_CHAINS))],
        "faults": _faults(simulation),
        "incidents": [_incident(simulation, series, each) for each in incidents.visible(world.last_day)],
        "totals": _totals(simulation, series, file_rows),
    }


def _causal(simulation: Simulation, series: Mapping[str, Floats], position: int) -> dict[str, object]:
    chain = CAUSAL_CHAINS[position]
    described = dict(asdict(chain).items())
    if chain.grain == "day":
        share = explained_share(
            Series.of_days(series[chain.driver], series[chain.outcome], chain.lag_days, simulation.world.calendar)
        )
    else:
        share = explained_share(_weekly(simulation, chain.driver, chain.lag_days))
    return {**described, "explained_share": None if share is None else round(share, 4)}


def _weekly(simulation: Simulation, driver: str, lag_days: int) -> Series:
    """Driver and outcome in windows of seven days, the outcome's window ``lag_days`` later."""
    days = simulation.world.days
    if driver == "first_response_minutes":
        csat, tickets = simulation.seen("csat"), simulation.tickets
        answered = csat["satisfaction"].notna().to_numpy()
        week = csat["_day"].to_numpy()[answered] // _WEEK
        good = (csat["satisfaction"][answered] >= 4).to_numpy(dtype=float)
        weeks = days // _WEEK
        share = _mean_by(week, good, weeks)
        median = (
            pd.Series(np.log(tickets.response_minutes))
            .groupby(tickets.day // _WEEK)
            .median()
            .reindex(range(weeks))
            .to_numpy()
        )
        return Series(median, share)
    reviews, subscriptions = simulation.seen("reviews"), simulation.seen("subscriptions")
    cancelled = subscriptions["canceled_at"].dropna().to_numpy().astype("datetime64[s]").astype(np.int64)
    lost = np.bincount(simulation.world.calendar.day_of_utc(cancelled), minlength=days)[:days]
    begun = np.bincount(subscriptions["_day"], minlength=days)[:days]
    active = np.cumsum(begun - lost) + lost
    weeks = (days - lag_days) // _WEEK
    if weeks < 1:
        return Series(np.array([]), np.array([]))
    window = np.arange(weeks * _WEEK) + lag_days
    churn = lost[window].reshape(weeks, _WEEK).sum(axis=1) / active[window].reshape(weeks, _WEEK).mean(axis=1)
    rating = _mean_by(reviews["_day"].to_numpy() // _WEEK, reviews["stars"].to_numpy(dtype=float), weeks)
    return Series(rating, churn)


def _mean_by(group: Ints, values: Floats, size: int) -> Floats:
    """Mean of each group, NaN where it is empty; groups beyond ``size`` are dropped."""
    kept = group < size
    count = np.bincount(group[kept], minlength=size)
    total = np.bincount(group[kept], values[kept], size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _incident(simulation: Simulation, series: Mapping[str, Floats], incident: Incident) -> dict[str, object]:
    last = day_of(simulation.world.last_day)
    is_ongoing = incident.ends_on is None or incident.ends_on > last
    described: dict[str, object] = {
        "id": incident.id,
        "metrics": list(incident.metrics),
        "kind": incident.kind,
        "what": incident.what,
        "segment_dimension": incident.dimension,
        "segment_value": incident.member,
        "from": str(incident.starts_on),
        "to": str(last if is_ongoing else incident.ends_on),
        "ongoing": is_ongoing,
        "effect": incident.effect,
        "ramp_days": incident.ramp_days,
    }
    day = day_index(incident.starts_on)
    if incident.is_one_day and day > 0:
        described["observed"] = {
            metric: _observed(
                series[metric]
                if incident.dimension is None
                else segment_series(simulation, metric, incident.dimension, str(incident.member)),
                day,
            )
            for metric in incident.metrics
        }
    return described


def _observed(values: Floats, day: int) -> dict[str, float | None]:
    """The day's value, that of the day before, the median of the weekday in the four weeks before, and the change."""
    value, previous = float(values[day]), float(values[day - 1])
    usual = (
        float(np.nanmedian(values[[day - 7 * week for week in range(1, 5) if day >= 7 * week]])) if day >= 7 else previous
    )
    known = np.isfinite([value, previous, usual])
    return {
        "value": round(value, 6) if known[0] else None,
        "previous_value": round(previous, 6) if known[1] else None,
        "usual_value": round(usual, 6) if known[2] else None,
        "change": round(value / previous - 1, 6) if known[:2].all() and previous else None,
    }


def _faults(simulation: Simulation) -> dict[str, object]:
    orders, replies, tickets = simulation.seen("orders"), simulation.seen("ticket_replies"), simulation.seen("tickets")
    leads = simulation.seen("leads")
    late = {}
    for name in ("sessions", "touchpoints", "orders", "order_lines", "tickets", "ticket_replies"):
        table = simulation.tables[name]
        delayed = table["_seen_on"] > table["_day"]
        missing = table["_seen_on"] > simulation.world.last_day
        late[name] = {"came_late": int((delayed & ~missing).sum()), "not_here_yet": int(missing.sum())}
    tests = orders[orders["test"]]
    again = orders[orders["id"].duplicated(keep=False)]
    return {
        "repeated_orders": {"rows_too_many": int(orders["id"].duplicated().sum()), "order_ids": _ids(again["id"])},
        "repeated_tickets": {
            "rows_too_many": int(tickets["id"].duplicated().sum()),
            "ticket_ids": _ids(tickets["id"][tickets["id"].duplicated()]),
        },
        "repeated_replies": {"rows_too_many": int(replies["id"].duplicated().sum())},
        "late_rows": late,
        "restated_ad_spend": {"days": 3, "known_share_of_final_by_age": [0.91, 0.97, 0.995, 1.0]},
        "test_orders": {"count": int(tests["id"].nunique()), "order_ids": _ids(tests["id"])},
        "test_tickets": {"count": int(tickets.loc[tickets["subject"].str.startswith("TEST "), "id"].nunique())},
        "leads": {
            name: {
                "count": int((leads["_fault"] == name).sum()),
                "lead_ids": _ids(leads.loc[leads["_fault"] == name, "lead_id"]),
            }
            for name in ("unreachable", "bad_email", "bad_phone", "test", "duplicate")
        },
        "mixed_currencies": {
            "orders": simulation.orders["presentment_currency"].value_counts().sort_index().to_dict(),
            "ad_rows": simulation.seen("ad_performance")["account_currency"].value_counts().sort_index().to_dict(),
        },
    }


def _ids(values: pd.Series) -> list[int]:
    return sorted({int(each) for each in values})


def _totals(simulation: Simulation, series: Mapping[str, Floats], file_rows: Mapping[str, int]) -> dict[str, object]:
    """Rows per file as exported, and the totals that a correct pipeline finds (latest rows, without tests, in euro)."""
    additive = ("sessions", "page_views", "orders", "impressions", "clicks", "tickets_created")
    money = ("gross_revenue", "refunds", "ad_spend")
    opportunities, csat = simulation.seen("opportunities"), simulation.seen("csat")
    tickets = simulation.seen("tickets")
    tickets = tickets[~tickets["subject"].str.startswith("TEST ")].drop_duplicates("id", keep="last")
    return {
        "rows": dict(sorted(file_rows.items())),
        "metrics": {
            **{name: int(series[name].sum()) for name in additive},
            **{name: round(float(series[name].sum()), 2) for name in money},
            "leads": int((simulation.seen("leads")["_fault"] != "test").sum()),
            "opportunities_won": int((opportunities["stage_name"] == "Closed Won").sum()),
            "opportunities_closed": int(opportunities["closed_at"].notna().sum()),
            "tickets_solved": int(tickets["solved_at"].notna().sum()),
            "csat_answers": int(csat["satisfaction"].notna().sum()),
        },
    }
