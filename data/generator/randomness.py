"""Randomness without state: a number is a pure function of the seed, the name of its stream and its keys.

Because nothing is drawn in sequence, a day's rows are the same whether the history ends on that day or a year later.
That is what lets ``next_day`` extend a history without touching it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_NORMAL_FROM = 60.0  # above this mean a Poisson count is drawn from its normal approximation


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class Stream:
    """The random numbers of one table; every column draws under its own name."""

    def __init__(self, seed: int, name: str) -> None:
        self._seed = seed
        self._name = name

    def uniform(self, column: str, *keys: npt.ArrayLike) -> Floats:
        """Uniform numbers in (0, 1), one per element of the broadcast keys (integers)."""
        digest = hashlib.blake2b(f"{self._seed}/{self._name}/{column}".encode(), digest_size=8).digest()
        state = np.uint64(int.from_bytes(digest, "little"))
        with np.errstate(over="ignore"):
            for key in keys:
                part = np.asarray(key).astype(np.int64).astype(np.uint64)
                state = _mix(np.atleast_1d((state ^ part) * _GOLDEN + _GOLDEN))
        return (np.asarray(state) >> np.uint64(11)) * 2.0**-53 + 2.0**-54

    def normal(self, column: str, *keys: npt.ArrayLike) -> Floats:
        """Standard normal numbers (Box-Muller)."""
        radius = np.sqrt(-2.0 * np.log(self.uniform(column + "/radius", *keys)))
        return np.asarray(radius * np.cos(2.0 * np.pi * self.uniform(column + "/angle", *keys)))

    def lognormal(self, column: str, median: npt.ArrayLike, sigma: float, *keys: npt.ArrayLike) -> Floats:
        return np.asarray(np.asarray(median) * np.exp(sigma * self.normal(column, *keys)))

    def exponential(self, column: str, mean: npt.ArrayLike, *keys: npt.ArrayLike) -> Floats:
        return np.asarray(-np.asarray(mean) * np.log(self.uniform(column, *keys)))

    def chance(self, column: str, probability: npt.ArrayLike, *keys: npt.ArrayLike) -> Bools:
        return np.asarray(self.uniform(column, *keys) < np.asarray(probability))

    def integers(self, column: str, low: int, high: npt.ArrayLike, *keys: npt.ArrayLike) -> Ints:
        """Integers from ``low`` up to but excluding ``high``."""
        width = np.maximum(np.asarray(high) - low, 1)
        return np.asarray(low + np.floor(self.uniform(column, *keys) * width)).astype(np.int64)

    def choice(self, column: str, weights: Sequence[float], *keys: npt.ArrayLike) -> Ints:
        """Positions in ``weights``, drawn in proportion to them."""
        edges = np.cumsum(np.asarray(weights, dtype=float))
        return np.searchsorted(edges / edges[-1], self.uniform(column, *keys)).clip(0, len(edges) - 1)

    def choice_by_row(self, column: str, weights: Floats, rows: Ints, *keys: npt.ArrayLike) -> Ints:
        """As ``choice``, but element i draws from ``weights[rows[i]]``."""
        edges = np.cumsum(weights, axis=1)
        edges = edges / edges[:, -1:]
        drawn = self.uniform(column, *keys)
        position = np.zeros(len(drawn), dtype=np.int64)
        for edge in range(edges.shape[1] - 1):
            position += drawn > edges[rows, edge]
        return position

    def poisson(self, column: str, mean: npt.ArrayLike, *keys: npt.ArrayLike) -> Ints:
        """Poisson counts: by inversion for small means, by the normal approximation for large ones."""
        means = np.asarray(mean, dtype=float)
        drawn = self.uniform(column, *keys)
        means, drawn = np.broadcast_arrays(means, drawn)
        counts = np.zeros(means.shape, dtype=np.int64)
        large = means > _NORMAL_FROM
        if large.any():
            gauss = self.normal(column + "/large", *keys)
            wide = np.broadcast_to(gauss, means.shape)[large]
            counts[large] = np.maximum(np.rint(means[large] + np.sqrt(means[large]) * wide), 0)
        small = ~large
        if small.any():
            counts[small] = _invert_poisson(means[small], drawn[small])
        return counts


def _invert_poisson(means: Floats, drawn: Floats) -> Ints:
    probability = np.exp(-means)
    cumulative = probability.copy()
    counts = np.zeros(means.shape, dtype=np.int64)
    open_ = np.flatnonzero(drawn > cumulative)
    step = 0
    while len(open_) and step < 200:
        step += 1
        probability[open_] *= means[open_] / step
        cumulative[open_] += probability[open_]
        counts[open_] = step
        open_ = open_[drawn[open_] > cumulative[open_]]
    return counts
