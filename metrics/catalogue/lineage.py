"""Which entities a metric reads and which it needs, from dbt's lineage: metric -> model -> stg_mapped__<entity>.

*reads*: every entity upstream, also those that only lend a dimension (an order's visit lends its channel).
*needs*: the entities that the metric's own facts are made of. A metric is connected when all of these are mapped. They
are, for each of its semantic models, the first of: ``meta.entities`` of the semantic model or of its dbt model; the
entity in the model's name (``fct_<entity>``, ``fct_<entity>_daily``); every event entity upstream.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metrics.catalogue.definitions import MetricDefinition, read_definitions
from metrics.errors import CatalogueError

STAGING_PREFIX = "stg_mapped__"
Json = Mapping[str, Any]


@dataclass(frozen=True)
class MetricLineage:
    """One metric's definition, the entities behind it, and the dbt models that its measures are columns of (``tables``)."""

    definition: MetricDefinition
    reads: frozenset[str]
    needs: frozenset[str]
    tables: frozenset[str] = frozenset()


Lineage = Mapping[str, MetricLineage]


def read_lineage(manifest_path: Path, events: Collection[str] | None = None) -> dict[str, MetricLineage]:
    """Read definitions and entities of every metric from ``target/manifest.json``.

    ``events`` are the names of the event entities; without it they come from dbt_project/entities.yml.
    """
    if not manifest_path.exists():
        raise CatalogueError(f"{manifest_path.name} is missing in {manifest_path.parent.name}/. Run `kpi run` to build it.")
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    known_events = frozenset(events) if events is not None else _event_entities()
    models = {
        model["name"]: _model_entities(manifest, model, known_events) for model in manifest["semantic_models"].values()
    }
    tables = {model["name"]: _dbt_models(model) for model in manifest["semantic_models"].values()}
    nothing: frozenset[str] = frozenset()
    return {
        name: MetricLineage(
            definition=definition,
            reads=nothing.union(*(models[model][0] for model in definition.models)),
            needs=nothing.union(*(models[model][1] for model in definition.models)),
            tables=nothing.union(*(tables[model] for model in definition.models)),
        )
        for name, definition in read_definitions(manifest).items()
    }


def metric_entities(manifest_path: Path) -> dict[str, set[str]]:
    """Every entity that each metric reads, directly or for a dimension."""
    return {name: set(found.reads) for name, found in read_lineage(manifest_path, events=()).items()}


def _event_entities() -> frozenset[str]:
    from metrics.workspace import load_entities

    return frozenset(name for name, entity in load_entities().items() if entity.kind == "event")


def _dbt_models(model: Json) -> frozenset[str]:
    """Names of the dbt models that a semantic model is written over."""
    return frozenset(node.split(".")[-1] for node in model["depends_on"]["nodes"] if node.startswith("model."))


def _model_entities(manifest: Json, model: Json, events: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """(reads, needs) of one semantic model."""
    nodes = [node for node in model["depends_on"]["nodes"] if node.startswith("model.")]
    reads = _upstream_entities(manifest, nodes)
    declared = _declared_entities(model)
    for node in nodes:
        declared |= _declared_entities(manifest["nodes"][node])
    if declared:
        return reads | declared, declared
    named = frozenset(entity for node in nodes if (entity := _entity_in_name(node.split(".")[-1])) in reads)
    return reads, named or (reads & events)


def _declared_entities(node: Json) -> frozenset[str]:
    config = node.get("config") or {}
    meta = {**(node.get("meta") or {}), **(config.get("meta") or {})}
    return frozenset(meta.get("entities") or ())


def _entity_in_name(model: str) -> str:
    return model.removeprefix("fct_").removesuffix("_daily")


def _upstream_entities(manifest: Json, nodes: list[str]) -> frozenset[str]:
    parents: Mapping[str, list[str]] = manifest["parent_map"]
    waiting, seen, entities = list(nodes), set(nodes), set()
    while waiting:
        node = waiting.pop()
        name = node.split(".")[-1]
        if name.startswith(STAGING_PREFIX):
            entities.add(name.removeprefix(STAGING_PREFIX))
            continue
        for parent in parents.get(node, []):
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return frozenset(entities)
