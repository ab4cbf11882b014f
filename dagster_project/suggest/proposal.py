"""What is proposed: sources, tables, entities, columns, each with a confidence and the reasons. Plain data, no values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from metrics.workspace import ReadOptions

Confidence = Literal["high", "medium", "low"]


@dataclass(frozen=True)
class ColumnProposal:
    """One canonical column: ``expression`` goes into the mapping, ``raw`` names the columns (``table.column``) it reads."""

    column: str
    expression: str | int | bool
    score: float
    reasons: tuple[str, ...]
    raw: tuple[str, ...] = ()

    @property
    def confidence(self) -> Confidence:
        return "high" if self.score >= 0.8 else "medium" if self.score >= 0.6 else "low"

    @property
    def reason(self) -> str:
        return "; ".join(self.reasons)


@dataclass
class JoinProposal:
    """A table that a query joins for columns the main table lacks.

    ``repeated`` names the columns to take from it where its key repeats: then one row of each key is joined.
    """

    table: str
    left_column: str
    right_column: str
    reason: str
    repeated: list[str] = field(default_factory=list)


@dataclass
class EntityProposal:
    """How a table fills an entity. ``missing`` = required columns for which nothing was found: then it is only a comment."""

    entity: str
    table: str
    score: float
    columns: dict[str, ColumnProposal]
    missing: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """Why the raw column that is called as a missing one is not taken."""
    latest_by: str | None = None
    joins: list[JoinProposal] = field(default_factory=list)
    is_grouped: bool = False
    """Several rows make one of the entity: key columns are grouped by, amounts added up."""
    taken_once: set[str] = field(default_factory=set)
    """Numbers that stand in every row of a key again, so that one of them is the whole."""
    where: str | None = None
    """Condition of the rows that count."""
    whole_query: list[str] = field(default_factory=list)
    """Lines of a query that is more than one SELECT; ``columns`` then only says where its columns come from."""
    notes: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return not self.missing

    @property
    def lacks(self) -> str:
        """The missing columns, each with the reason why the one that is called so is not taken."""
        return in_words(self.missing, self.refused)

    @property
    def needs_query(self) -> bool:
        return self.is_grouped or bool(self.joins or self.where or self.whole_query)

    @property
    def confidence(self) -> Confidence:
        scores = [column.score for column in self.columns.values()]
        lowest = min([self.score + 0.2, *scores]) if scores else 0.0
        return "high" if lowest >= 0.7 else "medium" if lowest >= 0.5 else "low"


def in_words(missing: list[str], refused: dict[str, str]) -> str:
    """``gross_amount (total: 9 of 9 values are ...), ordered_at``."""
    return ", ".join(f"{name} ({refused[name]})" if name in refused else name for name in missing)


@dataclass
class TableProposal:
    """One raw table: its files, how they are read, and which of its columns the mappings leave out."""

    name: str
    files: str
    read: ReadOptions
    rows: int
    columns: int
    notes: list[str] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)


@dataclass
class SourceProposal:
    """One source of a workspace: the tables of one folder that serve one domain."""

    name: str
    folder: str
    domain: str
    timezone: str
    tables: list[TableProposal]
    entities: list[EntityProposal]
    closes_entity: str | None = None
    settles_after_days: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    """Comments by key: domain, timezone, closes, settles_after."""

    @property
    def complete(self) -> list[EntityProposal]:
        return [entity for entity in self.entities if entity.is_complete]


@dataclass
class Proposal:
    """Everything that was found. ``settings`` are proposed keys of a new workspace with (value, comment)."""

    sources: list[SourceProposal]
    incomplete: list[EntityProposal]
    """Entities that a table looks like, but that lack a required column."""
    settings: dict[str, tuple[Any, str]]
    unused_tables: dict[str, str]
    """Tables that fill nothing, with the reason."""
    left_out: list[str]

    @property
    def entities(self) -> list[EntityProposal]:
        return [entity for source in self.sources for entity in source.complete]
