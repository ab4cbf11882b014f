"""The SQL behind a manifest: one checksum per model and macro file, to tell whether two versions build the same tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

Json = Mapping[str, Any]
_BUILT = ("model", "seed", "snapshot")


def sql_checksums(manifest: Json) -> dict[str, str]:
    """Path of each file with SQL of the project -> checksum, from dbt's manifest.json."""
    found: dict[str, list[str]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] in _BUILT:
            found.setdefault(node["original_file_path"], []).append(node["checksum"]["checksum"])
    project = manifest["metadata"].get("project_name")
    for macro in manifest["macros"].values():
        if macro["package_name"] == project:
            found.setdefault(macro["original_file_path"], []).append(macro["macro_sql"])
    return {path: _hash(sorted(parts)) for path, parts in sorted(found.items())}


def differing_files(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Files that differ or exist on one side only."""
    return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
