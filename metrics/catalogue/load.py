"""Load and check the KPI files that ship and those of a workspace.

`check_catalogue` returns every finding; `load_catalogue` raises the first error as one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.defaults import Defaults, read_defaults
from metrics.catalogue.documents import Place, raise_first, yaml_files
from metrics.catalogue.findings import Finding
from metrics.catalogue.labels import label_findings
from metrics.catalogue.lineage import Lineage
from metrics.catalogue.model import OVERRIDABLE, Kpi, KpiFile, Override, Watch
from metrics.catalogue.rulebook import broken, finding, hint
from metrics.catalogue.rules import interval_findings, rule_findings, small_cell_findings, watch_findings
from metrics.catalogue.shapes import shape_findings
from metrics.catalogue.target_files import TargetRows, read_target_files
from metrics.catalogue.yaml_lines import Located, YamlPath, read_yaml
from metrics.errors import CatalogueError

if TYPE_CHECKING:
    from metrics.semantic import SemanticLayer
    from metrics.workspace import Workspace

# Beside the KPI files and of another shape: defaults, goals and pairs (metrics/alignment), objectives (metrics/scorecards).
NOT_OF_KPIS = frozenset({"defaults", "goals", "pairs", "okrs"})
SHIPPED = Path(__file__).resolve().parents[1] / "kpis"


@dataclass(frozen=True)
class Checked:
    """A catalogue as far as it could be read, with the place of everything in it and every error.

    ``kpis``: also those whose metric does not exist. ``targets``: which entry or table gave a KPI's targets.
    """

    catalogue: Catalogue
    kpis: Mapping[str, Kpi]
    entries: Mapping[str, Place]
    targets: Mapping[str, Place | TargetRows]
    defaults: Defaults
    findings: tuple[Finding, ...]


@dataclass
class _Files:
    defaults: Defaults
    kpis: dict[str, tuple[Kpi, Place]] = field(default_factory=dict)
    # a complaint about targets must point at the file that gives them, which may be an override
    targets: dict[str, Place | TargetRows] = field(default_factory=dict)
    watched: dict[str, tuple[Watch, Place]] = field(default_factory=dict)
    overrides: list[tuple[Override, Place]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def load_catalogue(ws: Workspace, layer: SemanticLayer, lineage: Lineage, shipped: Path = SHIPPED) -> Catalogue:
    """The catalogue of a workspace. Raises CatalogueError with file and line on the first error.

    ``shipped``: folder of the KPI files that every workspace has and may override in part.
    """
    catalogue, findings = check_catalogue(ws, layer, lineage, shipped)
    raise_first(findings)
    return catalogue


def check_catalogue(
    ws: Workspace, layer: SemanticLayer, lineage: Lineage, shipped: Path = SHIPPED
) -> tuple[Catalogue, list[Finding]]:
    """The catalogue as far as it could be read, and every error in it."""
    checked = read_catalogue(ws, layer, lineage, shipped)
    return checked.catalogue, list(checked.findings)


def read_catalogue(ws: Workspace, layer: SemanticLayer, lineage: Lineage, shipped: Path = SHIPPED) -> Checked:
    """The catalogue as far as it could be read, where everything stands, and every error in it."""
    folder = ws.root / "kpis"
    files = _Files(read_defaults((shipped, folder)))
    _read_files(files, _yaml_files(shipped), _yaml_files(folder))
    _apply_overrides(files)
    _apply_target_files(files, folder)
    entries = {name: entry for name, (_, entry) in files.kpis.items()}
    known = {name: kpi for name, (kpi, _) in files.kpis.items()}
    targets = {**entries, **files.targets}
    catalogue = Catalogue(
        kpis={name: kpi for name, kpi in known.items() if name in layer.metrics},
        metrics=layer.metrics,
        watched={name: watch for name, (watch, _) in files.watched.items() if name in layer.metrics and name not in known},
        where={name: entry.where() for name, entry in entries.items()},
        mapped=frozenset(ws.mapped_entities()),
        lineage=lineage,
        targets_at={name: targets[name].where("targets") for name, kpi in known.items() if kpi.targets},
    )
    findings = (
        *files.defaults.findings,
        *files.findings,
        *rule_findings(known, entries, targets, layer, lineage),
        *watch_findings(files.watched, entries, layer),
        *small_cell_findings(ws, catalogue, layer),
        *interval_findings(layer),
        *label_findings(layer.metrics),
    )
    return Checked(catalogue, known, entries, targets, files.defaults, findings)


def _yaml_files(folder: Path) -> list[Path]:
    """The KPI files of a folder; what is no KPI stands in files of its own names."""
    return [path for path in yaml_files(folder) if path.stem not in NOT_OF_KPIS]


def _read_files(files: _Files, shipped: Iterable[Path], own: Iterable[Path]) -> None:
    for path, is_shipped in [*((p, True) for p in shipped), *((p, False) for p in own)]:
        try:
            document = read_yaml(path)
        except CatalogueError as error:
            files.findings.append(broken("yaml", error))
            continue
        if not isinstance(document.value, dict):
            files.findings.append(finding("file-empty", document.where(()), keys="'kpis'", key="kpis"))
            continue
        try:
            parsed = KpiFile.model_validate(files.defaults.filled(document.value))
        except ValidationError as error:
            shadows = _shadows(files, document)
            files.findings += [found for _, found in shadows]
            details = [detail for detail in error.errors(include_url=False) if detail["loc"][:2] not in dict(shadows)]
            files.findings += shape_findings(document, details)
            continue
        _take(files, parsed, document, is_shipped)


def _shadows(files: _Files, document: Located) -> list[tuple[YamlPath, Finding]]:
    """Entries under ``kpis:`` that name a KPI that ships: what they lack does not matter, they stand in the wrong place."""
    listed = document.value.get("kpis")
    found: list[tuple[YamlPath, Finding]] = []
    for index, entry in enumerate(listed if isinstance(listed, list) else ()):
        name = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(name, str) and name in files.kpis and files.kpis[name][1].is_shipped:
            path = ("kpis", index)
            found.append((path, _shadowed(name, document.where((*path, "id")), files.kpis[name][1])))
    return found


def _shadowed(name: str, where: str, first: Place) -> Finding:
    return finding("kpi-shadows", where, kpi=name, first=first.where(), allowed=", ".join(OVERRIDABLE))


def _take(files: _Files, parsed: KpiFile, document: Located, is_shipped: bool) -> None:
    for index, kpi in enumerate(parsed.kpis):
        entry = Place(document, ("kpis", index), is_shipped)
        if kpi.id in files.kpis:
            first, where = files.kpis[kpi.id][1], entry.where("id")
            twice = finding("kpi-twice", where, kpi=kpi.id, first=first.where())
            files.findings.append(_shadowed(kpi.id, where, first) if first.is_shipped and not is_shipped else twice)
            continue
        files.kpis[kpi.id] = (kpi, entry)
    for index, watch in enumerate(parsed.watched):
        # a workspace may watch a metric in its own way: its files are read last
        files.watched[watch.metric] = (watch, Place(document, ("watched", index), is_shipped))
    for index, override in enumerate(parsed.overrides):
        entry = Place(document, ("overrides", index), is_shipped)
        if is_shipped:
            files.findings.append(finding("override-shipped", entry.where(), kpi=override.id))
        else:
            files.overrides.append((override, entry))


def _apply_overrides(files: _Files) -> None:
    seen: dict[str, Place] = {}
    for override, entry in files.overrides:
        if override.id not in files.kpis:
            shipped = [name for name, (_, origin) in files.kpis.items() if origin.is_shipped]
            near = hint(override.id, shipped)
            files.findings.append(finding("override-unknown", entry.where("id"), kpi=override.id, hint=near))
            continue
        kpi, origin = files.kpis[override.id]
        if not origin.is_shipped:
            files.findings.append(finding("override-own", entry.where("id"), kpi=override.id, first=origin.where()))
            continue
        if override.id in seen:
            first = seen[override.id].where()
            files.findings.append(finding("override-twice", entry.where("id"), kpi=override.id, first=first))
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
            files.findings.append(finding("target-unknown", rows.where(), kpi=name, hint=hint(name, files.kpis)))
            continue
        kpi, origin = files.kpis[name]
        if name in files.targets or (kpi.targets and not origin.is_shipped):
            first = files.targets.get(name, origin).where("targets")
            files.findings.append(finding("target-two-places", rows.where(), kpi=name, first=first))
            continue
        files.kpis[name] = (kpi.model_copy(update={"targets": tuple(rows.targets)}), origin)
        files.targets[name] = rows
