"""The key ``small_cells:`` of workspace.yml: which segment values readers do not get because too few persons are in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

from pydantic import Field

from metrics.workspace.parts import Name, Part


class Named(Protocol):
    """A name of a query or a filter: ``links`` are the entities on the way to ``element``."""

    @property
    def links(self) -> tuple[str, ...]: ...

    @property
    def element(self) -> str: ...


class SmallCells(Part):
    """Segments of ``dimensions`` are published at one grain, and only where at least ``least`` persons are in them."""

    least: int = Field(default=5, ge=2, description="Fewer persons than this in a segment and period: the value is withheld")
    dimensions: tuple[Name, ...] = Field(min_length=1, description="Segments that could show a person, such as country")
    grain: Literal["day", "week", "month", "quarter"] = Field(
        default="month",
        description="The one grain at which these segments are published: a day follows from its week and the other six",
    )
    person: Name = Field(
        default="customer", description="Entity that is a person; facts that do not have it are counted by their rows"
    )

    def guarded(self, names: Iterable[Named]) -> list[str]:
        """The guarded dimensions, or the person, among these names."""
        known = list(names)
        words = {word for name in known for word in (*name.links, name.element)}
        # A property of the person (customer__segment) is no person.
        person = [self.person] if self.person in {name.element for name in known} else []
        return [*(name for name in self.dimensions if name in words), *person]
