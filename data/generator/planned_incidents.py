"""The incidents of the demo company, as data: what went wrong (or well) when, where, and by how much.

A lever is the quantity that an incident really changes; ``metrics`` names the catalogue metrics in which it must be
visible, the most direct one first. One-day incidents lie on plain Tuesdays to Thursdays, away from holidays and
promotions, so that the weekday cycle neither causes nor cancels the change against the day before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Incident:
    id: str
    kind: str  # spike | drop | outage | partial_load | level_up | level_down | slow_decay
    lever: str
    effect: float  # relative change of the lever, -0.45 = 45 % less
    starts_on: date
    ends_on: date | None  # None: still going on
    metrics: tuple[str, ...]
    what: str
    dimension: str | None = None
    member: str | None = None
    ramp_days: int = 0  # days until the full effect is reached

    @property
    def is_one_day(self) -> bool:
        return self.starts_on == self.ends_on


def _day(
    ident: str,
    on: tuple[int, int, int],
    kind: str,
    lever: str,
    effect: float,
    metrics: str,
    what: str,
    dimension: str | None = None,
    member: str | None = None,
) -> Incident:
    day = date(*on)
    return Incident(ident, kind, lever, effect, day, day, tuple(metrics.split()), what, dimension, member)


INCIDENTS: tuple[Incident, ...] = (
    # One day, whole company
    _day(
        "viral_video",
        (2024, 10, 16),
        "spike",
        "sessions",
        0.8,
        "sessions page_views",
        "A film about the shop goes viral",
    ),
    _day(
        "budget_typo",
        (2024, 11, 13),
        "spike",
        "spend",
        2.4,
        "ad_spend clicks impressions",
        "A daily budget typed with one digit too many",
    ),
    _day(
        "faulty_batch",
        (2025, 1, 15),
        "spike",
        "tickets",
        4.0,
        "tickets_created",
        "A faulty batch of pans makes customers write",
    ),
    _day(
        "bot_traffic",
        (2025, 2, 12),
        "spike",
        "bots",
        1.3,
        "sessions bounce_rate",
        "Bots from one network read the start page",
    ),
    _day(
        "site_outage",
        (2025, 3, 19),
        "outage",
        "outage",
        -0.5,
        "sessions page_views",
        "The site is down from nine to five",
    ),
    _day(
        "page_tag_lost",
        (2025, 4, 9),
        "drop",
        "page_views",
        -0.95,
        "page_views",
        "The page tag is missing on all but the landing page",
    ),
    _day(
        "payment_outage",
        (2025, 5, 14),
        "drop",
        "checkout",
        -0.92,
        "orders gross_revenue conversion_rate",
        "The payment provider refuses cards",
    ),
    _day("product_recall", (2025, 6, 25), "spike", "recall", 0.25, "refunds", "All pans of the last month are taken back"),
    _day(
        "account_suspended",
        (2025, 8, 20),
        "drop",
        "spend",
        -0.9,
        "ad_spend clicks impressions",
        "The main ad account is suspended",
    ),
    _day(
        "cart_button_broken",
        (2025, 9, 24),
        "drop",
        "cart",
        -0.85,
        "add_to_cart_rate orders",
        "The cart button does not work on product pages",
    ),
    _day(
        "partial_load",
        (2025, 11, 5),
        "partial_load",
        "load",
        -0.68,
        "sessions page_views conversion_rate",
        "The export stops at half past ten without an error",
    ),
    _day(
        "price_error",
        (2026, 1, 21),
        "drop",
        "price",
        -0.75,
        "average_order_value gross_revenue",
        "A decimal point is lost in the price list",
    ),
    _day(
        "click_fraud",
        (2026, 2, 18),
        "spike",
        "ad_clicks",
        2.4,
        "clicks ctr cpc",
        "A publisher network clicks on our ads",
    ),
    _day(
        "influencer_code",
        (2026, 3, 11),
        "spike",
        "cart",
        3.2,
        "add_to_cart_rate orders gross_revenue conversion_rate",
        "A code spread by an influencer makes visitors buy",
    ),
    _day("invoice_wave", (2026, 4, 22), "spike", "tickets", 3.5, "tickets_created", "Invoices were sent twice"),
    _day(
        "press_article",
        (2026, 5, 20),
        "spike",
        "sessions",
        0.7,
        "sessions page_views",
        "A national paper writes about the shop",
    ),
    _day(
        "checkout_release",
        (2026, 6, 24),
        "drop",
        "checkout",
        -0.9,
        "orders gross_revenue conversion_rate",
        "A release breaks the address form",
    ),
    _day(
        "ad_budget_released",
        (2026, 7, 1),
        "spike",
        "spend",
        1.8,
        "ad_spend clicks impressions",
        "The budget of the new quarter is spent on its first day",
    ),
    # One day, one segment
    _day(
        "gb_consent_banner",
        (2025, 7, 16),
        "drop",
        "sessions",
        -0.75,
        "sessions",
        "The consent banner blocks tracking in Britain",
        "country",
        "GB",
    ),
    _day(
        "newsletter_not_sent",
        (2025, 10, 22),
        "drop",
        "sessions",
        -0.85,
        "sessions",
        "Mail links lead nowhere",
        "channel",
        "email",
    ),
    _day(
        "paid_social_pause",
        (2026, 4, 15),
        "drop",
        "spend",
        -0.8,
        "ad_spend",
        "Paid social campaigns are paused by mistake",
        "channel",
        "paid_social",
    ),
    _day(
        "fr_broadcast",
        (2026, 6, 10),
        "spike",
        "sessions",
        1.6,
        "sessions",
        "A French broadcast shows a product",
        "country",
        "FR",
    ),
    # Level shifts
    Incident(
        "slow_summer_desk",
        "level_up",
        "response",
        0.9,
        date(2025, 7, 28),
        date(2025, 8, 17),
        ("first_response_minutes",),
        "Half of the service team is on holiday",
    ),
    Incident(
        "engagement_tag",
        "level_up",
        "bounce",
        0.22,
        date(2025, 10, 1),
        None,
        ("bounce_rate",),
        "The analytics tool counts engagement differently",
    ),
    Incident("dearer_clicks", "level_up", "cpc", 0.30, date(2025, 7, 1), None, ("cpc",), "The auction gets dearer"),
    Incident(
        "price_rise",
        "level_up",
        "price",
        0.10,
        date(2026, 2, 2),
        None,
        ("average_order_value",),
        "The yearly rise of list prices",
    ),
    Incident(
        "chat_closed_early",
        "level_down",
        "csat",
        -0.30,
        date(2026, 4, 27),
        date(2026, 5, 10),
        ("csat",),
        "A new rule closes chats before the answer is understood",
    ),
    Incident(
        "mobile_menu",
        "level_down",
        "cart",
        -0.35,
        date(2025, 12, 1),
        date(2026, 1, 18),
        ("add_to_cart_rate",),
        "A new menu hides the cart on telephones",
        "device",
        "mobile",
    ),
    # Slow changes
    Incident(
        "organic_decay",
        "slow_decay",
        "sessions",
        -0.40,
        date(2026, 3, 2),
        None,
        ("sessions",),
        "Search rankings are lost bit by bit",
        "channel",
        "organic_search",
        ramp_days=90,
    ),
    Incident(
        "tired_creatives",
        "slow_decay",
        "ad_clicks",
        -0.35,
        date(2025, 3, 31),
        date(2025, 6, 1),
        ("ctr",),
        "The same films are shown until nobody looks",
        "channel",
        "paid_social",
        ramp_days=60,
    ),
)
