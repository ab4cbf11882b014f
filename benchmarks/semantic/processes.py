"""What needs a process of its own: import and load, peak memory of each query, and a query that has to spill."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.semantic.engines import BY_HAND, OURS
from benchmarks.semantic.shapes import FIRST, LAST, SHAPES, Shape, can_route
from benchmarks.semantic.star import Star
from metrics.semantic import Query, SemanticLayer

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT = "1GB"
_MODULE = [sys.executable, "-m", "benchmarks.semantic.child"]


def measured(*given: str, sql: str | None = None) -> dict[str, float]:
    """Run ``benchmarks.semantic.child`` once. Raises SystemExit with its last words when it fails."""
    done = subprocess.run([*_MODULE, *given], input=sql, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    if done.returncode:
        raise SystemExit(f"python -m benchmarks.semantic.child {' '.join(given)} failed:\n{done.stderr[-1500:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def load_cost(star: Star, rounds: int) -> dict[str, list[float]]:
    """CPU seconds and peak MB of importing the layer and loading the manifest, the interpreter's start included."""
    runs = [measured("load", str(star.manifest)) for _ in range(rounds + 1)][1:]
    return {name: [run[name] for run in runs] for name in ("cpu_s", "peak_mb")}


def peak_memory(star: Star, layer: SemanticLayer, hand: dict[str, str], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Peak MB of each shape: hand-written, our statement run the same way, and load + compile + run of ours."""
    found: dict[str, dict[str, list[float]]] = {}
    for shape in SHAPES:
        runs: dict[str, Callable[[], dict[str, float]]] = {
            BY_HAND: lambda shape=shape: measured("run", str(star.database), sql=hand[shape.name]),
            OURS: lambda shape=shape: measured("run", str(star.database), sql=layer.compile(shape.raw)),
            "whole": lambda shape=shape: measured("ask", str(star.database), str(star.manifest), shape.name),
        }
        found[shape.name] = {name: [run()["peak_mb"] for _ in range(rounds)] for name, run in runs.items()}
    return found


def spilling(star: Star, layer: SemanticLayer) -> dict[str, dict[str, float]]:
    """Every shape, and a distinct count that cannot fit, under a memory limit; each has to finish."""
    found = {}
    for name, query in [*((shape.name, shape.raw) for shape in SHAPES), ("visitors_by_day_and_channel", _visitors())]:
        with tempfile.TemporaryDirectory(dir=star.folder) as folder:
            found[name] = measured("run", str(star.database), LIMIT, folder, sql=layer.compile(query))
    return found


def _visitors() -> Query:
    query = Query(["visitors"], ["metric_time__day", "channel"], start=FIRST, end=LAST)
    return Shape("visitors", "", query, 0).raw if can_route() else query
