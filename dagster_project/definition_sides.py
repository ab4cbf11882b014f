"""What A and B of ``kpi diff A B`` may be, each read into a semantic manifest: commits, files, folders, now, published.

    .            the files as they are now, saved but neither committed nor run
    published    the definitions that the published values were computed with
    a commit     anything git knows: HEAD, HEAD~3, main, v1.2, 1a2b3c4
    a folder     a workspace, a dbt project, or any folder with YAML definitions
    a file       one YAML file; it stands for what it defines, everything else is as it is now

A commit is that of the workspace's repository, else of the repository of the product; what lies in neither is as it is now.
Everything that is read lands in a temporary folder.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project import dbt_runner
from dagster_project.definition_files import replaced_definitions
from dagster_project.paths import DBT_PROJECT_DIR
from metrics.catalogue.definitions import read_definitions
from metrics.catalogue.model_files import sql_checksums
from metrics.errors import BellwetherError, RunError
from metrics.semantic import SemanticLayer
from metrics.values.comparison import Definitions
from serving.publish import SEMANTIC_MANIFEST, SQL_FILES

if TYPE_CHECKING:
    from metrics.workspace import Workspace

NOW, PUBLISHED = ".", "published"
_YAML = {".yml", ".yaml"}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Side:
    """One side: what it is in words, its definitions, and its SQL by file (None where that is not known)."""

    label: str
    definitions: Definitions
    sql: Mapping[str, str] | None


@dataclass(frozen=True)
class _Sources:
    """Where the files of a side lie: the shipped project and the workspace's own models and semantic files."""

    label: str
    shipped: Path
    own: Path


def read_side(ws: Workspace, given: str, other: str, folder: Path, say: Say) -> Side:
    """Read one side; ``other`` is what it will be compared with. ``folder`` is temporary. Raises RunError in one line."""
    if given == PUBLISHED:
        return _published(ws)
    if given == NOW and dbt_runner.is_parsed(ws):
        return _side("the files as they are now", dbt_runner.semantic_manifest_path(ws))
    sources = _sources(ws, given, other, folder / "files")
    say(f"Reading the definitions of {sources.label}")
    try:
        return _side(sources.label, dbt_runner.parse_into(ws, folder / "parsed", sources.shipped, sources.own))
    except BellwetherError as error:
        raise RunError(f"{given}: {error}") from error


def _side(label: str, manifest: Path) -> Side:
    built = json.loads((manifest.parent / "manifest.json").read_text(encoding="utf-8"))
    return Side(label, _definitions(manifest), sql_checksums(built))


def _definitions(manifest: Path) -> Definitions:
    raw = json.loads(manifest.read_text(encoding="utf-8"))
    return Definitions(SemanticLayer.from_manifest(manifest), read_definitions(raw), raw)


def _published(ws: Workspace) -> Side:
    folder = ws.published_dir / "parquet" / "current"
    if not (folder / SEMANTIC_MANIFEST).is_file():
        raise RunError(f"{ws.name}: nothing is published yet. Run `kpi run --workspace {ws.root}` first.")
    sql = folder / SQL_FILES
    return Side(
        "the published definitions",
        _definitions(folder / SEMANTIC_MANIFEST),
        json.loads(sql.read_text(encoding="utf-8")) if sql.is_file() else None,
    )


def _sources(ws: Workspace, given: str, other: str, folder: Path) -> _Sources:
    path = Path(given).expanduser()
    if given == NOW:
        return _Sources("the files as they are now", DBT_PROJECT_DIR, ws.root)
    if path.is_file():
        return _of_files(ws, given, [path], other, folder)
    if path.is_dir():
        return _of_folder(ws, given, path, other, folder)
    if found := _of_commit(ws, given, folder):
        return found
    if path.suffix in _YAML:
        raise RunError(f"{given}: there is no such file.")
    raise RunError(
        f"'{given}' is neither a commit nor a file nor a folder. "
        "Give one of them, '.' for the files as they are now, or 'published'."
    )


