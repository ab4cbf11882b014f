"""KPI files read with the line of every key: the workspace's YAML reader, with paths a reader of KPI files knows."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from metrics.errors import CatalogueError, WorkspaceError
from metrics.workspace.yaml_lines import Located, YamlPath, load_yaml

__all__ = ["Located", "YamlPath", "read_yaml", "shown_path"]
_REPOSITORY = Path(__file__).resolve().parents[2]


def shown_path(path: Path) -> str:
    """The path as a reader wants it: below the current folder or the repository, else in full."""
    for base in (Path.cwd(), _REPOSITORY):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return os.fspath(path)


def read_yaml(path: Path) -> Located:
    """Parse one YAML file. Raises CatalogueError with file and line when it is not YAML or repeats a key."""
    try:
        return replace(load_yaml(path), file_name=shown_path(path))
    except WorkspaceError as error:
        raise CatalogueError(str(error).replace(path.name, shown_path(path), 1)) from error
