"""One thing measured in a process of its own; prints one line of JSON.

    python -m benchmarks.semantic.child load MANIFEST
    python -m benchmarks.semantic.child run DATABASE [MEMORY_LIMIT SPILL_FOLDER] < statement.sql
    python -m benchmarks.semantic.child ask DATABASE MANIFEST SHAPE

``load`` imports the layer and loads a manifest, ``run`` executes a statement, ``ask`` loads, compiles and executes.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from pathlib import Path


def peak_mb() -> float:
    """The largest resident size so far. Not ru_maxrss: on Linux that begins with the size of the parent process."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    factor = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / factor


def cpu_s() -> float:
    """CPU seconds since the process began, the interpreter's own start among them."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def load(manifest: str) -> dict[str, float]:
    from metrics.semantic import SemanticLayer

    layer = SemanticLayer.from_manifest(manifest)
    return {"cpu_s": cpu_s(), "peak_mb": peak_mb(), "metrics": len(layer.metrics)}


def run(database: str, limit: str | None = None, folder: str | None = None) -> dict[str, float]:
    return _executed(database, sys.stdin.read(), limit, folder)


def ask(database: str, manifest: str, shape: str) -> dict[str, float]:
    from benchmarks.semantic.shapes import SHAPES
    from metrics.semantic import SemanticLayer

    query = next(item for item in SHAPES if item.name == shape).raw
    return _executed(database, SemanticLayer.from_manifest(manifest).compile(query), None, None)


def _executed(database: str, sql: str, limit: str | None, folder: str | None) -> dict[str, float]:
    import duckdb

    with duckdb.connect(database, read_only=True) as con, tempfile.TemporaryDirectory() as out:
        if limit and folder:
            con.execute(f"set memory_limit = '{limit}'; set temp_directory = '{folder}'")
        profile = Path(out) / "profile.json"
        if limit:
            con.execute("set enable_profiling = 'json'")
            con.execute(f"set profiling_output = '{profile}'")
            con.execute("""set custom_profiling_settings = '{"SYSTEM_PEAK_TEMP_DIR_SIZE": "true"}'""")
        rows = len(con.execute(sql).fetchall())
        found: dict[str, float] = {"rows": rows, "cpu_s": cpu_s(), "peak_mb": peak_mb()}
        if limit:
            con.execute("set enable_profiling = 'no_output'")
            found["spilled_mb"] = json.loads(profile.read_text())["system_peak_temp_dir_size"] / 1e6
    return found


if __name__ == "__main__":
    what, *given = sys.argv[1:]
    print(json.dumps({"load": load, "run": run, "ask": ask}[what](*given)))
