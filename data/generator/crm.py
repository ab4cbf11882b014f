"""The sales team's CRM: leads, opportunities with their stages, activities, quotas.

The whole life of a lead is planned when it arrives; the export shows what had happened by the last day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.generator.company import CAMPAIGNS, COUNTRIES, COUNTRY_CODES
from data.generator.customers import mail_addresses
from data.generator.frames import World, instant, nullable, rows_of_counts
from data.generator.randomness import Bools, Floats, Ints
from data.generator.sales_people import activity_table, owner_columns, quota_table

LEADS_PER_DAY = 6.0  # at scale 1
DAY = 86_400
TEST_DOMAIN = "juniper-finch.test"
_SOURCES = (  # lead source as the CRM writes it, source, medium, share, quality
    ("Paid Social", "facebook", "paid_social", 0.26, 0.75),
    ("Paid Search", "google", "cpc", 0.24, 1.05),
    ("Organic Search", "google", "organic", 0.20, 1.15),
    ("Email", "newsletter", "email", 0.09, 1.20),
    ("Referral", "partner.example.org", "referral", 0.09, 1.35),
    ("Direct", "(direct)", "(none)", 0.12, 1.05),
)
STAGES = ("Discovery", "Proposal", "Negotiation")
_FAULTS = ("none", "unreachable", "bad_email", "bad_phone", "test", "duplicate")
_FAULT_SHARES = (0.80, 0.075, 0.045, 0.035, 0.012, 0.033)


@dataclass(frozen=True)
class Leads:
    """Arrivals and plans; times in UTC seconds. An opportunity exists where ``has_deal``."""

    day: Ints
    lead_id: Ints
    created: Ints
    country: Ints
    source: Ints
    fault: Ints  # position in _FAULTS
    owner: Ints
    qualified: Ints
    is_qualified: Bools
    accepted: Ints
    is_accepted: Bools
    rating: Ints
    has_deal: Bools
    stage_at: list[Ints]  # entry into each stage, then the close
    is_won: Bools
    amount: Floats


def _arrivals(world: World) -> tuple[Ints, Ints]:
    """Day and id of every lead, in the order of arrival."""
    stream, calendar = world.stream("leads"), world.calendar
    weekday = np.array([1.25, 1.25, 1.2, 1.15, 1.0, 0.55, 0.6])[calendar.weekday]
    mean = (
        LEADS_PER_DAY
        * world.desk_scale
        * weekday
        * (0.82 + 0.36 * calendar.days / 730)
        * np.where(calendar.is_holiday, 0.6, 1)
    )
    days = np.arange(world.days)
    day, number = rows_of_counts(stream.poisson("arrivals", mean[: world.days], days))
    lead_id = 100_000 + day * 1000 + number
    order = np.lexsort((stream.uniform("time", lead_id), day))
    return day[order], lead_id[order]


def simulate_leads(world: World) -> Leads:
    stream, calendar = world.stream("leads"), world.calendar
    day, lead_id = _arrivals(world)
    created = calendar.at_utc(day, (7 + 15 * stream.uniform("time", lead_id)) * 3600)
    source = stream.choice("source", [each[3] for each in _SOURCES], lead_id)
    fault = stream.choice("fault", _FAULT_SHARES, lead_id)
    fault = np.where((fault == _FAULTS.index("duplicate")) & (np.arange(len(day)) < 5), 0, fault)
    good = np.isin(fault, [_FAULTS.index(name) for name in ("none", "bad_email", "bad_phone")])
    quality = np.array([each[4] for each in _SOURCES])[source]
    taste = quality + 0.25 * stream.normal("taste", lead_id)
    is_qualified = good & stream.chance("qualifies", np.clip(0.52 * taste, 0, 0.95), lead_id)
    qualified = calendar.after_office_minutes(created, stream.exponential("qualify", 420, lead_id))
    is_accepted = is_qualified & stream.chance("accepts", np.clip(0.62 * taste, 0, 0.95), lead_id)
    accepted = calendar.after_office_minutes(qualified, stream.exponential("accept", 600, lead_id))
    rating = np.clip(np.rint(2.2 + 1.2 * taste + 0.8 * stream.normal("rating", lead_id)), 1, 5).astype(np.int64)
    has_deal = is_accepted & stream.chance("deal", 0.62, lead_id)
    country = stream.choice("country", [each.share for each in COUNTRIES], lead_id)
    return Leads(
        day,
        lead_id,
        created,
        country,
        source,
        fault,
        _owners(world, country, lead_id),
        qualified,
        is_qualified,
        accepted,
        is_accepted,
        rating,
        has_deal,
        _stages(world, accepted, lead_id),
        stream.chance("won", np.clip(0.30 * taste, 0.02, 0.9), lead_id),
        stream.lognormal("amount", 1450, 0.75, lead_id).round(-1),
    )


def _stages(world: World, accepted: Ints, lead_id: Ints) -> list[Ints]:
    """When the opportunity enters each stage, and when it closes."""
    stream = world.stream("leads")
    entered = [world.calendar.after_office_minutes(accepted, stream.exponential("open", 500, lead_id))]
    for stage, days_in_stage in (("proposal", 9.0), ("negotiation", 13.0), ("close", 14.0)):
        entered.append(entered[-1] + (stream.lognormal(stage, days_in_stage, 0.7, lead_id) * DAY).astype(np.int64))
    return entered


def _owners(world: World, country: Ints, lead_id: Ints) -> Ints:
    """The last two sales people look after France, the Netherlands, Britain and the United States."""
    stream = world.stream("lead_owners")
    abroad = country >= COUNTRY_CODES.index("FR")
    return np.where(abroad, stream.integers("abroad", 6, 8, lead_id), stream.integers("home", 0, 6, lead_id))


def lead_table(world: World, leads: Leads) -> pd.DataFrame:
    known_mql = leads.is_qualified & (leads.qualified < world.end_utc)
    known_sql = leads.is_accepted & (leads.accepted < world.end_utc)
    updated = np.where(known_sql, leads.accepted, np.where(known_mql, leads.qualified, leads.created))
    stream = world.stream("lead_contacts")
    paid_social = leads.source == 0
    campaigns = np.array([each.name for each in CAMPAIGNS if each.channel == "paid_search"], dtype=object)
    searched = campaigns[stream.integers("campaign", 0, len(campaigns), leads.lead_id)]
    campaign = np.where(paid_social, "meta_wholesale_leads", np.where(leads.source == 1, searched, None))
    return pd.DataFrame(
        {
            "lead_id": leads.lead_id,
            "created_at": instant(leads.created),
            "updated_at": instant(updated),
            "email": _emails(world, leads),
            "phone": _phones(world, leads),
            "lead_source": np.array([each[0] for each in _SOURCES])[leads.source],
            "utm_source": np.array([each[1] for each in _SOURCES])[leads.source],
            "utm_medium": np.array([each[2] for each in _SOURCES])[leads.source],
            "utm_campaign": campaign,
            "country_code": np.array(COUNTRY_CODES)[leads.country],
            **owner_columns(leads.owner),
            "status": np.where(known_sql, "Accepted", np.where(known_mql, "Qualified", "New")),
            "mql_at": instant(leads.qualified, known=known_mql),
            "sql_at": instant(leads.accepted, known=known_sql),
            "rating": nullable(leads.rating, known_sql),
            "_day": leads.day,
            "_seen_on": leads.day,
            "_fault": np.array(_FAULTS)[leads.fault],
        }
    )


def _emails(world: World, leads: Leads) -> np.ndarray:
    stream = world.stream("lead_contacts")
    mails = np.array(mail_addresses(world, leads.lead_id, "firma.example.com"), dtype=object)
    broken = np.array(["n/a", "none@", "asdf", "info.example.com", ""], dtype=object)
    bad = np.isin(leads.fault, [_FAULTS.index("unreachable"), _FAULTS.index("bad_email")])
    mails = np.where(bad, broken[stream.integers("broken", 0, len(broken), leads.lead_id)], mails)
    mails = np.where(leads.fault == _FAULTS.index("test"), f"qa@{TEST_DOMAIN}", mails)
    # A duplicate comes back under the address of one of the hundred good leads before it.
    good = np.flatnonzero(leads.fault == 0)
    rows = np.flatnonzero(leads.fault == _FAULTS.index("duplicate"))
    before = np.searchsorted(good, rows) - 1 - stream.integers("again", 0, 100, leads.lead_id[rows])
    mails[rows] = mails[good[np.maximum(before, 0)]] if len(good) else mails[rows]
    return mails


def _phones(world: World, leads: Leads) -> np.ndarray:
    stream = world.stream("lead_phones")
    digits = stream.integers("digits", 10_000_000, 99_999_999, leads.lead_id)
    prefix = np.array(["+49 30 ", "+43 1 ", "+41 44 ", "+33 1 ", "+31 20 ", "+44 20 ", "+1 212 "], dtype=object)[
        leads.country
    ]
    phones = prefix + digits.astype(str).astype(object)
    broken = np.array(["", "000", "12", "unknown"], dtype=object)
    bad = np.isin(leads.fault, [_FAULTS.index("unreachable"), _FAULTS.index("bad_phone")])
    return np.where(bad, broken[stream.integers("broken", 0, len(broken), leads.lead_id)], phones)


def opportunity_tables(world: World, leads: Leads) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Opportunities as they stood on the last day, and one row per stage that each had entered."""
    rows = np.flatnonzero(leads.has_deal & (leads.stage_at[0] < world.end_utc))
    entered = np.stack([at[rows] for at in leads.stage_at], axis=1)
    known = entered < world.end_utc
    position = known.sum(axis=1) - 1
    closed = known[:, 3]
    outcome = np.where(leads.is_won[rows], "Closed Won", "Closed Lost")
    stage = np.where(closed, outcome, np.array(STAGES)[np.minimum(position, 2)])
    ident = leads.lead_id[rows] + 7_000_000
    day = world.calendar.day_of_utc(entered[:, 0])
    currency = np.array([each.currency for each in COUNTRIES])[leads.country[rows]]
    opportunities = pd.DataFrame(
        {
            "opportunity_id": ident,
            "lead_id": leads.lead_id[rows],
            "created_at": instant(entered[:, 0]),
            "updated_at": instant(entered[np.arange(len(rows)), position]),
            "closed_at": instant(entered[:, 3], known=closed),
            "stage_name": stage,
            "amount": leads.amount[rows],
            "currency_code": currency,
            **owner_columns(leads.owner[rows]),
            "country_code": np.array(COUNTRY_CODES)[leads.country[rows]],
            "_day": day,
            "_seen_on": day,
        }
    )
    opportunities = opportunities.sort_values(["_day", "opportunity_id"], kind="stable")
    return opportunities, _stage_table(world, ident, entered, known, outcome)


