"""What currencies are worth, roughly: enough to guess which way round a file of exchange rates says it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from math import log10

# Main currencies: between one another they have been on either side of 1, so that they show nothing.
_MAIN = {"USD", "EUR", "CHF", "AUD", "CAD", "NZD", "SGD"}
# Worth of one unit of the others in main ones, by its usual size over the last two decades. Those whose worth has changed
# by more than the distance to the others are left out (ARS, NGN).
_WORTH = dict.fromkeys(_MAIN, 1.0) | {
    "GBP": 1.3, "KWD": 3.3, "BHD": 2.7,
    "BGN": 0.6, "PLN": 0.27, "AED": 0.27, "SAR": 0.27, "QAR": 0.27, "ILS": 0.27, "PEN": 0.27, "RON": 0.25, "MYR": 0.25,
    "BRL": 0.25, "CNY": 0.15, "DKK": 0.15, "HKD": 0.13, "SEK": 0.11, "NOK": 0.11, "MAD": 0.1, "ZAR": 0.07, "MXN": 0.06,
    "TRY": 0.1, "EGP": 0.05, "CZK": 0.045, "UAH": 0.04, "TWD": 0.032, "THB": 0.03, "PHP": 0.02, "RUB": 0.015, "INR": 0.013,
    "KES": 0.009, "RSD": 0.009, "ISK": 0.0075, "JPY": 0.008, "HUF": 0.0032, "CLP": 0.0013, "KRW": 0.0008, "COP": 0.0003,
    "IDR": 0.00007, "VND": 0.00004,
}  # fmt: skip
# Two currencies show something where one has usually been worth this much more than the other.
_LEAST_TIMES = 1.2


def direction(rates: Iterable[tuple[str, float | None]], home: str | None) -> float:
    """Return above 0 where rates look like what a unit is worth, below 0 where like how many one of ``home`` buys, else 0.

    ``rates``: (currency, usual number). What a unit is worth grows with the worth of its currency, the other falls with
    it; the currencies of a file show that between themselves, ``home`` counts as one of them with the rate 1. Where
    ``home`` is not known and the others show nothing, it is supposed to be a main currency.
    """
    points = [(log10(_WORTH[code]), log10(value)) for code, value in rates if code in _WORTH and value and value > 0]
    if home is not None:
        return _slope([*points, (log10(_WORTH[home]), 0.0)] if home in _WORTH else points)
    return _slope(points) or _slope([*points, (0.0, 0.0)])


def _slope(points: list[tuple[float, float]]) -> float:
    """Sum over all pairs that differ enough in worth (first number) of the products of both differences."""
    return sum(
        (one[0] - other[0]) * (one[1] - other[1])
        for one, other in combinations(points, 2)
        if abs(one[0] - other[0]) >= log10(_LEAST_TIMES)
    )
