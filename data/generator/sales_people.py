"""What the sales people do and are asked for: activities on leads and deals, monthly quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from data.generator.company import SALES_PEOPLE
from data.generator.frames import World, instant, nullable, on_date, rows_of_counts
from data.generator.randomness import Ints

if TYPE_CHECKING:
    from data.generator.crm import Leads

DAY = 86_400


def owner_columns(owner: Ints) -> dict[str, np.ndarray]:
    """Name and team of the sales people with these positions."""
    return {
        "owner_name": np.array([name for name, _ in SALES_PEOPLE])[owner],
        "team_name": np.array([team for _, team in SALES_PEOPLE])[owner],
    }


def activity_table(world: World, leads: Leads) -> pd.DataFrame:
    """Calls, e-mails and meetings while a lead is worked on and a deal is open."""
    stream = world.stream("activities")
    worked = leads.is_qualified
    count = stream.poisson("count", np.where(worked, 1.6, 0.3) + 7.5 * leads.has_deal, leads.lead_id)
    row, number = rows_of_counts(count)
    key = (leads.lead_id[row], number)
    from_ = np.where(leads.has_deal, leads.accepted, leads.created)[row]
    until = np.where(leads.has_deal, leads.stage_at[3], leads.created + 6 * DAY)[row]
    at = (from_ + stream.uniform("when", *key) * (until - from_)).astype(np.int64)
    at = world.calendar.after_office_minutes(at, stream.integers("office", 1, 400, *key).astype(float))
    kind = stream.choice("kind", (0.42, 0.43, 0.15), *key)
    day = world.calendar.day_of_utc(at)
    frame = pd.DataFrame(
        {
            "activity_id": leads.lead_id[row] * 100 + number,
            "activity_type": np.array(["call", "email", "meeting"])[kind],
            "lead_id": leads.lead_id[row],
            "opportunity_id": nullable(leads.lead_id[row] + 7_000_000, leads.has_deal[row]),
            **owner_columns(leads.owner[row]),
            "occurred_at": instant(at),
            "duration_minutes": nullable(stream.integers("minutes", 3, 55, *key), kind != 1),
            "updated_at": instant(at),
            "_day": day,
            "_seen_on": day,
        }
    )
    return frame[at < world.end_utc].sort_values(["_day", "activity_id"], kind="stable")


def quota_table(world: World) -> pd.DataFrame:
    """One row per month and sales person, set when the month begins."""
    month = world.calendar.month[: world.days]
    first = np.flatnonzero(np.concatenate([[True], month[1:] != month[:-1]]))
    day, person = np.repeat(first, len(SALES_PEOPLE)), np.tile(np.arange(len(SALES_PEOPLE)), len(first))
    base = np.array([2600, 2600, 2400, 3200, 3200, 3000, 3400, 3000])[person] * world.desk_scale
    return pd.DataFrame(
        {
            "quota_id": day * 100 + person,
            "month_start": on_date(day),
            **owner_columns(person),
            "quota_amount": (base * (1 + 0.01 * np.round(day / 30.4))).round(-1),
            "currency_code": "EUR",
            "updated_at": instant(world.calendar.starts_utc[day] + 8 * 3600),
            "_day": day,
            "_seen_on": day,
        }
    )
