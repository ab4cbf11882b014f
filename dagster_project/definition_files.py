"""Put what given YAML files define in the place of what a project defines under the same names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from metrics.errors import RunError

_LISTS = ("semantic_models", "metrics", "saved_queries")
Names = dict[str, set[str]]


def replaced_definitions(folders: Sequence[Path], target: Path, files: Sequence[Path], others: Sequence[Path]) -> None:
    """Take what ``files`` or ``others`` name out of the YAML below ``folders`` and write that of ``files`` to ``target``.

    So a definition that only ``others`` have is missing, as it would be had the file been replaced. Raises RunError for a
    file that is no YAML or defines nothing.
    """
    given = {path: _read(path) for path in files}
    named = _names([*given.values(), *(_read(path) for path in others)])
    for folder in folders:
        for path in [*folder.rglob("*.yml"), *folder.rglob("*.yaml")] if folder.is_dir() else []:
            _take_out(path, named)
    target.mkdir(parents=True, exist_ok=True)
    for number, (path, document) in enumerate(given.items()):
        kept = {name: document[name] for name in _LISTS if name in document}
        (target / f"given_{number}_{path.stem}.yml").write_text(
            yaml.safe_dump(kept, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise RunError(f"{where}: is no YAML: {getattr(error, 'problem', None) or 'it is not UTF-8 text'}.") from error
    if not isinstance(found, dict) or not any(found.get(name) for name in _LISTS):
        raise RunError(f"{path}: defines no metric and no semantic model: it has none of {', '.join(_LISTS)}.")
    for name in _LISTS:
        if not all(isinstance(one, dict) and "name" in one for one in found.get(name) or []):
            raise RunError(f"{path}: each entry of '{name}' needs a name.")
    return found


def _names(documents: Sequence[dict[str, Any]]) -> Names:
    return {name: {one["name"] for document in documents for one in document.get(name) or []} for name in _LISTS}


def _take_out(path: Path, named: Names) -> None:
    """Rewrite a YAML file without the definitions named; one that has none of them stays byte for byte."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError:
        return  # dbt says what is wrong with it
    if not isinstance(document, dict):
        return
    kept = {
        name: [one for one in document.get(name) or [] if not isinstance(one, dict) or one.get("name") not in named[name]]
        for name in _LISTS
        if name in document
    }
    if any(len(kept[name]) != len(document[name] or []) for name in kept):
        left = {**document, **kept}
        path.write_text(yaml.safe_dump(left, sort_keys=False, allow_unicode=True), encoding="utf-8")
