"""What a run computes: the metrics of the workspace's manifest and the KPIs of its files, read together."""

from __future__ import annotations

from dataclasses import dataclass

from dagster_project import dbt_runner
from metrics.catalogue import Catalogue, Lineage, load_catalogue, read_lineage
from metrics.semantic import SemanticLayer
from metrics.workspace import Workspace


@dataclass(frozen=True)
class KpiDefinitions:
    """The compiled semantic layer, where each metric comes from, and the catalogue checked against both."""

    layer: SemanticLayer
    lineage: Lineage
    catalogue: Catalogue


def load_definitions(ws: Workspace) -> KpiDefinitions:
    """Read the definitions of a workspace whose manifest is current. Raises CatalogueError for a KPI file with a mistake."""
    layer = SemanticLayer.from_manifest(dbt_runner.semantic_manifest_path(ws))
    lineage = read_lineage(dbt_runner.manifest_path(ws))
    return KpiDefinitions(layer, lineage, load_catalogue(ws, layer, lineage))