def _stage_table(world: World, ident: Ints, entered: Ints, known: Bools, outcome: np.ndarray) -> pd.DataFrame:
    """One row per stage entered; ``entered`` and ``known`` have a row per opportunity and a column per stage."""
    row, step = np.nonzero(known)
    following = np.minimum(step + 1, 3)
    left = (step < 3) & known[row, following]
    stage_day = world.calendar.day_of_utc(entered[row, step])
    stages = pd.DataFrame(
        {
            "stage_entry_id": ident[row] * 10 + step,
            "opportunity_id": ident[row],
            "stage_name": np.where(step == 3, outcome[row], np.array(STAGES)[np.minimum(step, 2)]),
            "entered_at": instant(entered[row, step]),
            "exited_at": instant(entered[row, following], known=left),
            "updated_at": instant(np.where(left, entered[row, following], entered[row, step])),
            "_day": stage_day,
            "_seen_on": stage_day,
        }
    )
    return stages.sort_values(["_day", "stage_entry_id"], kind="stable")


def crm_tables(world: World) -> dict[str, pd.DataFrame]:
    """All tables of the database by name."""
    leads = simulate_leads(world)
    opportunities, stages = opportunity_tables(world, leads)
    return {
        "leads": lead_table(world, leads),
        "opportunities": opportunities,
        "opportunity_stages": stages,
        "sales_activities": activity_table(world, leads),
        "quotas": quota_table(world),
    }