def _of_folder(ws: Workspace, given: str, path: Path, other: str, folder: Path) -> _Sources:
    if (path / "dbt_project.yml").is_file():
        return _Sources(f"the dbt project {given}", path.resolve(), ws.root)
    if any((path / name).exists() for name in ("workspace.yml", "semantic", "models")):
        return _Sources(f"the workspace {given}", DBT_PROJECT_DIR, path.resolve())
    files = _yaml_files(path)
    if not files:
        raise RunError(f"{given}: this folder holds no definitions: no workspace.yml, no dbt_project.yml, no YAML file.")
    return _of_files(ws, given, files, other, folder)


def _of_files(ws: Workspace, given: str, files: Sequence[Path], other: str, folder: Path) -> _Sources:
    """Everything as it is now, with the definitions of ``files`` in the place of those that either side names."""
    beside = Path(other).expanduser()
    others = [beside] if beside.is_file() else []
    if (
        beside.is_dir()
        and other != NOW
        and not any((beside / name).exists() for name in ("dbt_project.yml", "workspace.yml"))
    ):
        others = _yaml_files(beside)
    shipped, own = folder / "dbt_project", folder / "workspace"
    shutil.copytree(DBT_PROJECT_DIR, shipped, ignore=shutil.ignore_patterns("target", "logs", "dbt_packages"))
    for name in ("models", "semantic"):
        if (ws.root / name).is_dir():
            shutil.copytree(ws.root / name, own / name)
    replaced_definitions([shipped / "models", own / "models", own / "semantic"], own / "semantic", files, others)
    return _Sources(given, shipped, own)


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in _YAML)


def _of_commit(ws: Workspace, given: str, folder: Path) -> _Sources | None:
    """The parts that lie in the repository as the commit has them, the others as they are now; None: no such commit."""
    for root in dict.fromkeys([_repository(ws.root), _repository(DBT_PROJECT_DIR)]):
        commit = root and _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{given}^{{commit}}")
        if not root or not commit:
            continue
        parts = {"shipped": DBT_PROJECT_DIR, "own": ws.root}
        for name, place in parts.items():
            below = [place / inner for inner in ("models", "semantic")] if name == "own" else [place]
            if place.is_relative_to(root) and (name == "shipped" or _is_tracked(root, place)):
                _extract(root, commit, [one.relative_to(root).as_posix() for one in below], folder / name)
                parts[name] = folder / name / place.relative_to(root)
        label = f"commit {commit[:7]}" + ("" if given.startswith(commit[:7]) else f" ({given})")
        if parts["own"] == ws.root:
            label += ", with the workspace's own files as they are now"
        elif parts["shipped"] == DBT_PROJECT_DIR:
            label += ", with the shipped models as they are now"
        return _Sources(label, parts["shipped"], parts["own"])
    return None


def _repository(place: Path) -> Path | None:
    found = _git(place, "rev-parse", "--show-toplevel")
    return Path(found) if found else None


def _is_tracked(root: Path, place: Path) -> bool:
    """A workspace in an ignored corner of another repository has no commits there."""
    relative = place.relative_to(root).as_posix()
    return bool(_git(root, "ls-files", "--", f"{relative}/workspace.yml"))


def _extract(root: Path, commit: str, paths: Sequence[str], target: Path) -> None:
    """The files of a commit below ``paths``, as far as it has them."""
    target.mkdir(parents=True)
    listed = _git(root, "ls-tree", "-d", "--name-only", commit, "--", *paths) or ""
    there = [path for path in paths if path in listed.splitlines()]
    if not there:
        return
    archive = target.with_suffix(".tar")
    if _git(root, "archive", "--format=tar", f"--output={archive}", commit, "--", *there) is None:
        raise RunError(f"git could not read {', '.join(there)} of commit {commit[:7]}: is a part of the repository missing?")
    with tarfile.open(archive) as files:
        files.extractall(target, filter="data")


def _git(place: Path, *arguments: str) -> str | None:
    """What git prints, None when it fails or is not installed."""
    command: list[Any] = ["git", "-C", str(place), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell; the path is git's own
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
