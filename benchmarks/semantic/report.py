"""The result as tables of at most 100 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from benchmarks.semantic.engines import BY_HAND, BY_HAND_DAILY, OURS, OURS_DAILY
from benchmarks.semantic.shapes import COMPILED_ONLY, DAILY_GOAL, SHAPES

WIDTH = 100
_TITLE = 28
# By the number of KPIs; five have no goal of their own.
COMPILE_GOALS = {1: 2.0, 8: 10.0}
LOAD_CPU_GOAL, LOAD_MB_GOAL, MEMORY_GOAL = 0.25, 100.0, 1.5


def lines(result: dict[str, Any]) -> Iterator[str]:
    """The report of a finished run, line by line."""
    yield from _against_hand(result)
    if result["peers"]:
        yield from _against_peers(result)
    yield from _compiling(result)
    yield from _memory(result)
    yield from _spilling(result)


def ratio(timings: dict[str, Any], engine: str, base: str) -> tuple[float, float, float] | None:
    """Ratios of minima, of medians and of least CPU time, or None where one of the two was not timed."""
    if engine not in timings or base not in timings:
        return None
    above, below = timings[engine], timings[base]
    return tuple(above[name] / below[name] for name in ("min_ms", "median_ms", "cpu_ms"))


def _against_hand(result: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"Against hand-written SQL, {result['rows']} web sessions. Ratio of minima/medians/CPU; * misses its goal."
    yield f"{'':{_TITLE}} {'facts':^32}   {'daily table':^32}"
    yield f"{'':{_TITLE}} {'hand ms':>9} {'ours':>15} {'goal':>6}   {'hand ms':>9} {'ours':>15} {'goal':>6}"
    for shape in SHAPES:
        found = result["shapes"][shape.name]
        timings, refused = found["timings"], found["refused"]
        raw = _cell(ratio(timings, OURS, BY_HAND), refused.get(OURS), shape.goal)
        daily = _cell(ratio(timings, OURS_DAILY, BY_HAND_DAILY), refused.get(OURS_DAILY), DAILY_GOAL)
        yield (
            f"{shape.title:{_TITLE}} {_ms(timings, BY_HAND)} {raw:>15} {shape.goal:>6}   "
            f"{_ms(timings, BY_HAND_DAILY)} {daily:>15} {DAILY_GOAL:>6}"
        )
    told = [f"  {shape.name}: {name}: {why}" for shape in SHAPES for name, why in _refusals(result, shape.name)]
    yield from (line[:WIDTH] for line in told)


def _refusals(result: dict[str, Any], shape: str) -> list[tuple[str, str]]:
    return [(name, why) for name, why in result["shapes"][shape]["refused"].items() if why != "no route"]


def _ms(timings: dict[str, Any], engine: str) -> str:
    return f"{timings[engine]['min_ms']:>9.1f}" if engine in timings else f"{'-':>9}"


def _cell(found: tuple[float, float, float] | None, refused: str | None, goal: float) -> str:
    if found is None:
        return (refused or "-").split(":")[0]
    missed = "*" if found[0] > goal else ""
    return missed + "/".join(f"{part:.2f}" for part in found)


def _against_peers(result: dict[str, Any]) -> Iterator[str]:
    peers: Sequence[str] = list(result["peers"])
    yield ""
    yield "Ratio to hand-written SQL on the facts (minima / medians), in the same rounds"
    yield f"{'':{_TITLE}} {'ours':>15}" + "".join(f" {peer[:17]:>17}" for peer in peers)
    for shape in SHAPES:
        found = result["shapes"][shape.name]
        cells = [_peer_cell(found, peer) for peer in peers]
        yield f"{shape.title:{_TITLE}} {_peer_cell(found, OURS):>15}" + "".join(f" {cell:>17}" for cell in cells)
    yield f"{'compile ms, one KPI':{_TITLE}} {_compiled(result, OURS, 0):>15}" + "".join(
        f" {_compiled(result, peer, 0):>17}" for peer in peers
    )
    yield f"{'compile ms, eight KPIs':{_TITLE}} {_compiled(result, OURS, 5):>15}" + "".join(
        f" {_compiled(result, peer, 5):>17}" for peer in peers
    )
    yield f"{'import + load, CPU s':{_TITLE}} {_loaded(result, OURS):>15}" + "".join(
        f" {_loaded(result, peer):>17}" for peer in peers
    )


def _peer_cell(found: dict[str, Any], engine: str) -> str:
    pair = ratio(found["timings"], engine, BY_HAND)
    return f"{pair[0]:.2f} / {pair[1]:.2f}" if pair else found["refused"].get(engine, "-").split(":")[0][:17]


def _compiled(result: dict[str, Any], engine: str, index: int) -> str:
    name = SHAPES[index].name
    found = result["compile"][name]["uncached"] if engine == OURS else result["peers"][engine]["compile_ms"].get(name)
    if not found:
        return "-"
    runs = [found["min_ms"], found["median_ms"]] if engine == OURS else [min(found), median(found)]
    return f"{runs[0]:.1f} / {runs[1]:.1f}"


def _loaded(result: dict[str, Any], engine: str) -> str:
    found = result["load"]["cpu_s"] if engine == OURS else result["peers"][engine]["load_cpu_s"]
    return f"{min(found):.2f} / {median(found):.2f}"


def _compiling(result: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield "Compiling, milliseconds (minimum/median/median CPU; the goals are for CPU)"
    for shape in (*SHAPES, *COMPILED_ONLY):
        found = result["compile"][shape.name]
        goal = COMPILE_GOALS.get(len(shape.query.metrics))
        uncached, cached = found["uncached"], found["cached"]
        missed = "*" if goal and uncached["median_cpu_ms"] > goal else ""
        told = f"goal {goal:g}" if goal else ""
        yield f"{shape.title:{_TITLE}} uncached {missed + _three(uncached, 2):>20} {told:8} cached {_three(cached, 4)}"
    load = result["load"]
    yield (
        f"import + load: {min(load['cpu_s']):.3f} / {median(load['cpu_s']):.3f} s CPU (goal {LOAD_CPU_GOAL}), "
        f"{min(load['peak_mb']):.0f} / {median(load['peak_mb']):.0f} MB (goal {LOAD_MB_GOAL:g})"
    )


def _three(found: dict[str, float], digits: int) -> str:
    return "/".join(f"{found[name]:.{digits}f}" for name in ("min_ms", "median_ms", "median_cpu_ms"))


def _memory(result: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"Peak memory, MB (median of fresh processes; goal {MEMORY_GOAL} of hand-written)"
    yield f"{'':{_TITLE}} {'hand':>8} {'ours':>8} {'ratio':>7}   {'with load and compile':>22} {'ratio':>7}"
    for shape in SHAPES:
        found = result["memory"][shape.name]
        hand, ours, whole = (median(found[name]) for name in (BY_HAND, OURS, "whole"))
        missed = "*" if ours > MEMORY_GOAL * hand else ""
        yield f"{shape.title:{_TITLE}} {hand:>8.0f} {ours:>8.0f} {missed + f'{ours / hand:.2f}':>7}   {whole:>22.0f} {whole / hand:>7.2f}"


def _spilling(result: dict[str, Any]) -> Iterator[str]:
    if not result["spilling"]:
        return
    yield ""
    yield "Under memory_limit 1 GB, all finished: peak MB, MB spilled"
    for name, found in result["spilling"].items():
        yield f"{name:36} {found['peak_mb']:>8.0f} {found['spilled_mb']:>8.0f}"
