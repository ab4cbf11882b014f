"""A vendor's own totals in workspace.yml, and their periods: 2026, 2026-Q2, 2026-05 or 2026-05-31."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from metrics.workspace.parts import Part

_PERIOD = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-\d\d)?|-Q[1-4])?")


def period_days(period: str) -> tuple[dt.date, dt.date]:
    """First and last day of a period. Raises ValueError for a text that names none."""
    if not _PERIOD.fullmatch(period):
        raise ValueError(period)
    if len(period) == len("2026-05-31"):
        day = dt.date.fromisoformat(period)
        return day, day
    year, _, part = period.partition("-")
    if not part:
        return dt.date(int(year), 1, 1), dt.date(int(year), 12, 31)
    first, months = (int(part[1]) * 3 - 2, 3) if part.startswith("Q") else (int(part), 1)
    after = int(year) * 12 + first - 1 + months
    return dt.date(int(year), first, 1), dt.date(after // 12, after % 12 + 1, 1) - dt.timedelta(days=1)


def _known_period(value: Any) -> Any:
    # YAML reads 2026 as a number and 2026-05-31 as a date.
    try:
        period_days(str(value))
    except ValueError as error:
        raise PydanticCustomError("period", "should be a period such as 2026, 2026-Q2, 2026-05 or 2026-05-31") from error
    return str(value)


Period = Annotated[str, BeforeValidator(_known_period)]


class ControlTotal(Part):
    """The vendor's own total of an entity: of one period, or of the periods of a CSV file (period, rows, amount)."""

    period: Period | None = Field(default=None, description="2026, 2026-Q2, 2026-05 or 2026-05-31, in local days")
    rows: int | None = Field(default=None, ge=0)
    amount: Decimal | None = None
    file: str | None = Field(
        default=None, description="CSV with the columns period, rows, amount; relative to the workspace"
    )
    currency: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{3}$",
        description="Only rows of this currency, in it; default: all, in the workspace's",
    )
    tolerance: Decimal = Field(
        default=Decimal(0), ge=0, le=1, description="Share of the vendor's figure: 0.005 is half a percent"
    )
