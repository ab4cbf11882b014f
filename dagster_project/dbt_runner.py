"""dbt in this process: parse only when a file or a variable changed, build with the manifest handed over.

A dbt subprocess costs 3-5 s to start; in process the same build costs its SQL. dbtRunner keeps state in the process, so
there is one invocation at a time, and its DuckDB connection is closed after each one: it would otherwise keep the file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from dagster_project.paths import DBT_PROJECT_DIR
from metrics.errors import RunError
from metrics.warehouse import attachments
from metrics.workspace import Workspace, mapping_vars

_RESULT_EVENTS = frozenset({"LogModelResult", "LogTestResult", "LogSeedResult", "LogSnapshotResult"})
_DEFINITION_FILES = (".sql", ".yml", ".yaml", ".csv")


@dataclass(frozen=True)
class GenericTest:
    """What a generic test asks: its name, the model it is attached to, its arguments, and how many rows it found."""

    name: str
    model: str
    arguments: Mapping[str, Any]
    found: int


@dataclass(frozen=True)
class NodeResult:
    """What became of one dbt node: its id, dbt's status and message, and the seconds it took; ``test`` of a generic test."""

    unique_id: str
    status: str
    message: str
    seconds: float
    compiled_sql: str = ""
    test: GenericTest | None = None


@dataclass
class BuildResult:
    """One ``dbt build``: whether everything passed, each node's result, and dbt's own result events (as dicts)."""

    success: bool
    nodes: list[NodeResult] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def failures(self) -> list[NodeResult]:
        """The nodes that failed, without those merely skipped because of them."""
        return [node for node in self.nodes if node.status in ("error", "fail", "runtime error")]


def definition_files(ws: Workspace) -> list[Path]:
    """Every file that dbt reads for this workspace, sorted."""
    roots = [DBT_PROJECT_DIR, ws.root / "models", ws.root / "semantic"]
    found: list[Path] = []
    for root in roots:
        if not root.is_dir():
            continue
        for folder, names, files in os.walk(root):
            names[:] = [n for n in names if n not in ("target", "logs", "dbt_packages", "__pycache__")]
            found += [Path(folder) / f for f in files if f.endswith(_DEFINITION_FILES)]
    return sorted(found)


def definition_hash(ws: Workspace, dialect: str = "duckdb") -> str:
    """Hash of everything the manifest depends on: the files dbt reads and the workspace's variables."""
    digest = hashlib.sha256(json.dumps(mapping_vars(ws, dialect=dialect), sort_keys=True, default=str).encode())
    for path in definition_files(ws):
        # Below its own root: a copied or renamed workspace is the same.
        root = ws.root if path.is_relative_to(ws.root) else DBT_PROJECT_DIR
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def manifest_path(ws: Workspace) -> Path:
    """dbt's manifest.json of this workspace."""
    return ws.dbt_target_dir / "manifest.json"


def semantic_manifest_path(ws: Workspace) -> Path:
    """dbt's semantic_manifest.json of this workspace: what the metric compiler reads."""
    return ws.dbt_target_dir / "semantic_manifest.json"


def ensure_manifest(ws: Workspace) -> Path:
    """Parse the project when a definition changed since the last parse; return the path of manifest.json.

    Asked for outside of runs too (``kpi validate``, ``kpi dev``): two processes never parse into one folder at a time.
    """
    ws.dbt_target_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(ws.dbt_target_dir / "parse.lock"):
        if is_parsed(ws):
            return manifest_path(ws)
        stamp, wanted = _stamp(ws), definition_hash(ws)
        stamp.unlink(missing_ok=True)
        _parse(ws, _common_arguments(ws))
        stamp.write_text(wanted)
        return manifest_path(ws)


def is_parsed(ws: Workspace) -> bool:
    """Whether the manifest is that of the files as they are now."""
    stamp = _stamp(ws)
    return stamp.is_file() and manifest_path(ws).is_file() and stamp.read_text() == definition_hash(ws)


def _stamp(ws: Workspace) -> Path:
    return ws.dbt_target_dir / "parsed.sha256"


