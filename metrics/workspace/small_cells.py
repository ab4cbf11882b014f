"""The key ``small_cells:`` of workspace.yml: which segment values readers do not get because too few persons are in them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from metrics.workspace.parts import Name, Part


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
