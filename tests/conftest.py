"""Shared by all tests: the demo company at a tenth of its size, built once by a real run and copied where it is changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from tests.forked import run_kpi

REPOSITORY = Path(__file__).resolve().parents[1]
DEMO = REPOSITORY / "data" / "demo"
SCALE = 0.1


@dataclass(frozen=True)
class BuiltWorkspace:
    """A workspace after a run."""

    root: Path

    @property
    def files(self) -> Path:
        """The raw files."""
        return self.root / "files"

    @property
    def published(self) -> Path:
        """What readers see."""
        return self.root / "published" / "current.duckdb"


Kpi = Callable[..., subprocess.CompletedProcess[str]]


def run_installed_kpi(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The installed script, as a user starts it."""
    command = [str(Path(sys.executable).with_name("kpi")), *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="session")
def kpi() -> Kpi:
    """Run ``kpi`` with arguments; returns the finished process."""
    return run_kpi


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> BuiltWorkspace:
    """The demo company after its first run. Read it, do not change it: copy it with ``demo_copy``.

    Built once, also when the tests run in several processes.
    """
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if hasattr(request.config, "workerinput") else base) / "demo" / "demo"
    root.parent.mkdir(exist_ok=True)
    with FileLock(root.with_suffix(".lock")):
        if not root.exists():
            making = root.with_name("making")
            _generate_demo(making)
            making.rename(root)
            done = run_installed_kpi("run", "-w", root)
            assert done.returncode == 0, done.stderr + done.stdout
    return BuiltWorkspace(root)


def _generate_demo(root: Path) -> None:
    sys.path.insert(0, str(REPOSITORY))
    from data.generator import generate

    (root / "files").mkdir(parents=True)
    shutil.copy(DEMO / "workspace.yml", root)
    shutil.copytree(DEMO / "kpis", root / "kpis")
    generate(root / "files", scale=SCALE, say=lambda _: None)


@pytest.fixture
def demo_copy(demo: BuiltWorkspace, tmp_path: Path) -> BuiltWorkspace:
    """A copy of the built demo company that a test may change."""
    root = tmp_path / "demo"
    shutil.copytree(demo.root, root, symlinks=True)
    return BuiltWorkspace(root)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data files beside the repository; absent on most machines."""
    found = Path(os.environ.get("BELLWETHER_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not found.is_dir():
        pytest.skip(f"the real data files are not at {os.path.relpath(found, REPOSITORY)}")
    return found
