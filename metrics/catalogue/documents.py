"""YAML files of one model, read with the place of everything in them; what is wrong comes back as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from metrics.catalogue.findings import Finding
from metrics.catalogue.rulebook import Both, broken, finding
from metrics.catalogue.shapes import shape_findings
from metrics.catalogue.yaml_lines import Located, YamlPath, read_yaml
from metrics.errors import CatalogueError

File = TypeVar("File", bound=BaseModel)
Entry = TypeVar("Entry")
_KINDS = {"goal": "目标", "pair": "对照组", "scorecard": "记分卡", "set": "KPI 组", "objective": "OKR 目标"}


@dataclass(frozen=True)
class Document(Generic[File]):
    """One file that was read well, and whether it ships with the product."""

    content: File
    located: Located
    is_shipped: bool

    def place(self, *path: str | int) -> Place:
        """The place of an entry."""
        return Place(self.located, path, self.is_shipped)


@dataclass(frozen=True)
class Place:
    """Where an entry stands."""

    located: Located
    path: YamlPath
    is_shipped: bool

    def where(self, *field_path: str | int) -> str:
        """``file:line`` of the entry or of one of its fields."""
        return self.located.where((*self.path, *field_path))


def yaml_files(folder: Path) -> list[Path]:
    """The YAML files of a folder by name; none where there is no folder."""
    return sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]) if folder.is_dir() else []


def read_documents(
    shipped: Iterable[Path], own: Iterable[Path], model: type[File]
) -> tuple[list[Document[File]], list[Finding]]:
    """The files that could be read as ``model``, shipped ones first, and what is wrong with the others."""
    documents: list[Document[File]] = []
    findings: list[Finding] = []
    for path, is_shipped in [*((p, True) for p in shipped), *((p, False) for p in own)]:
        if not path.is_file():
            continue
        try:
            located = read_yaml(path)
        except CatalogueError as error:
            findings.append(broken("yaml", error))
            continue
        if not isinstance(located.value, dict):
            names = [name for name in model.model_fields if name != "version"]
            quoted = [f"'{name}'" for name in names]
            keys = Both(" or ".join(quoted), " 或 ".join(quoted))
            findings.append(finding("file-empty", located.where(()), keys=keys, key=names[0]))
            continue
        try:
            documents.append(Document(model.model_validate(located.value), located, is_shipped))
        except ValidationError as error:
            findings += shape_findings(located, error.errors(include_url=False), model)
    return documents, findings


def subject(kind: str, name: str) -> Both:
    """What a finding is about that is no KPI: ``goal more``. ``kind``: goal, pair, scorecard, set or objective."""
    return Both(f"{kind} {name}", f"{_KINDS[kind]} {name}")


def repeated(entries: Sequence[tuple[str, Place]], kind: str) -> Iterator[Finding]:
    """Entries whose id is taken already, each with the place of the first."""
    first: dict[str, Place] = {}
    for name, place in entries:
        if name in first:
            yield finding("id-twice", place.where("id"), subject=subject(kind, name), first=first[name].where())
        first.setdefault(name, place)


def by_id(entries: Iterable[tuple[str, Entry]]) -> dict[str, Entry]:
    """The entries by id, in their order; the first where an id is given twice."""
    found: dict[str, Entry] = {}
    for name, entry in entries:
        found.setdefault(name, entry)
    return found


def circle(name: str, parents: Mapping[str, str | None]) -> list[str]:
    """``[a, b, a]`` where an entry stands above itself, else []. ``parents``: of every entry by id."""
    way, current = [name], parents.get(name)
    while current is not None and current not in way:
        way.append(current)
        current = parents.get(current)
    return [*way, name] if current == name else []


def raise_first(findings: Sequence[Finding], shown_by: str = "kpi validate") -> None:
    """Raise CatalogueError with the first error; do nothing without one."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        more = f" ({len(errors) - 1} more; `{shown_by}` shows all)" if len(errors) > 1 else ""
        raise CatalogueError(f"{errors[0]}{more}")
