"""The hidden causes: daily and weekly shocks whose effects appear later in another number.

Each shock is an autoregressive series over the fixed horizon, with a run-in before the first day, so that lagged values
exist. The strengths are chosen so that the driver explains 5-20 % of what is left of the outcome when weekday, trend,
promotions and holidays are taken out, at the noise of scale 1. Larger scales have less noise: there it explains more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.generator.calendar import HORIZON
from data.generator.randomness import Floats, Stream

RUN_IN = 70  # days before the first one; longer than the longest lag

SPEND_SD, CART_SD, RATING_SD, RESPONSE_SD = 0.22, 0.15, 0.34, 0.38
SESSIONS_NOISE_SD = 0.052

SPEND_TO_SESSIONS = 0.17  # elasticity, spread over the next two days
SPEND_LAG_WEIGHTS = (0.7, 0.3)
CART_TO_ORDERS, CART_LAG = 1.1, 3
RATING_TO_CHURN, RATING_LAG = -0.56, 30  # log hazard per star
RESPONSE_TO_CSAT = -0.10  # share of good ratings per log minute of the week


@dataclass(frozen=True)
class CausalChain:
    driver: str
    outcome: str
    lag_days: int
    sign: int
    grain: str
    mechanism: str


CAUSAL_CHAINS = (
    CausalChain("ad_spend", "sessions", 1, 1, "day", "Spend brings visits on the next two days (0.7 and 0.3 of the effect)"),
    CausalChain("add_to_cart_rate", "gross_revenue", 3, 1, "day", "Carts filled today are bought three days later"),
    CausalChain("first_response_minutes", "csat", 0, -1, "week", "Weeks with few agents answer late and are rated worse"),
    CausalChain(
        "review_rating", "churn_rate", 30, -1, "week", "Poor reviews precede cancelled subscriptions by thirty days"
    ),
)


def _autoregressive(stream: Stream, name: str, sd: float, phi: float, length: int) -> Floats:
    shocks = stream.normal(name, np.arange(length)) * sd * np.sqrt(1.0 - phi**2)
    series = np.empty(length)
    level = 0.0
    for step, shock in enumerate(shocks):
        level = phi * level + shock
        series[step] = level
    return series


class Drivers:
    """Arrays over the days 0 .. HORIZON - 1 (weeks for the response shock), as deviations in logarithms or stars."""

    def __init__(self, seed: int) -> None:
        stream = Stream(seed, "drivers")
        length = RUN_IN + HORIZON
        self._spend = _autoregressive(stream, "spend", SPEND_SD, 0.3, length)
        self._cart = _autoregressive(stream, "cart", CART_SD, 0.3, length)
        self._rating = _autoregressive(stream, "rating", RATING_SD, 0.88, length)
        self._noise = _autoregressive(stream, "sessions", SESSIONS_NOISE_SD, 0.3, length)
        self._response = _autoregressive(stream, "response", RESPONSE_SD, 0.35, HORIZON // 7 + 2)

    def _lagged(self, series: Floats, days: int) -> Floats:
        return series[RUN_IN - days : RUN_IN - days + HORIZON]

    @property
    def spend(self) -> Floats:
        return np.exp(self._lagged(self._spend, 0) - SPEND_SD**2 / 2)

    @property
    def sessions(self) -> Floats:
        """Multiplier of the visits: yesterday's and the day before's spend, and noise."""
        lagged = sum(weight * self._lagged(self._spend, lag) for lag, weight in enumerate(SPEND_LAG_WEIGHTS, start=1))
        return np.exp(SPEND_TO_SESSIONS * lagged + self._lagged(self._noise, 0))

    @property
    def cart(self) -> Floats:
        """Multiplier of the share of visits that fill a cart."""
        return np.exp(self._lagged(self._cart, 0) - CART_SD**2 / 2)

    @property
    def checkout(self) -> Floats:
        """Multiplier of the orders per filled cart. It undoes today's cart shock: those carts are bought later."""
        return np.exp(CART_TO_ORDERS * self._lagged(self._cart, CART_LAG) - self._lagged(self._cart, 0))

    @property
    def rating(self) -> Floats:
        """Shift of the review rating, in stars."""
        return self._lagged(self._rating, 0)

    @property
    def churn(self) -> Floats:
        """Multiplier of the daily hazard of cancelling."""
        return np.exp(RATING_TO_CHURN * self._lagged(self._rating, RATING_LAG))

    def response(self, weeks: np.ndarray) -> Floats:
        """Log multiplier of the response time in each of the weeks (counted from the first Monday)."""
        return self._response[weeks]
