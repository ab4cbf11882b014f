"""The generated star schema: built once per size by dbt from ``benchmarks/star``, which also writes the semantic manifest."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "star"
DATABASE = "star"
_SIZE = re.compile(r"([0-9]+)([kM]?)")


@dataclass(frozen=True)
class Star:
    """Files of one size: the DuckDB database and dbt's semantic manifest over it."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / f"{DATABASE}.duckdb"

    @property
    def manifest(self) -> Path:
        return self.folder / "target" / "semantic_manifest.json"


def sessions_in(size: str) -> int:
    """``2M`` -> 2000000. Raises ValueError for anything but a count, with k or M behind it or not."""
    found = _SIZE.fullmatch(size)
    if not found:
        raise ValueError(f"--rows is {size!r}; expected a count of web sessions such as 2M, 20M or 300k")
    return int(found[1]) * {"": 1, "k": 1000, "M": 1_000_000}[found[2]]


def build(data: Path, size: str, say: Callable[[str], None]) -> Star:
    """The star schema of ``size`` below ``data``, made anew where it is absent or the project has changed since."""
    sessions = sessions_in(size)
    star = Star(data / size)
    made_of = _made_of(sessions)
    mark = star.folder / "made_of.txt"
    if mark.is_file() and mark.read_text() == made_of:
        say(f"data: {star.database} is there, {star.database.stat().st_size / 1e6:.0f} MB")
        return star
    say(f"data: generating {size} web sessions and facts to match into {star.folder}")
    shutil.rmtree(star.folder, ignore_errors=True)
    star.folder.mkdir(parents=True)
    _dbt(star, sessions)
    mark.write_text(made_of)
    say(f"data: made, {star.database.stat().st_size / 1e6:.0f} MB")
    return star


def _made_of(sessions: int) -> str:
    digest = hashlib.sha256(str(sessions).encode())
    for path in sorted(path for path in PROJECT.rglob("*") if path.suffix in (".sql", ".yml")):
        digest.update(path.relative_to(PROJECT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _dbt(star: Star, sessions: int) -> None:
    command = [
        str(Path(sys.executable).with_name("dbt")), "run", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
        "--target-path", str(star.manifest.parent), "--log-path", str(star.folder / "logs"),
        "--vars", f"sessions: {sessions}",
    ]  # fmt: skip
    done = subprocess.run(
        command, env={**os.environ, "STAR_DATABASE": str(star.database)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"data: dbt could not build the star schema:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
