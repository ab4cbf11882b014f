"""How much of an outcome a driver explains when the obvious is taken out: can a planted cause be found again?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.generator.calendar import Calendar, day_index
from data.generator.planned_incidents import INCIDENTS
from data.generator.randomness import Bools, Floats

FEWEST = 60  # points below which no share is stated
TREND_DAYS, TREND_WEEKS = 29, 13


@dataclass(frozen=True)
class Series:
    """Deviations of driver and outcome, aligned: element i of the driver belongs to element i of the outcome."""

    driver: Floats
    outcome: Floats
    trend: int = TREND_WEEKS

    @staticmethod
    def of_days(driver: Floats, outcome: Floats, lag_days: int, calendar: Calendar) -> Series:
        """Daily values without weekday, trend, season, and without the days of promotions, holidays and incidents."""
        plain = ~special_days(calendar)[: len(driver)]
        adjusted = [_without_weekday_and_trend(values, plain) for values in (driver, outcome)]
        return Series(adjusted[0][: len(driver) - lag_days], adjusted[1][lag_days:], trend=0)


def special_days(calendar: Calendar) -> Bools:
    """Days that follow another rule, and the day after each."""
    special = calendar.is_holiday | (calendar.discount_share > 0)
    for each in INCIDENTS:
        if each.is_one_day:
            special[day_index(each.starts_on)] = True
    return special | np.concatenate([[False], special[:-1]])


def _without_weekday_and_trend(values: Floats, plain: Bools) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(plain & (values > 0), np.log(values), np.nan)
    logs = logs - _moving_mean(logs, TREND_DAYS)
    weekday = np.arange(len(logs)) % 7
    for day in range(7):
        rows = weekday == day
        if np.isfinite(logs[rows]).any():
            logs[rows] -= np.nanmean(logs[rows])
    return logs


def _moving_mean(values: Floats, width: int) -> Floats:
    """Centred moving mean of what is known within the window."""
    known = np.isfinite(values)
    kernel = np.ones(width)
    total = np.convolve(np.where(known, values, 0.0), kernel, "same")[: len(values)]
    count = np.convolve(known.astype(float), kernel, "same")[: len(values)]
    return np.asarray(total / np.maximum(count, 1))


def explained_share(series: Series) -> float | None:
    """Squared correlation of the deviations, None with fewer than FEWEST common points."""
    driver, outcome = series.driver, series.outcome
    if len(driver) < FEWEST:
        return None
    if series.trend:
        driver, outcome = driver - _moving_mean(driver, series.trend), outcome - _moving_mean(outcome, series.trend)
    known = np.isfinite(driver) & np.isfinite(outcome)
    if known.sum() < FEWEST or driver[known].std() == 0 or outcome[known].std() == 0:
        return None
    return float(np.corrcoef(driver[known], outcome[known])[0, 1] ** 2)
