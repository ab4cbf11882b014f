"""Days, business minutes and exchange rates for the demo company's truth, in pandas alone.

Times in the raw files are UTC. `day` is always the local date as a midnight timestamp without zone; `*_at` is UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PERIODS = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q"}


@dataclass(frozen=True)
class Settings:
    """What the truth takes from workspace.yml: the calendar. The mapping is written out by hand in demo_truth_files."""

    timezone: str
    currency: str
    history_start: pd.Timestamp
    business_days: tuple[int, ...]
    opens_minute: int
    closes_minute: int
    holidays: frozenset[pd.Timestamp]


def read_settings(workspace_file: Path) -> Settings:
    """The calendar of a workspace."""
    found = yaml.safe_load(workspace_file.read_text(encoding="utf-8"))
    hours = found["business_hours"]
    return Settings(
        timezone=found["timezone"],
        currency=found["currency"],
        history_start=pd.Timestamp(found["history_start"]),
        business_days=tuple(WEEKDAYS.index(day) for day in hours["days"]),
        opens_minute=_minute(hours["from"]),
        closes_minute=_minute(hours["to"]),
        holidays=frozenset(pd.Timestamp(day) for day in found["holidays"]),
    )


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return 60 * int(hour) + int(minute)


def local_time(utc: pd.Series, settings: Settings) -> pd.Series:
    """Wall clock of the workspace, as timestamps without zone."""
    return utc.dt.tz_localize("UTC").dt.tz_convert(settings.timezone).dt.tz_localize(None).astype("datetime64[us]")


def local_day(utc: pd.Series, settings: Settings) -> pd.Series:
    """Local date of a UTC timestamp; NaT stays NaT."""
    return local_time(utc, settings).dt.normalize()


def business_minutes(start_utc: pd.Series, end_utc: pd.Series, settings: Settings) -> pd.Series:
    """Minutes between two moments that fall into business hours, seconds as fractions.

    The minutes from a fixed Monday to a moment are those of the whole business days before it and those of its own day;
    the answer is the difference of the two. Clocks change at night on Sundays, so wall clock minutes are true minutes.
    """
    return _minutes_since_origin(end_utc, settings) - _minutes_since_origin(start_utc, settings)


def _minutes_since_origin(utc: pd.Series, settings: Settings) -> pd.Series:
    calendar = pd.date_range("2020-01-06", "2035-12-31", freq="D")
    is_open = np.isin(calendar.day_of_week, settings.business_days) & ~calendar.isin(list(settings.holidays))
    length = settings.closes_minute - settings.opens_minute
    whole_days_before = pd.Series(np.concatenate([[0], np.cumsum(is_open)[:-1]]) * length, index=calendar)
    opens = pd.Series(is_open, index=calendar)
    local = local_time(utc, settings)
    day = local.dt.normalize()
    minute_of_day = (local - day).dt.total_seconds() / 60
    today = (minute_of_day - settings.opens_minute).clip(0, length) * day.map(opens).astype("float64")
    return day.map(whole_days_before) + today


class ExchangeRates:
    """Worth of one unit of a currency in the workspace's own; of the day, else of the latest day before."""

    def __init__(self, quotes: pd.DataFrame, own_currency: str) -> None:
        """``quotes``: columns day, currency, units (how much foreign currency one own unit buys, as the bank quotes)."""
        self._own = own_currency
        # the mapping keeps eight decimals of the reciprocal
        quotes = quotes.assign(rate=(1.0 / quotes["units"]).round(8))
        self._rates = quotes[["day", "currency", "rate"]].sort_values("day")

    def convert(self, amount: pd.Series, currency: pd.Series, day: pd.Series) -> pd.Series:
        """Amounts (text or Decimal) in the workspace's currency, kept to four decimals as facts keep money, as doubles.

        No currency means the workspace's. Half a ten-thousandth is rounded away from zero. Raises ValueError for a currency
        without any rate by that day.
        """
        currency = currency.fillna(self._own).str.upper()
        wanted = pd.DataFrame({"day": day, "currency": currency, "at": np.arange(len(day))})
        found = pd.merge_asof(wanted.sort_values("day"), self._rates, on="day", by="currency", direction="backward")
        rate = found.sort_values("at")["rate"].to_numpy().copy()
        rate[(currency == self._own).to_numpy()] = 1.0
        if np.isnan(rate).any():
            raise ValueError(f"no exchange rate for {sorted(set(currency[np.isnan(rate)]))}")
        exact = (Decimal(each) * Decimal(f"{of:.8f}") for each, of in zip(amount, rate, strict=True))
        kept = [float(each.quantize(Decimal("0.0001"), ROUND_HALF_UP)) for each in exact]
        return pd.Series(kept, index=amount.index)


def period_of(day: pd.Series, grain: str) -> pd.Series:
    """First day of the period that holds each day; weeks start on Monday."""
    codes, days = pd.factorize(day)
    starts = pd.DatetimeIndex(days).to_period(PERIODS[grain]).start_time
    return pd.Series(starts.to_numpy()[codes], index=day.index)


def is_closed(period: pd.Series, grain: str, closed_through: pd.Timestamp) -> pd.Series:
    """Whether the period's last day lies on or before ``closed_through``."""
    ends = pd.DatetimeIndex(period).to_period(PERIODS[grain]).end_time.normalize()
    return pd.Series(ends <= closed_through, index=period.index)
