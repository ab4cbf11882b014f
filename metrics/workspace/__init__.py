"""A workspace: one company's workspace.yml, the mapping of its tables onto the entities, its clock and lock."""

from metrics.workspace.checks import workspace_warnings
from metrics.workspace.clock import Clock, machine_now
from metrics.workspace.entities import Entity, EntityColumn, load_entities
from metrics.workspace.loading import load_workspace
from metrics.workspace.lock import workspace_lock
from metrics.workspace.mapping import mapping_vars
from metrics.workspace.model import Closes, EntityMapping, ReadOptions, Source, Table, Workspace
from metrics.workspace.promotions import Promotion

__all__ = [
    "Clock",
    "Closes",
    "Entity",
    "EntityColumn",
    "EntityMapping",
    "Promotion",
    "ReadOptions",
    "Source",
    "Table",
    "Workspace",
    "load_entities",
    "load_workspace",
    "machine_now",
    "mapping_vars",
    "workspace_lock",
    "workspace_warnings",
]
