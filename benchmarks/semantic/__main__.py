"""Times the semantic layer against hand-written SQL and its peers, on a generated star schema.

    python -m benchmarks.semantic --json semantic.json                 2 M web sessions, ours and hand-written SQL
    python -m benchmarks.semantic --rows 20M --json semantic_20m.json  the same at 20 M
    python -m benchmarks.semantic --peers --json semantic.json         MetricFlow, sidemantic, boring-semantic-layer too

Eight shapes of question. Every answer is compared with the hand-written one value by value before anything is timed, then
all engines run in turn on one connection. Read ratios, not times. docs/benchmarks-semantic.md says what was measured.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.semantic import compiling, engines, peers, processes, report, timing
from benchmarks.semantic.shapes import SHAPES
from benchmarks.semantic.star import Star, build, sessions_in

DATA = Path(__file__).resolve().parents[1] / ".data"


def main() -> None:
    options = _options()
    began = time.perf_counter()

    def say(text: str) -> None:
        print(f"[{time.perf_counter() - began:6.1f} s] {text}", flush=True)

    star = build(options.data, options.rows, say)
    found_peers = peers.prepared(options.data, star, options.repeat, say) if options.peers else {}
    result = measured(star, found_peers, options, say)
    for line in report.lines(result):
        print(line)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))
        print(f"\nwritten: {options.json}")
    wrong = [shape.name for shape in SHAPES if engines.OURS not in result["shapes"][shape.name]["timings"]]
    if wrong:
        raise SystemExit(f"our answer is not the hand-written one: {', '.join(wrong)}")


def measured(
    star: Star, found_peers: dict[str, Any], options: argparse.Namespace, say: Callable[[str], None]
) -> dict[str, Any]:
    """Everything that the report and the JSON file hold."""
    import duckdb

    from metrics.semantic import SemanticLayer

    layer = SemanticLayer.from_manifest(star.manifest)
    say("compile, import and load")
    compiled = compiling.compile_times(layer, max(options.repeat, 51))
    load = processes.load_cost(star, options.repeat)
    shapes, hand = {}, {}
    with duckdb.connect(str(star.database), read_only=True) as con:
        for shape in SHAPES:
            given = engines.statements(shape, layer)
            for name, peer in found_peers.items():
                peer.add_to(given, shape, name)
            hand[shape.name] = given.sql[engines.BY_HAND]
            kept = engines.agreeing(con, shape, given)
            say(f"{shape.name}: {', '.join(kept.sql)}")
            calls = {name: (lambda sql=sql: con.execute(sql).fetchall()) for name, sql in kept.sql.items()}
            timings = timing.interleaved(calls, options.repeat, options.seconds)
            shapes[shape.name] = {"timings": {n: _summary(t) for n, t in timings.items()}, "refused": kept.refused}
    say("peak memory, a process for each query")
    memory = processes.peak_memory(star, layer, hand, options.memory_repeat)
    spilling = {}
    if options.spill or sessions_in(options.rows) >= 20_000_000:
        say("under a memory limit of 1 GB")
        spilling = processes.spilling(star, layer)
    return {
        "rows": options.rows,
        "machine": {"python": platform.python_version(), "duckdb": duckdb.__version__, "system": platform.system()},
        "shapes": shapes,
        "compile": {n: {k: _summary(t) for k, t in found.items()} for n, found in compiled.items()},
        "load": load,
        "memory": memory,
        "spilling": spilling,
        "peers": {name: peer.summary() for name, peer in found_peers.items()},
    }


def _summary(timings: timing.Timings) -> dict[str, Any]:
    return {
        "min_ms": timings.least,
        "median_ms": timings.middle,
        "cpu_ms": min(timings.cpu),
        "median_cpu_ms": timings.middle_cpu,
        "runs": len(timings.runs),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.semantic", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", default="2M", help="web sessions: 2M (default), 20M, 100M or any other count")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the generated data (default: benchmarks/.data)")
    parser.add_argument("--peers", action="store_true", help="install peers below the data folder and time them too")
    parser.add_argument("--spill", action="store_true", help="run under a memory limit of 1 GB too (always from 20M on)")
    parser.add_argument("--repeat", type=int, default=7, help="rounds at least (default: 7)")
    parser.add_argument("--seconds", type=float, default=6, help="short questions go on for so long (default: 6)")
    parser.add_argument("--memory-repeat", type=int, default=3, help="processes for each peak memory (default: 3)")
    options = parser.parse_args()
    try:
        sessions_in(options.rows)
    except ValueError as error:
        parser.error(str(error))
    return options


if __name__ == "__main__":
    main()
