"""Other semantic layers, each installed from PyPI into an environment of its own below the data folder.

A peer only writes SQL, in its own process; it is run by the benchmark on the same connection as everybody's. What it
needs besides the facts (a view, a table) it asks for, and is given in a temporary schema of that connection.
"""

from __future__ import annotations

import json
import subprocess
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.semantic.engines import Statements
from benchmarks.semantic.shapes import SHAPES, Shape
from benchmarks.semantic.star import Star

HERE = Path(__file__).resolve().parent
REQUIREMENTS = {
    "MetricFlow": ["metricflow==0.213.0"],
    "sidemantic": ["sidemantic==0.13.0"],
    "BSL": ["boring-semantic-layer==0.3.18", "ibis-framework[duckdb]"],
}


@dataclass(frozen=True)
class Peer:
    """What one peer said: a statement or a refusal for each shape, and its costs."""

    version: str
    asked: dict[str, Any]
    load: list[dict[str, float]]

    def add_to(self, given: Statements, shape: Shape, name: str) -> None:
        """Put the peer's statement, or its refusal, beside the others."""
        found = self.asked[shape.name]
        if "sql" in found:
            given.sql[name] = found["sql"]
        else:
            given.refused[name] = found["refused"]

    def summary(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "load_cpu_s": [run["cpu_s"] for run in self.load],
            "load_peak_mb": [run["peak_mb"] for run in self.load],
            "compile_ms": {name: found["compile_ms"] for name, found in self.asked.items() if "compile_ms" in found},
            "sql": {name: found["sql"] for name, found in self.asked.items() if "sql" in found},
        }


def prepared(data: Path, star: Star, repeat: int, say: Callable[[str], None]) -> dict[str, Peer]:
    """Every peer that can be installed, with its answers. One that cannot is told of and left out."""
    questions = star.folder / "questions.json"
    questions.write_text(json.dumps({shape.name: _question(shape) for shape in SHAPES}))
    found = {}
    for name, requirements in REQUIREMENTS.items():
        python = _installed(data / "peers" / name.lower(), requirements, say)
        if python is None:
            continue
        say(f"{name}: load and compile")
        script = str(HERE / f"ask_{name.lower()}.py")
        files = [str(star.manifest), str(star.database)]
        load = [_told(python, script, "load", *files) for _ in range(min(repeat, 3))]
        asked = _told(python, script, "ask", *files, str(questions), str(repeat))
        found[name] = Peer(requirements[0].split("==")[1], asked, load)
    return found


def _question(shape: Shape) -> dict[str, Any]:
    query = shape.query
    return {
        "metrics": query.metrics, "group_by": query.group_by, "start": str(query.start), "end": str(query.end),
    }  # fmt: skip


def _installed(folder: Path, requirements: list[str], say: Callable[[str], None]) -> Path | None:
    """The Python of the peer's environment, made when it is not there; None when pip refuses."""
    python = folder / "bin" / "python"
    mark = folder / "installed.txt"
    if mark.is_file() and mark.read_text() == str(requirements):
        return python
    say(f"installing {requirements[0]} into {folder}")
    venv.create(folder, with_pip=True, clear=True)
    done = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--prefer-binary", *requirements],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        say(f"{requirements[0]} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
        return None
    mark.write_text(str(requirements))
    return python


def _told(python: Path, script: str, *given: str) -> dict[str, Any]:
    done = subprocess.run([str(python), script, *given], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{script} {given[0]} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
