"""One new day at the demo company: ``kpi run`` against a bare in-process ``dbt build`` of the same nodes and tests.

    python -m benchmarks.daily_run --scale 1 --json daily_run.json

Prints wall and CPU seconds and peak memory of the first run, of a run with nothing new, of a run after one new day, and
of the bare build, each in a process of its own. The goals: nothing new <= 2.5 s CPU; one new day <= 1.3 x bare + 5 s.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
DEMO = REPOSITORY / "data" / "demo"
KPI = str(Path(sys.executable).with_name("kpi"))

_BARE = """
import json, sys
from pathlib import Path
from dagster_project import dbt_runner
from metrics.workspace import load_workspace
outcome = dbt_runner.build(load_workspace(Path(sys.argv[1])), json.loads(sys.argv[2]))
print(json.dumps({"success": outcome.success, "nodes": len(outcome.nodes)}))
"""
_NEXT_DAY = "import sys; from pathlib import Path; from data.generator import next_day; next_day(Path(sys.argv[1]), say=lambda _: 0)"


def measured(command: list[str]) -> dict[str, float]:
    """Run a command to its end; wall and CPU seconds of it and its children, peak memory in MB of the largest."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ours = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=ours, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} failed:\n{done.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "wall_s": round(time.perf_counter() - began, 2),
        "cpu_s": round(cpu, 2),
        "peak_mb": round(after.ru_maxrss / 1024),
        "output": done.stdout,
    }


def built_models(root: Path) -> list[str]:
    """Names of the models that the newest run has rebuilt, from Dagster's events: the others are marked as standing."""
    import dagster as dg

    with dg.DagsterInstance.from_config(str(root / ".bellwether" / "dagster")) as instance:
        run = instance.get_run_records(limit=1)[0].dagster_run
        events = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        found = [event.asset_materialization for event in events]
    return [
        materialized.asset_key.path[-1]
        for materialized in found
        if materialized.asset_key.path[0] in ("staging", "intermediate", "core") and "rebuilt" not in materialized.metadata
    ]


def demo_workspace(folder: Path, scale: float, days: int | None = None) -> Path:
    """A copy of the demo company's workspace below ``folder`` with generated files; ``days``: how long its history is."""
    root = folder / "demo"
    root.mkdir(parents=True)
    shutil.copy(DEMO / "workspace.yml", root)
    shutil.copytree(DEMO / "kpis", root / "kpis")
    length = ["--days", str(days)] if days else []
    command = [sys.executable, "-m", "data.generator", "--scale", str(scale), *length, "--out", str(root / "files"), "--quiet"]
    measured(command)
    return root


def next_day(root: Path) -> None:
    """One more day of the demo company, in a process of its own."""
    measured([sys.executable, "-c", _NEXT_DAY, str(root / "files")])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--repeat", type=int, default=3, help="how many new days")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = demo_workspace(Path(folder), options.scale)
        result: dict[str, object] = {"scale": options.scale, "first": measured([KPI, "run", "-w", str(root)])}
        result["nothing_new"] = measured([KPI, "run", "-w", str(root)])
        days = []
        for _ in range(options.repeat):
            next_day(root)
            run = measured([KPI, "run", "-w", str(root)])
            models = built_models(root)
            bare = measured([sys.executable, "-c", _BARE, str(root), json.dumps(models)])
            nodes = json.loads(bare["output"].splitlines()[-1])["nodes"]
            days.append({"run": run, "bare": bare, "models": len(models), "nodes_and_tests": nodes})
        result["days"] = days
    _print(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


def _print(result: dict) -> None:
    for name in ("first", "nothing_new"):
        figures = result[name]
        figures.pop("output")
        print(f"{name:12} wall {figures['wall_s']:6.1f} s  CPU {figures['cpu_s']:6.1f} s  peak {figures['peak_mb']} MB")
    for day in result["days"]:
        run, bare = day["run"], day["bare"]
        run.pop("output"), bare.pop("output")
        goal = 1.3 * bare["cpu_s"] + 5
        print(
            f"one new day  wall {run['wall_s']:6.1f} s  CPU {run['cpu_s']:6.1f} s  peak {run['peak_mb']} MB;"
            f" bare dbt build of {day['models']} models, {day['nodes_and_tests']} nodes and tests:"
            f" CPU {bare['cpu_s']:.1f} s; goal 1.3 x bare + 5 = {goal:.1f} s"
        )


if __name__ == "__main__":
    main()