def parse_into(ws: Workspace, folder: Path, shipped: Path, own: Path) -> Path:
    """Parse another version of the models into ``folder`` and leave the workspace as it is; return semantic_manifest.json.

    ``shipped``: a folder like dbt_project/; ``own``: one with ``models`` and ``semantic`` of a workspace. Mapping, time zone
    and currency are the workspace's of now. Raises RunError with dbt's own words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    project, target = folder / "dbt_project", folder / "target"
    _link_project(project, shipped, own)
    _parse(ws, _common_arguments(ws, project, target))
    return target / "semantic_manifest.json"


def _parse(ws: Workspace, arguments: Sequence[str]) -> None:
    found: list[str] = []

    def collect(event: Any) -> None:
        # What is wrong with a metric is told beside the error, which only says that something is.
        if event.info.name == "SemanticValidationFailure":
            found.append(" ".join(event.info.msg.split()))

    with _environment(ws):
        outcome = _runner(None, callbacks=[collect]).invoke(["parse", *arguments])
    if not outcome.success:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise RunError(f"dbt could not read the models: {found[0] + more if found else _first_line(outcome.exception)}")


def build(ws: Workspace, selection: Sequence[str], *, unit_tests: bool = False) -> BuildResult:
    """Build and test the selected nodes (dbt selectors) in one invocation; never raises for a failing node."""
    ensure_manifest(ws)
    events: list[dict[str, Any]] = []
    arguments = ["build", *_common_arguments(ws), "--no-write-json", "--select", *selection]
    if not unit_tests:
        arguments += ["--exclude-resource-type", "unit_test"]
    with _environment(ws):
        outcome = _runner(_load_manifest(ws), callbacks=[_collector(events)]).invoke(arguments)
        _close_connections()
    if outcome.result is None:
        raise RunError(f"dbt stopped before building anything: {_first_line(outcome.exception)}")
    nodes = [
        NodeResult(
            r.node.unique_id,
            str(r.status),
            str(r.message or ""),
            float(r.execution_time),
            str(getattr(r.node, "compiled_code", None) or ""),
            _generic_test(r),
        )
        for r in outcome.result.results
    ]
    return BuildResult(success=bool(outcome.success), nodes=nodes, events=events)


def _generic_test(result: Any) -> GenericTest | None:
    metadata = getattr(result.node, "test_metadata", None)
    if metadata is None or result.failures is None:
        return None
    model = str(result.node.attached_node or "").rsplit(".", 1)[-1]
    return GenericTest(str(metadata.name), model, dict(metadata.kwargs), int(result.failures))


def _runner(manifest: Any, callbacks: list[Any] | None = None) -> Any:
    from dbt.cli.main import dbtRunner

    return dbtRunner(manifest=manifest, callbacks=callbacks or [])


def _load_manifest(ws: Workspace) -> Any:
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack((ws.dbt_target_dir / "partial_parse.msgpack").read_bytes())
    manifest.build_flat_graph()
    return manifest


def _common_arguments(ws: Workspace, project: Path | None = None, target: Path | None = None) -> list[str]:
    target = target or ws.dbt_target_dir
    return [
        "--project-dir", str(project or _linked_project(ws)),
        "--profiles-dir", str(DBT_PROJECT_DIR),
        "--target-path", str(target),
        "--log-path", str(target / "logs"),
        "--vars", json.dumps(mapping_vars(ws, dialect="duckdb"), default=str),
    ]  # fmt: skip


def _linked_project(ws: Workspace) -> Path:
    """A dbt project folder that links the shipped project and the workspace's own models; made on first use.

    They have to lie below the project: dbt writes compiled SQL to the target folder joined with the path of the model,
    and for an absolute path that is the model's own file.
    """
    folder = ws.runtime_dir / "dbt_project"
    _link_project(folder, DBT_PROJECT_DIR, ws.root)
    return folder


def _link_project(folder: Path, shipped: Path, own: Path) -> None:
    links = {name: shipped / name for name in ("dbt_project.yml", "macros", "models", "tests")}
    links |= {f"workspace/{name}": own / name for name in ("models", "semantic")}
    for name, target in links.items():
        link = folder / name
        if link.is_symlink() and link.readlink() == target:
            continue
        link.parent.mkdir(parents=True, exist_ok=True)
        waiting = link.with_name(f".{link.name}.{os.getpid()}")
        waiting.symlink_to(target)
        waiting.replace(link)


def dbt_environment(ws: Workspace) -> Mapping[str, str]:
    """The environment variables by which profiles.yml and dbt_project.yml find this workspace."""
    return {
        "BELLWETHER_WAREHOUSE": str(ws.warehouse_path),
        "BELLWETHER_RAW": str(ws.raw_path),
        "BELLWETHER_ATTACHED": json.dumps(
            [{"path": str(path), "alias": name, "read_only": True} for name, path in attachments(ws).items()]
        ),
        "BELLWETHER_WORKSPACE_MODELS": "workspace/models",
        "BELLWETHER_WORKSPACE_SEMANTIC": "workspace/semantic",
        "DBT_LOG_LEVEL": "none",
        "DBT_LOG_LEVEL_FILE": "none",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_USE_COLORS": "false",
        "DBT_VERSION_CHECK": "false",
    }


@contextmanager
def _environment(ws: Workspace) -> Iterator[None]:
    """Set the variables only for the invocation: two workspaces may be run by one process, one after the other."""
    wanted = dbt_environment(ws)
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _collector(events: list[dict[str, Any]]) -> Any:
    from google.protobuf.json_format import MessageToDict

    def collect(event: Any) -> None:
        if event.info.name in _RESULT_EVENTS:
            events.append(MessageToDict(event, preserving_proto_field_name=True))

    return collect


def _close_connections() -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


def _first_line(error: BaseException | None) -> str:
    lines = [line.strip() for line in str(error or "no reason given").splitlines() if line.strip()]
    return " ".join(lines[:4])
