"""What finance keeps: exchange rates, headcount, and the numbers that are typed in by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.generator.calendar import FIRST_DAY, HORIZON, day_index, day_of
from data.generator.company import OFFICE_TEAMS
from data.generator.frames import World, on_date
from data.generator.randomness import Floats

RATE_RUN_IN = 7  # the walk of the quotes begins a week before the history
EARLIER_QUOTES = 420  # and is continued backwards: the oldest subscriptions were taken out more than a year before it
_QUOTES = (("USD", 1.085), ("GBP", 0.848))
# per month at scale 1: all that the company spends beside the goods themselves
_OPERATING_COSTS = (("advertising", 10_800), ("shipping", 2_700), ("wages", 2_500), ("rent", 700), ("software", 400))
_MARKET_SIZES = (("DE", 900_000), ("AT", 160_000), ("GB", 310_000))


def _quotes(world: World, currency: str, level: float) -> Floats:
    """Foreign currency per euro on each day from RATE_RUN_IN days before the first; weekends keep Friday's."""
    length = RATE_RUN_IN + HORIZON
    shocks = world.stream("rates").normal(currency, np.arange(length)) * 0.0035
    weekday = (np.arange(length) - RATE_RUN_IN + FIRST_DAY.weekday()) % 7
    walk, quotes = 0.0, np.empty(length)
    for step in range(length):
        if weekday[step] < 5:
            walk = 0.99 * walk + shocks[step]
        quotes[step] = level * np.exp(walk)
    return quotes.round(4)


def euro_rates(world: World) -> dict[str, Floats]:
    """Foreign currency per euro by day of the horizon: the quote of the day, at weekends the latest earlier one."""
    rates = {currency: _quotes(world, currency, level)[RATE_RUN_IN:] for currency, level in _QUOTES}
    return {"EUR": np.ones(HORIZON), **rates}


def _earlier_quotes(world: World, currency: str, first: float) -> Floats:
    """The EARLIER_QUOTES days before the walk, which ends in its first quote; weekends have Friday's."""
    before = np.arange(1, EARLIER_QUOTES + 1)
    shocks = world.stream("earlier_rates").normal(currency, before) * 0.0035
    weekday = (FIRST_DAY.weekday() - RATE_RUN_IN - before) % 7
    walk = np.cumsum(np.where(weekday < 5, shocks, 0.0))
    return np.asarray((first * np.exp(walk))[::-1].round(4))


def exchange_rate_table(world: World) -> pd.DataFrame:
    """As the central bank publishes it: no rows at weekends."""
    days = np.arange(-RATE_RUN_IN - EARLIER_QUOTES, world.days)
    weekday = (days + FIRST_DAY.weekday()) % 7
    tables = []
    for currency, level in _QUOTES:
        walk = _quotes(world, currency, level)[: RATE_RUN_IN + world.days]
        values = np.concatenate([_earlier_quotes(world, currency, float(walk[0])), walk])
        table = pd.DataFrame({"time_period": on_date(days), "currency": currency, "obs_value": values, "_day": days})
        tables.append(table[weekday < 5])
    return pd.concat(tables).assign(_seen_on=lambda frame: frame["_day"]).sort_values(["_day", "currency"], kind="stable")


def _month_ends(world: World) -> npt.NDArray[np.int64]:
    month = world.calendar.month[: world.days + 1]
    return np.flatnonzero(month[:-1] != month[1:])


def _month_start(day: int) -> int:
    return day_index(day_of(day).replace(day=1))


def headcount_table(world: World) -> pd.DataFrame:
    """One row per month and team, written when the month has ended."""
    stream = world.stream("headcount")
    rows = []
    sizes = [size for _, size in OFFICE_TEAMS]
    for end in _month_ends(world):
        for number, (team, _) in enumerate(OFFICE_TEAMS):
            start = sizes[number]
            left = min(int(stream.poisson("left", start * 0.013, end, number)[0]), start - 1)
            joined = int(stream.poisson("joined", start * 0.017, end, number)[0])
            sizes[number] = start + joined - left
            rows.append((_month_start(end), team, start, joined, left, sizes[number], int(end), int(end)))
    columns = ["month", "team", "headcount_start", "joined", "left_company", "headcount_end", "_day", "_seen_on"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(month=on_date(table["month"]))


def manual_value_table(world: World) -> pd.DataFrame:
    """Costs and market share every month, return on assets every quarter; a share has the size of its market as weight."""
    stream = world.stream("manual_values")
    rows: list[tuple[str, int, str, float, float, int]] = []
    for end in map(int, _month_ends(world)):
        start, growth = _month_start(end), 1 + 0.25 * end / 730
        for number, (country, market) in enumerate(_MARKET_SIZES):
            share = 0.031 + 0.004 * number + 0.006 * end / 730 + 0.0012 * stream.normal("share", end, number)[0]
            size = market * growth * (1 + 0.02 * stream.normal("market", end, number)[0])
            rows.append(("market_share", start, country, round(float(share), 4), round(float(size), -3), end))
        if day_of(end).month % 3 == 0:
            value = 0.021 + 0.004 * stream.normal("assets", end)[0]
            rows.append(("return_on_assets", start, "", round(float(value), 4), 1.0, end))
        for number, (kind, monthly) in enumerate(_OPERATING_COSTS):
            cost = monthly * world.scale * growth * (1 + 0.03 * stream.normal("costs", end, number)[0])
            rows.append(("operating_costs", start, kind, round(float(cost), 2), 1.0, end))
    table = pd.DataFrame(rows, columns=["metric", "period_start", "segment", "value", "weight", "_day"])
    return table.assign(period_start=on_date(table["period_start"]), _seen_on=table["_day"])


def finance_tables(world: World) -> dict[str, pd.DataFrame]:
    """All tables of this module by name."""
    return {
        "exchange_rates": exchange_rate_table(world),
        "headcount": headcount_table(world),
        "manual_values": manual_value_table(world),
    }
