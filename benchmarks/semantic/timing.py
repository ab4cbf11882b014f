"""Interleaved timing: every engine once per round, each round beginning with another one, so that all see the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

MOST_ROUNDS = 41


@dataclass(frozen=True)
class Timings:
    """Milliseconds of each run, in order; ``cpu`` those of all threads of the process, which other work disturbs less."""

    runs: tuple[float, ...]
    cpu: tuple[float, ...]

    @property
    def least(self) -> float:
        return min(self.runs)

    @property
    def middle(self) -> float:
        return median(self.runs)

    @property
    def middle_cpu(self) -> float:
        return median(self.cpu)


def interleaved(calls: Mapping[str, Callable[[], object]], rounds: int, seconds: float) -> dict[str, Timings]:
    """At least ``rounds`` rounds; short ones go on until ``seconds`` are over or MOST_ROUNDS are done."""
    names = list(calls)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    began = time.perf_counter()
    done = 0
    while done < rounds or (done < MOST_ROUNDS and time.perf_counter() - began < seconds):
        for index in range(len(names)):
            name = names[(index + done) % len(names)]
            start, cpu = time.perf_counter(), time.process_time()
            calls[name]()
            found[name].append(((time.perf_counter() - start) * 1000, (time.process_time() - cpu) * 1000))
        done += 1
    return {name: Timings(*(tuple(part) for part in zip(*runs, strict=True))) for name, runs in found.items()}
