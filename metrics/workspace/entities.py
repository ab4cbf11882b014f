"""The canonical entities (dbt_project/entities.yml): the names that a workspace maps its own tables onto."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from metrics.workspace.yaml_lines import load_yaml

ENTITIES_FILE = Path(__file__).resolve().parents[2] / "dbt_project" / "entities.yml"

ColumnType = Literal["text", "integer", "decimal", "double", "boolean", "date", "timestamp"]


class EntityColumn(BaseModel):
    """One column of an entity; without ``required`` it may be left unmapped and is then NULL or its ``default``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ColumnType
    description: str
    required: bool = False
    default: str | int | float | bool | None = None
    pii: bool = False


class Entity(BaseModel):
    """A canonical entity: an event (decided by its business date) or a reference."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Literal["event", "reference"]
    domain: Literal["marketing", "sales", "support"]
    grain: str
    key: tuple[str, ...]
    business_date: str | None = None
    columns: dict[str, EntityColumn] = Field(min_length=1)

    @property
    def required(self) -> list[str]:
        """Names of the columns that a mapping has to give."""
        return [name for name, column in self.columns.items() if column.required]


@cache
def load_entities(file: Path = ENTITIES_FILE) -> dict[str, Entity]:
    """Return the entities by name, in the order of the file."""
    entities: dict[str, Any] = load_yaml(file).value["entities"]
    return {name: Entity(name=name, **body) for name, body in entities.items()}
