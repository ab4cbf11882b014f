"""Interleaved timing: every engine once per round, each round beginning with another one, so that all see the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

MOST_ROUNDS = 41


@dataclass(frozen=True)
class Timings:
    """Milliseconds of each run, in order."""

    runs: tuple[float, ...]

    @property
    def least(self) -> float:
        return min(self.runs)

    @property
    def middle(self) -> float:
        return median(self.runs)


def interleaved(calls: Mapping[str, Callable[[], object]], rounds: int, seconds: float) -> dict[str, Timings]:
    """At least ``rounds`` rounds; short ones go on until ``seconds`` are over or MOST_ROUNDS are done."""
    names = list(calls)
    found: dict[str, list[float]] = {name: [] for name in names}
    began = time.perf_counter()
    done = 0
    while done < rounds or (done < MOST_ROUNDS and time.perf_counter() - began < seconds):
        for index in range(len(names)):
            name = names[(index + done) % len(names)]
            start = time.perf_counter()
            calls[name]()
            found[name].append((time.perf_counter() - start) * 1000)
        done += 1
    return {name: Timings(tuple(runs)) for name, runs in found.items()}
