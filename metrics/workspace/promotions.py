"""Promotions: what the company did from one day to another, so that a reader of a number knows why it moved."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from metrics.errors import WorkspaceError
from metrics.workspace.parts import Part
from metrics.workspace.sheets import parsed_row, read_sheet

COLUMNS = ("promotion", "from", "to", "channel", "description")


class Promotion(Part):
    """One promotion. Both days belong to it."""

    promotion: str = Field(min_length=1, description="Its name")
    from_: dt.date = Field(alias="from", description="First day")
    to: dt.date = Field(description="Last day")
    channel: str | None = Field(default=None, description="Channel it is limited to")
    description: str | None = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Promotion:
        if self.to < self.from_:
            message = "ends on {to}, before it starts on {start}"
            raise PydanticCustomError("dates", message, {"to": str(self.to), "start": str(self.from_)})
        return self


def read_promotions(root: Path, file: str | None) -> tuple[Promotion, ...]:
    """Return the promotions of a table below ``root``. Raises WorkspaceError with file and line."""
    if file is None:
        return ()
    found: list[tuple[Promotion, str]] = []
    for row in read_sheet(root / file, COLUMNS, ("promotion", "from", "to"), dates=("from", "to"), shown=file):
        promotion = parsed_row(row, Promotion)
        for earlier, where in found:
            same = (earlier.promotion, earlier.channel) == (promotion.promotion, promotion.channel)
            if same and earlier.from_ <= promotion.to and promotion.from_ <= earlier.to:
                raise WorkspaceError(f"{row.where}: '{promotion.promotion}' overlaps itself at {where}. Join the two rows.")
        found.append((promotion, row.where))
    return tuple(promotion for promotion, _ in found)
