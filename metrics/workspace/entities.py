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
    references: str | None = None
    """Entity whose source numbers this id; a column without it is no id."""
    pii: bool = False


class Fact(BaseModel):
    """The table that keeps an entity's rows, and its main amount in the workspace's currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    amount: str | None = None


class Counted(BaseModel):
    """The daily metric table that counts a fact: SQL over it, and which rows of the fact it leaves out, by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    rows: str | None = None
    amount: str | None = None
    not_counted: dict[str, str] = {}


class Reconcile(BaseModel):
    """What mart.reconciliation compares; ``amount`` is the entity's main total, in the row's own currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: str | None = None
    fact: Fact | None = None
    metric: Counted | None = None


class Entity(BaseModel):
    """A canonical entity: an event (decided by its business date) or a reference."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Literal["event", "reference"]
    domain: Literal["marketing", "sales", "support"]
    grain: str
    key: tuple[str, ...]
    business_date: str | None = None
    reconcile: Reconcile = Reconcile()
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
