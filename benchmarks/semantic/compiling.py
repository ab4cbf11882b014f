"""How long a query takes to become text: asked for the first time by a warm process, and asked again."""

from __future__ import annotations

import time

from benchmarks.semantic.shapes import COMPILED_ONLY, SHAPES, Shape
from benchmarks.semantic.timing import Timings
from metrics.semantic import SemanticLayer


def compile_times(layer: SemanticLayer, repeat: int) -> dict[str, dict[str, Timings]]:
    """By shape: ``uncached`` (the same question of other days each time) and ``cached``, in milliseconds."""
    found = {}
    for shape in (*SHAPES, *COMPILED_ONLY):
        layer.compile(shape.moved(0))
        found[shape.name] = {name: _compiled(layer, shape, repeat) for name in ("uncached", "cached")}
    return found


def _compiled(layer: SemanticLayer, shape: Shape, repeat: int) -> Timings:
    """The first call for a shape meets texts that are new to the layer, the second those that it remembers."""
    runs, cpu = [], []
    for query in [shape.moved(days) for days in range(1, repeat + 1)]:
        start, spent = time.perf_counter(), time.process_time()
        layer.compile(query)
        runs.append((time.perf_counter() - start) * 1000)
        cpu.append((time.process_time() - spent) * 1000)
    return Timings(tuple(runs), tuple(cpu))
