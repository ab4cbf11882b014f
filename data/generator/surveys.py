"""What customers, a panel and the staff answer: satisfaction after a ticket, recommendation, brand recall, work."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.generator import incidents
from data.generator.company import COUNTRIES, COUNTRY_CODES, OFFICE_TEAMS
from data.generator.drivers import RESPONSE_TO_CSAT
from data.generator.frames import World, instant, rows_of_counts
from data.generator.randomness import Bools, Ints
from data.generator.support import Tickets

NPS_PER_DAY = 14.0  # invitations at scale 1
PANEL_SIZE, PANEL_RECALL = 240, 0.27
OWN_RESPONSE_TO_CSAT = -0.05
_COUNTRY_SHARES = [each.share for each in COUNTRIES]


def _answered(world: World, name: str, sent: Ints, share: float, mean_hours: float, key: Ints) -> tuple[Ints, Bools]:
    stream = world.stream(name)
    answered = sent + 60 + stream.exponential("delay", mean_hours * 3600, key).astype(np.int64)
    return answered, stream.chance("answers", share, key) & (answered < world.end_utc)


def csat_table(world: World, tickets: Tickets) -> pd.DataFrame:
    """An invitation an hour after a ticket is first solved. Slow answers and slow weeks make good ratings rarer."""
    stream = world.stream("csat")
    sent = tickets.solved + 3600
    rows = np.flatnonzero(tickets.is_answered & ~tickets.is_test & (sent < world.end_utc))
    key, sent = tickets.ident[rows], sent[rows]
    day = world.calendar.day_of_utc(sent)
    week = world.drivers.response(day // 7)
    own = tickets.response_shift[rows] - world.drivers.response(tickets.day[rows] // 7)
    good = 0.80 + RESPONSE_TO_CSAT * week + OWN_RESPONSE_TO_CSAT * own
    good = np.clip(good, 0.05, 0.98) * incidents.factor("csat")[day]
    is_good = stream.chance("good", good, key)
    high = np.where(stream.chance("five", 0.62, key), 5, 4)
    low = 1 + stream.choice("low", (0.25, 0.25, 0.5), key)
    answered, known = _answered(world, "csat", sent, 0.42, 9.0, key)
    frame = pd.DataFrame(
        {
            "invitation_id": np.char.add("cs", key.astype(str)),
            "ticket_id": key,
            "customer_id": tickets.customer[rows],
            "sent_at": instant(sent),
            "answered_at": instant(answered, known=known),
            "satisfaction": pd.Series(pd.array(np.where(is_good, high, low), dtype="Int64")).mask(~known),
            "_day": day,
            "_seen_on": day,
        }
    )
    return frame.sort_values(["sent_at", "invitation_id"], kind="stable")


def nps_table(world: World, customers: pd.DataFrame) -> pd.DataFrame:
    """A German survey tool's export: its own words, semicolons, day.month.year."""
    stream, calendar = world.stream("nps"), world.calendar
    mean = np.maximum(NPS_PER_DAY * world.desk_scale, 2.0) * np.where(calendar.is_workday[: world.days], 1.15, 0.5)
    day, number = rows_of_counts(stream.poisson("sent", mean, np.arange(world.days)))
    ident = day * 10_000 + number
    pool = np.searchsorted(customers["_day"].to_numpy(), day, side="left").clip(1)
    person = customers.iloc[stream.integers("customer", 0, pool, ident)].reset_index(drop=True)
    sent = calendar.at_utc(day, (10 + 6 * stream.uniform("time", ident)) * 3600)
    answered, known = _answered(world, "nps", sent, 0.31, 14.0, ident)
    feeling = 8.2 + 0.5 * day / 730 + 2.1 * stream.normal("feeling", ident)
    score = np.clip(np.rint(feeling), 0, 10).astype(np.int64)
    return pd.DataFrame(
        {
            "teilnehmer_nr": np.char.add("N", ident.astype(str)),
            "kunde": person["id"],
            "land": person["default_country"],
            "versendet": instant(sent).dt.strftime("%d.%m.%Y %H:%M:%S"),
            "beantwortet": instant(answered, known=known).dt.strftime("%d.%m.%Y %H:%M:%S"),
            "wert": pd.Series(pd.array(score, dtype="Int64")).mask(~known),
            "_day": day,
            "_seen_on": day,
        }
    )


def brand_recall_table(world: World) -> pd.DataFrame:
    """A panel is asked on the first Tuesday of each month."""
    stream, calendar = world.stream("brand_recall"), world.calendar
    days = np.arange(world.days)
    tuesday = (calendar.weekday[days] == 1) & (np.array([int(str(day)[8:]) for day in calendar.dates[days]]) <= 7)
    size = max(30, round(PANEL_SIZE * world.desk_scale))
    day, number = rows_of_counts(np.where(tuesday, size, 0))
    ident = day * 100_000 + number
    sent = calendar.at_utc(day, (9 + 2 * stream.uniform("time", ident)) * 3600)
    answered, known = _answered(world, "brand_recall", sent, 0.78, 20.0, ident)
    recalls = stream.chance("recalls", PANEL_RECALL + 0.05 * day / 730, ident)
    return pd.DataFrame(
        {
            "panel_member_id": np.char.add("P", ident.astype(str)),
            "country_code": np.array(COUNTRY_CODES)[stream.choice("country", _COUNTRY_SHARES, ident)],
            "asked_at": instant(sent),
            "answered_at": instant(answered, known=known),
            "recalls_brand": pd.Series(pd.array(recalls, dtype="boolean")).mask(~known),
            "_day": day,
            "_seen_on": day,
        }
    )


def employee_table(world: World) -> pd.DataFrame:
    """All staff are asked in the second week of each quarter."""
    stream, calendar = world.stream("employees"), world.calendar
    days = np.arange(world.days)
    month, in_month = calendar.month[days] % 100, np.array([int(str(day)[8:]) for day in calendar.dates[days]])
    asked = (month % 3 == 1) & (calendar.weekday[days] == 2) & (in_month > 7) & (in_month <= 14)
    team_sizes = np.array([size for _, size in OFFICE_TEAMS])
    day, number = rows_of_counts(np.where(asked, team_sizes.sum(), 0))
    ident = day * 1000 + number
    team = np.searchsorted(np.cumsum(team_sizes), number, side="right")
    sent = calendar.at_utc(day, np.full(len(day), 9 * 3600))
    answered, known = _answered(world, "employees", sent, 0.74, 40.0, ident)
    score = np.clip(np.rint(3.9 + 0.9 * stream.normal("score", ident)), 1, 5).astype(np.int64)
    return pd.DataFrame(
        {
            "questionnaire_id": np.char.add("E", ident.astype(str)),
            "team": np.array([name for name, _ in OFFICE_TEAMS])[team],
            "office_country": "DE",
            "sent_at": instant(sent),
            "answered_at": instant(answered, known=known),
            "satisfaction": pd.Series(pd.array(score, dtype="Int64")).mask(~known),
            "_day": day,
            "_seen_on": day,
        }
    )


def survey_tables(world: World, tickets: Tickets, customers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """All surveys by name."""
    return {
        "csat": csat_table(world, tickets),
        "nps": nps_table(world, customers),
        "brand_recall": brand_recall_table(world),
        "employees": employee_table(world),
    }
