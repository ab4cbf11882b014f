"""Runs a workspace of tests/workspaces over the real files of the shared data folder and reads what it published."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.conftest import REPOSITORY
from tests.forked import run_kpi

CURRENT = "from mart.kpi_current where metric = ? and grain = ? and segment_dimension = ? and segment_value = ?"


@dataclass(frozen=True)
class RealWorkspace:
    """A workspace after its run; ``output`` is what the command printed."""

    root: Path
    output: str

    def read(self, sql: str, *parameters: object) -> list[tuple]:
        """Rows of the published file."""
        with duckdb.connect(str((self.root / "published" / "current.duckdb").resolve()), read_only=True) as con:
            return con.execute(sql, list(parameters)).fetchall()

    def value(self, metric: str, grain: str, period: str, dimension: str = "", member: str = "") -> float | None:
        """The current value of one period, None where there is no such row."""
        found = self.read(f"select value {CURRENT} and period_start = ?", metric, grain, dimension, member, period)
        return found[0][0] if found else None

    def share(self, metric: str, dimension: str = "", member: str = "") -> float:
        """A ratio over all history: the months' numerators divided by their denominators."""
        sums = f"select sum(numerator), sum(denominator) {CURRENT}"
        above, below = self.read(sums, metric, "month", dimension, member)[0]
        return float(above / below)


def run_real_workspace(name: str, folder: Path, shared_data: Path) -> RealWorkspace:
    """Copy tests/workspaces/<name> into ``folder`` and run it."""
    root = folder / name
    shutil.copytree(REPOSITORY / "tests" / "workspaces" / name, root)
    done = run_kpi("run", "-w", root, env={"BELLWETHER_SHARED_DATA": str(shared_data)})
    assert done.returncode == 0, done.stderr
    return RealWorkspace(root, " ".join((done.stdout + done.stderr).split()))
