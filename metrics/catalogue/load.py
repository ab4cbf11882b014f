"""Load and check the KPI files that ship and those of a workspace.

`check_catalogue` returns every finding; `load_catalogue` raises the first error as one line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.findings import Finding, shape_findings
from metrics.catalogue.labels import label_findings
from metrics.catalogue.lineage import Lineage
from metrics.catalogue.model import OVERRIDABLE, Kpi, KpiFile, Override, Watch
from metrics.catalogue.rules import interval_findings, rule_findings, small_cell_findings, watch_findings
from metrics.catalogue.target_files import TargetRows, read_target_files
from metrics.catalogue.yaml_lines import Located, YamlPath, read_yaml
from metrics.errors import CatalogueError, did_you_mean

if TYPE_CHECKING:
    from metrics.semantic import SemanticLayer
    from metrics.workspace import Workspace

SHIPPED = Path(__file__).resolve().parents[1] / "kpis"


@dataclass(frozen=True)
class Entry:
    """One KPI or override with the place it was read from."""

    document: Located
    path: YamlPath
    is_shipped: bool

    def where(self, *field_path: str | int) -> str:
        """``file:line`` of the entry or of one of its fields."""
        return self.document.where((*self.path, *field_path))


@dataclass
class _Files:
    kpis: dict[str, tuple[Kpi, Entry]] = field(default_factory=dict)
    # a complaint about targets must point at the file that gives them, which may be an override
    targets: dict[str, Entry | TargetRows] = field(default_factory=dict)
    watched: dict[str, tuple[Watch, Entry]] = field(default_factory=dict)
    overrides: list[tuple[Override, Entry]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def load_catalogue(ws: Workspace, layer: SemanticLayer, lineage: Lineage, shipped: Path = SHIPPED) -> Catalogue:
    """The catalogue of a workspace. Raises CatalogueError with file and line on the first error.

    ``shipped``: folder of the KPI files that every workspace has and may override in part.
    """
    catalogue, findings = check_catalogue(ws, layer, lineage, shipped)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        more = f" ({len(errors) - 1} more; `kpi validate` shows all)" if len(errors) > 1 else ""
        raise CatalogueError(f"{errors[0]}{more}")
    return catalogue


def check_catalogue(
    ws: Workspace, layer: SemanticLayer, lineage: Lineage, shipped: Path = SHIPPED
) -> tuple[Catalogue, list[Finding]]:
    """The catalogue as far as it could be read, and everything that is wrong with it."""
    files = _read_files(_yaml_files(shipped), _yaml_files(ws.root / "kpis"))
    _apply_overrides(files)
    _apply_target_files(files, ws.root / "kpis")
    entries = {name: entry for name, (_, entry) in files.kpis.items()}
    known = {name: kpi for name, (kpi, _) in files.kpis.items()}
    targets = {**entries, **files.targets}
    catalogue = Catalogue(
        kpis={name: kpi for name, kpi in known.items() if name in layer.metrics},
        metrics=layer.metrics,
        watched={name: watch for name, (watch, _) in files.watched.items() if name in layer.metrics},
        where={name: entry.where() for name, entry in entries.items()},
        mapped=frozenset(ws.mapped_entities()),
        lineage=lineage,
        targets_at={name: targets[name].where("targets") for name, kpi in known.items() if kpi.targets},
    )
    return catalogue, [
        *files.findings,
        *rule_findings(known, entries, targets, layer, lineage),
        *watch_findings(files.watched, known, layer),
        *small_cell_findings(ws, catalogue, layer),
        *interval_findings(layer),
        *label_findings(layer.metrics),
    ]


def _yaml_files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]) if folder.is_dir() else []


def _read_files(shipped: Iterable[Path], own: Iterable[Path]) -> _Files:
    files = _Files()
    for path, is_shipped in [*((p, True) for p in shipped), *((p, False) for p in own)]:
        try:
            document = read_yaml(path)
        except CatalogueError as error:
            where, _, message = str(error).partition(": ")
            files.findings.append(Finding(where, message))
            continue
        if not isinstance(document.value, dict):
            files.findings.append(Finding(document.where(()), "expected a mapping with the key 'kpis'."))
            continue
        try:
            parsed = KpiFile.model_validate(document.value)
        except ValidationError as error:
            shadows = _shadows(files, document)
            files.findings += [finding for _, finding in shadows]
            found = [detail for detail in error.errors(include_url=False) if detail["loc"][:2] not in dict(shadows)]
            files.findings += shape_findings(document, found)
            continue
        _take(files, parsed, document, is_shipped)
    return files


def _shadows(files: _Files, document: Located) -> list[tuple[YamlPath, Finding]]:
    """Entries under ``kpis:`` that name a KPI that ships: what they lack does not matter, they stand in the wrong place."""
    listed = document.value.get("kpis")
    found: list[tuple[YamlPath, Finding]] = []
    for index, entry in enumerate(listed if isinstance(listed, list) else ()):
        name = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(name, str) and name in files.kpis and files.kpis[name][1].is_shipped:
            path = ("kpis", index)
            found.append((path, Finding(document.where((*path, "id")), _shadowed(name, files.kpis[name][1]))))
    return found


def _shadowed(name: str, first: Entry) -> str:
    allowed = ", ".join(OVERRIDABLE)
    return (
        f"{name} ships already, defined at {first.where()}. To change it, list it under 'overrides:' with only what "
        f"changes ({allowed}); a KPI of your own needs another id."
    )


def _take(files: _Files, parsed: KpiFile, document: Located, is_shipped: bool) -> None:
    for index, kpi in enumerate(parsed.kpis):
        entry = Entry(document, ("kpis", index), is_shipped)
        if kpi.id in files.kpis:
            first = files.kpis[kpi.id][1]
            twice = f"{kpi.id} is already defined at {first.where()}. Keep one."
            files.findings.append(Finding(entry.where("id"), _shadowed(kpi.id, first) if first.is_shipped else twice))
            continue
        files.kpis[kpi.id] = (kpi, entry)
    for index, watch in enumerate(parsed.watched):
        # a workspace may watch a metric in its own way: its files are read last
        files.watched[watch.metric] = (watch, Entry(document, ("watched", index), is_shipped))
    for index, override in enumerate(parsed.overrides):
        entry = Entry(document, ("overrides", index), is_shipped)
        if is_shipped:
            files.findings.append(
                Finding(entry.where(), f"{override.id}: overrides belong into a workspace's kpis/ folder.")
            )
        else:
            files.overrides.append((override, entry))


def _apply_overrides(files: _Files) -> None:
    seen: dict[str, Entry] = {}
    for override, entry in files.overrides:
        if override.id not in files.kpis:
            shipped = [name for name, (_, origin) in files.kpis.items() if origin.is_shipped]
            hint = did_you_mean(override.id, shipped) or " `kpi list` shows all."
            files.findings.append(Finding(entry.where("id"), f"overrides unknown KPI '{override.id}'.{hint}"))
            continue
        kpi, origin = files.kpis[override.id]
        if not origin.is_shipped:
            files.findings.append(
                Finding(entry.where("id"), f"{override.id} is this workspace's own KPI. Edit it at {origin.where()}.")
            )
            continue
        if override.id in seen:
            files.findings.append(
                Finding(
                    entry.where("id"),
                    f"{override.id} is overridden twice, first at {seen[override.id].where()}. Keep one.",
                )
            )
            continue
        seen[override.id] = entry
        changes = {
            name: value for name, value in override.model_dump(exclude={"id", "targets"}).items() if value is not None
        }
        if override.targets is not None:
            changes["targets"] = override.targets
            files.targets[override.id] = entry
        files.kpis[override.id] = (kpi.model_copy(update=changes), origin)


def _apply_target_files(files: _Files, folder: Path) -> None:
    found, findings = read_target_files(folder)
    files.findings.extend(findings)
    for name, rows in found.items():
        if name not in files.kpis:
            hint = did_you_mean(name, files.kpis) or " `kpi list` shows all."
            files.findings.append(Finding(rows.where(), f"target for unknown KPI '{name}'.{hint}"))
            continue
        kpi, origin = files.kpis[name]
        if name in files.targets or (kpi.targets and not origin.is_shipped):
            earlier = files.targets[name].where("targets") if name in files.targets else origin.where("targets")
            files.findings.append(
                Finding(rows.where(), f"{name} has its targets at {earlier} already. Keep them in one place.")
            )
            continue
        files.kpis[name] = (kpi.model_copy(update={"targets": tuple(rows.targets)}), origin)
        files.targets[name] = rows
