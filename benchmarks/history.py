"""Does a daily run cost more the longer the history is? One new day at the demo company with histories of several lengths.

    python -m benchmarks.history --days 91 --days 730 --json history.json

For each length: the days and rows of KPI values that the run computed anew, the time of the step that computes them and of
the whole run, least of several new days. The lengths take turns, so that a busy moment of the machine meets all of them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.daily_run import KPI, demo_workspace, measured, next_day

STEP = "kpi_values"


def step_seconds(root: Path) -> float:
    """Seconds that the newest run spent computing KPI values, from Dagster's events."""
    import dagster as dg

    with dg.DagsterInstance.from_config(str(root / ".bellwether" / "dagster")) as instance:
        run = instance.get_run_records(limit=1)[0].dagster_run
        ended = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)
        return sum(log.dagster_event.event_specific_data.duration_ms for log in ended if STEP in log.step_key) / 1000


def rows_appended(root: Path) -> dict[str, int]:
    """Rows of KPI values that the newest publication added, and the days of history among them."""
    import duckdb

    with duckdb.connect(str((root / "published" / "current.duckdb").resolve()), read_only=True) as con:
        found = con.execute(
            """select count(*), count(distinct period_start) filter (where grain = 'day')
            from mart.kpi_values where recorded_at = (select max(recorded_at) from mart.kpi_values)"""
        ).fetchone()
    assert found
    return {"rows": found[0], "days": found[1]}


def one_more_day(root: Path) -> dict[str, Any]:
    """What a run after one new day cost and did."""
    next_day(root)
    run = measured([KPI, "run", "-w", str(root)])
    return {"cpu_s": run["cpu_s"], "values_s": step_seconds(root), **rows_appended(root)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--days", type=int, action="append", help="length of a history; give it several times")
    parser.add_argument("--repeat", type=int, default=3, help="how many new days for each length")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lengths = options.days or [91, 730]
        roots = {days: demo_workspace(Path(folder) / str(days), options.scale, days) for days in lengths}
        for root in roots.values():
            measured([KPI, "run", "-w", str(root)])
        runs: dict[int, list[dict[str, Any]]] = {days: [] for days in roots}
        for _ in range(options.repeat):
            for days, root in roots.items():
                runs[days].append(one_more_day(root))
    for days, done in runs.items():
        print(
            f"{days:5} days of history: KPI values {min(one['values_s'] for one in done):5.2f} s"
            f" ({done[-1]['rows']:,} rows appended, on {done[-1]['days']} days); whole run CPU {min(one['cpu_s'] for one in done):5.1f} s"
        )
    if options.json:
        options.json.write_text(json.dumps(runs, indent=1))


if __name__ == "__main__":
    main()
