"""The service desk: tickets, replies, shifts of the agents, and the surveys that customers and staff answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.generator import incidents
from data.generator.company import AGENTS
from data.generator.frames import World, days_late, instant, nullable, on_date, rows_of_counts
from data.generator.randomness import Bools, Floats, Ints

TICKETS_PER_DAY = 8.2  # at scale 1
MEDIAN_RESPONSE = 95.0  # office minutes
TEST_SHARE = 0.006
MOST_REPLIES = 6
_CHANNELS = ("email", "native_messaging", "voice", "web")
_PRIORITIES = ("low", "normal", "high", "urgent")
_SUBJECTS = (
    "Where is my order",
    "Wrong item",
    "Change my subscription",
    "Question about a product",
    "Refund",
    "Invoice",
)
_TEAM_OF_SUBJECT = ("Orders", "Orders", "Subscriptions", "Products", "Orders", "Orders")


@dataclass(frozen=True)
class Tickets:
    """Tickets with the plan of their whole life; times in UTC seconds."""

    day: Ints
    ident: Ints
    created: Ints
    customer: Ints
    channel: Ints
    priority: Ints
    subject: Ints
    agent: Ints
    is_test: Bools
    is_answered: Bools
    response_shift: Floats  # log response time against the usual for its channel and priority
    response_minutes: Floats  # office minutes to the first answer of an agent
    agent_replies: list[Ints]  # time of the n-th agent reply; the reopening's reply is the last
    reply_count: Ints  # agent replies before the first solution
    solved: Ints
    is_reopened: Bools
    reopened: Ints
    solved_again: Ints


def _arrivals(world: World) -> tuple[Ints, Ints]:
    """Day and id of every ticket, in the order of arrival."""
    stream, calendar = world.stream("tickets"), world.calendar
    weekday = np.array([1.34, 1.18, 1.08, 1.04, 0.98, 0.70, 0.68])[calendar.weekday]
    mean = TICKETS_PER_DAY * world.desk_scale * weekday * (0.85 + 0.30 * calendar.days / 730) * incidents.factor("tickets")
    mean = mean * np.where(calendar.is_holiday, 0.6, 1.0) * (1.0 + 0.8 * np.roll(calendar.discount_share, 3))
    days = np.arange(world.days)
    day, number = rows_of_counts(stream.poisson("arrivals", mean[: world.days], days))
    ident = 300_000 + day * 1000 + number
    order = np.lexsort((stream.uniform("time", ident), day))
    return day[order], ident[order]


def simulate_tickets(world: World, customers: pd.DataFrame) -> Tickets:
    stream, calendar = world.stream("tickets"), world.calendar
    day, ident = _arrivals(world)
    created = calendar.at_utc(day, (7 + 15.5 * stream.uniform("time", ident)) * 3600)
    channel = stream.choice("channel", (0.46, 0.24, 0.12, 0.18), ident)
    priority = stream.choice("priority", (0.2, 0.55, 0.19, 0.06), ident)
    subject = stream.choice("subject", (0.3, 0.13, 0.17, 0.18, 0.12, 0.1), ident)
    slow = np.log(incidents.factor("response"))[day] + world.drivers.response(day // 7)
    shift = slow + 0.75 * stream.normal("response", ident)
    usual = MEDIAN_RESPONSE * np.array([1.0, 0.35, 0.5, 1.1])[channel] * np.array([1.3, 1.0, 0.7, 0.45])[priority]
    minutes = usual * np.exp(shift)
    replies = [calendar.after_office_minutes(created, minutes)]
    for step in range(1, MOST_REPLIES):
        replies.append(calendar.after_office_minutes(replies[-1], stream.lognormal(f"reply{step}", 260, 0.9, ident)))
    count = 1 + np.minimum(stream.poisson("rounds", np.array([0.7, 0.35, 0.15, 0.8])[channel], ident), MOST_REPLIES - 2)
    solved = np.stack(replies, axis=1)[np.arange(len(ident)), count - 1] + stream.integers("close", 20, 1800, ident)
    reopened = solved + stream.integers("reopen_after", 3600, 4 * 86_400, ident)
    again = calendar.after_office_minutes(reopened, stream.lognormal("again", 320, 0.7, ident))
    known = customers["_day"].to_numpy()
    pool = np.searchsorted(known, day, side="left").clip(1)
    customer = customers["id"].to_numpy()[stream.integers("customer", 0, pool, ident)]
    return Tickets(
        day,
        ident,
        created,
        customer,
        channel,
        priority,
        subject,
        _agents(world, subject, ident),
        stream.chance("test", TEST_SHARE, ident),
        stream.chance("answered", 0.985, ident),
        shift,
        minutes,
        replies,
        count,
        solved,
        stream.chance("reopens", 0.075, ident),
        reopened,
        again,
    )


def _agents(world: World, subject: Ints, ident: Ints) -> Ints:
    stream = world.stream("ticket_agents")
    agent = np.zeros(len(ident), dtype=np.int64)
    for number, team in enumerate(_TEAM_OF_SUBJECT):
        members = np.array([position for position, (_, name) in enumerate(AGENTS) if name == team])
        chosen = members[stream.integers(f"of_{team}", 0, len(members), ident)]
        agent = np.where(subject == number, chosen, agent)
    return agent


def ticket_table(world: World, tickets: Tickets) -> pd.DataFrame:
    """The event export: a ticket as it stood on the last day, for some also as it stood when it was opened."""
    end = world.end_utc
    is_solved = tickets.is_answered & (tickets.solved < end)
    is_open_again = is_solved & tickets.is_reopened & (tickets.reopened < end)
    is_solved_again = is_open_again & (tickets.solved_again < end)
    solved = np.where(is_solved_again, tickets.solved_again, tickets.solved)
    known = is_solved & (~is_open_again | is_solved_again)
    replied = tickets.is_answered & (tickets.agent_replies[0] < end)
    updated = np.where(is_open_again & ~is_solved_again, tickets.reopened, np.where(known, solved, tickets.created))
    updated = np.where(replied & ~is_solved, tickets.agent_replies[0], updated)
    stream = world.stream("ticket_export")
    subject = np.array(_SUBJECTS, dtype=object)[tickets.subject]
    frame = pd.DataFrame(
        {
            "id": tickets.ident,
            "created_at": instant(tickets.created),
            "updated_at": instant(updated),
            "subject": np.where(tickets.is_test, "TEST " + subject, subject),
            "via_channel": np.array(_CHANNELS)[tickets.channel],
            "priority": np.array(_PRIORITIES)[tickets.priority],
            "status": np.where(known, "solved", np.where(replied, "pending", "open")),
            "group_name": np.array(_TEAM_OF_SUBJECT)[tickets.subject],
            "assignee_name": np.array([name for name, _ in AGENTS])[tickets.agent],
            "requester_external_id": tickets.customer,
            "reopens": is_open_again.astype(np.int64),
            "solved_at": instant(solved, known=known),
            "_day": tickets.day,
            "_seen_on": tickets.day + days_late(stream, (0.008, 0.002), tickets.ident),
        }
    )
    opened = frame[stream.chance("repeated", 0.035, tickets.ident)].copy()
    opened = opened.assign(updated_at=opened["created_at"], status="open", reopens=0, solved_at=pd.NaT)
    both = pd.concat([opened, frame]).astype({"solved_at": "datetime64[s]"})
    return both.sort_values(["_day", "id"], kind="stable")


def reply_table(world: World, tickets: Tickets, ticket_rows: pd.DataFrame) -> pd.DataFrame:
    """Replies of agents, bots and customers; private notes of agents; some rows twice."""
    stream = world.stream("replies")
    count = len(tickets.ident)
    parts: list[tuple[np.ndarray, Ints, str, bool, Bools]] = []  # slot, time, author, public, exists
    chat = np.isin(tickets.channel, (1, 3))
    parts.append((np.full(count, 0), tickets.created + 45, "automation", True, chat))
    note = tickets.created + (tickets.agent_replies[0] - tickets.created) // 2
    parts.append((np.full(count, 1), note, "agent", False, tickets.is_answered & stream.chance("note", 0.12, tickets.ident)))
    for step, at in enumerate(tickets.agent_replies):
        exists = tickets.is_answered & (step < tickets.reply_count)
        parts.append((np.full(count, 10 + 2 * step), at, "agent", True, exists))
        if step:
            asked = tickets.agent_replies[step - 1] + (at - tickets.agent_replies[step - 1]) // 3
            parts.append((np.full(count, 9 + 2 * step), asked, "end_user", True, exists))
    reopens = tickets.is_answered & tickets.is_reopened
    parts.append((np.full(count, 40), tickets.reopened, "end_user", True, reopens))
    parts.append((np.full(count, 41), tickets.solved_again - 15, "agent", True, reopens))
    seen = ticket_rows.drop_duplicates("id").set_index("id")["_seen_on"].reindex(tickets.ident).to_numpy()
    tables = []
    for slot, at, author, public, exists in parts:
        rows = np.flatnonzero(exists & (at < world.end_utc))
        day = world.calendar.day_of_utc(at[rows])
        tables.append(
            pd.DataFrame(
                {
                    "id": tickets.ident[rows] * 100 + slot[rows],
                    "ticket_id": tickets.ident[rows],
                    "created_at": instant(at[rows]),
                    "author_role": author,
                    "public": public,
                    "_day": day,
                    "_seen_on": np.maximum(day, seen[rows]),
                }
            )
        )
    frame = pd.concat(tables).sort_values(["_day", "created_at", "id"], kind="stable")
    twice = frame[stream.chance("twice", 0.008, frame["id"])]
    return pd.concat([frame, twice]).sort_values(["_day", "created_at", "id"], kind="stable")


def shift_table(world: World) -> pd.DataFrame:
    """Who worked when. In weeks with a high response shock fewer agents are on shift."""
    stream, calendar = world.stream("shifts"), world.calendar
    day, agent = np.divmod(np.arange(world.days * len(AGENTS)), len(AGENTS))
    present = 0.62 * np.exp(-0.6 * world.drivers.response(day // 7)) / np.sqrt(incidents.factor("response")[day])
    works = calendar.is_workday[day] & stream.chance("works", np.clip(present, 0.15, 0.95), day, agent)
    day, agent = day[works], agent[works]
    begin = calendar.starts_utc[day] + np.where(stream.chance("early", 0.6, day, agent), 9, 11) * 3600
    return pd.DataFrame(
        {
            "shift_date": on_date(day),
            "agent_name": np.array([name for name, _ in AGENTS])[agent],
            "team": np.array([team for _, team in AGENTS])[agent],
            "starts_at": instant(begin),
            "ends_at": instant(begin + 7 * 3600),
            "break_minutes": nullable(np.full(len(day), 30), np.ones(len(day), dtype=bool)),
            "_day": day,
            "_seen_on": day,
        }
    )


def support_tables(world: World, tickets: Tickets) -> dict[str, pd.DataFrame]:
    """All tables of the service desk by name."""
    rows = ticket_table(world, tickets)
    return {"tickets": rows, "ticket_replies": reply_table(world, tickets, rows), "agent_shifts": shift_table(world)}
