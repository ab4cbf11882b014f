"""Checks a proposal with the product's own validation, and writes it: to a file, or as a new workspace."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from dagster_project.suggest.proposal import Proposal
from dagster_project.suggest.render import sources_yaml, workspace_yaml
from metrics.errors import WorkspaceError
from metrics.workspace import Workspace, load_workspace


def checked_sources_yaml(proposal: Proposal) -> str:
    """Return the ``sources:`` part after it was loaded as part of a workspace. Raises WorkspaceError."""
    with TemporaryDirectory(prefix="bellwether-") as folder:
        _load(workspace_yaml(proposal, "Proposal"), Path(folder))
    return sources_yaml(proposal)


def write_workspace(proposal: Proposal, folder: Path, name: str | None, force: bool) -> Path:
    """Write a new workspace.yml whose paths are relative to it, and return it. Raises WorkspaceError.

    Nothing is written when the file is there already (unless ``force``) or when it would not be valid.
    """
    file = folder / Workspace.FILE_NAME
    refuse_existing(file, force)
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(f"{folder}: is a file. Give --new a folder.")
    sources = [replace(source, folder=_relative(source.folder, folder)) for source in proposal.sources]
    text = workspace_yaml(replace(proposal, sources=sources), name or _spoken(folder))
    with TemporaryDirectory(prefix="bellwether-") as scratch:
        _load(workspace_yaml(proposal, name or _spoken(folder)), Path(scratch))
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    load_workspace(folder)
    return file


def refuse_existing(file: Path, force: bool) -> None:
    """Raise WorkspaceError where a file would be overwritten."""
    if file.exists() and not force:
        raise WorkspaceError(f"{file}: is there already. Give another folder or file, or --force to overwrite it.")


def _load(text: str, folder: Path) -> None:
    (folder / Workspace.FILE_NAME).write_text(text, encoding="utf-8")
    try:
        load_workspace(folder)
    except WorkspaceError as error:
        raise WorkspaceError(f"the proposal is not valid, which is a bug of `kpi source suggest`: {error}") from error


def _relative(data: str, folder: Path) -> str:
    return Path(os.path.relpath(data, folder.resolve())).as_posix()


def _spoken(folder: Path) -> str:
    words = folder.resolve().name.replace("_", " ").replace("-", " ").split()
    return " ".join(word.capitalize() if word.islower() else word for word in words) or "My company"
