"""The shop's orders: buyers, lines, refunds, and the faults of the order export."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.generator import incidents
from data.generator.company import CATEGORIES, CATEGORY_SHARES, COUNTRIES, COUNTRY_CODES
from data.generator.frames import World, days_late, instant, labelled, link_to_earlier, on_date, rows_of_counts
from data.generator.randomness import Bools, Floats, Ints
from data.generator.web import Visits

ORDERS_PER_DAY = 16.4  # at scale 1
FIRST_ORDER_ID, FIRST_CUSTOMER_ID = 5_000_000, 2_000_000
TEST_ORDERS_PER_DAY = 0.13
DAY = 86_400

PRODUCTS = [(number, name, price) for number, category in enumerate(CATEGORIES) for name, price in category.products]
_CURRENCIES = [country.currency for country in COUNTRIES]


@dataclass(frozen=True)
class Orders:
    """Orders of real buyers, sorted by visit; amounts in the order's currency."""

    visit: Ints  # position in Visits
    day: Ints
    country: Ints
    customer: Ints  # customer id
    is_first: Bools
    ordered: Ints  # UTC
    promised: Ints
    delivered: Ints
    line_order: Ints  # position of each line's order
    line_product: Ints
    line_quantity: Ints
    line_price: Floats
    line_discount: Floats
    line_cost: Floats
    shipping: Floats

    @property
    def order_id(self) -> Ints:
        return FIRST_ORDER_ID + np.arange(len(self.day))

    @property
    def line_number(self) -> Ints:
        first = np.searchsorted(self.line_order, np.arange(len(self.day)))
        return np.arange(len(self.line_order)) - first[self.line_order]

    @property
    def line_amount(self) -> Floats:
        return np.asarray((self.line_quantity * self.line_price - self.line_discount).round(2))

    def total(self, per_line: Floats) -> Floats:
        return np.asarray(np.bincount(self.line_order, per_line, len(self.day)).round(2))


def simulate_orders(world: World, visits: Visits) -> Orders:
    stream = world.stream("orders")
    visit = np.flatnonzero(visits.is_order)
    day, country = visits.day[visit], visits.country[visit]
    key = (day, visits.number[visit])
    share = np.array([each.share for each in COUNTRIES])[country]
    soon = stream.exponential("soon", 26 * ORDERS_PER_DAY * world.scale, *key) * share
    ever = stream.uniform("ever", *key) * (ORDERS_PER_DAY * world.scale * share * (day + 1))
    distance = np.where(stream.chance("is_soon", 0.5, *key), soon, ever)
    first = link_to_earlier(day, country, stream.chance("again", 0.46, *key), distance)
    last_second = world.calendar.starts_utc[day + 1] - 1
    ordered = np.minimum(visits.started[visit] + stream.integers("minutes", 240, 2700, *key), last_second)
    promised = world.calendar.at_utc(day, 0) + (3 + (country >= COUNTRY_CODES.index("FR"))) * DAY + 18 * 3600
    travel = stream.lognormal("travel", 2.3 + 0.9 * (country >= COUNTRY_CODES.index("FR")), 0.30, *key)
    lines = _lines(world, day, country, *key)
    shipping = (stream.lognormal("shipping", 4.4 + 2.8 * (country >= COUNTRY_CODES.index("GB")), 0.22, *key)).round(2)
    return Orders(
        visit,
        day,
        country,
        FIRST_CUSTOMER_ID + first,
        first == np.arange(len(first)),
        ordered,
        promised,
        ordered + np.maximum(travel * DAY, 14 * 3600).astype(np.int64),
        *lines,
        shipping,
    )


def _lines(world: World, day: Ints, country: Ints, *key: Ints) -> tuple[Ints, Ints, Ints, Floats, Floats, Floats]:
    stream = world.stream("order_lines")
    count = 1 + np.minimum(stream.poisson("count", np.full(len(day), 0.75), *key), 4)
    order, number = rows_of_counts(count)
    line = (*(part[order] for part in key), number)
    category = stream.choice("category", CATEGORY_SHARES, *line)
    product = category * 10 + np.floor(10 * stream.uniform("product", *line) ** 1.3).astype(np.int64)
    quantity = 1 + stream.chance("two", 0.22, *line) + stream.chance("three", 0.05, *line)
    list_price = np.array([price for _, _, price in PRODUCTS])[product]
    factor = np.array([each.price_factor for each in COUNTRIES])[country[order]]
    unit = (list_price * factor * incidents.factor("price")[day[order]] * 1.42).round(2)
    discount = (quantity * unit * world.calendar.discount_share[day[order]]).round(2)
    cost = (list_price * factor * 1.42 * np.array([each.cost_share for each in CATEGORIES])[category]).round(2)
    return order, product, quantity.astype(np.int64), unit, discount, cost


def order_table(world: World, orders: Orders, visits: Visits) -> pd.DataFrame:
    """The export: an order again when its status changes, a few rows twice, some late, and the company's own tests."""
    stream = world.stream("order_export")
    key = (orders.day, visits.number[orders.visit])
    delivered = orders.delivered < world.end_utc
    paid = orders.ordered + stream.integers("paid", 60, 900, *key)
    frame = pd.DataFrame(
        {
            "id": orders.order_id,
            "name": [f"#{1000 + position}" for position in range(len(orders.day))],
            "created_at": instant(orders.ordered),
            "updated_at": instant(np.where(delivered, orders.delivered, paid)),
            "customer_id": orders.customer,
            "landing_session_id": pd.array(visits.session_id[orders.visit], dtype="Int64"),
            "financial_status": "paid",
            "presentment_currency": labelled(orders.country, _CURRENCIES).astype(str),
            "subtotal_price": orders.total(orders.line_quantity * orders.line_price),
            "total_discounts": orders.total(orders.line_discount),
            "total_cost": orders.total(orders.line_quantity * orders.line_cost),
            "shipping_cost": orders.shipping,
            "shipping_country": labelled(orders.country, COUNTRY_CODES).astype(str),
            "test": False,
            "delivery_promised_at": instant(orders.promised),
            "delivered_at": instant(orders.delivered, known=delivered),
            "_day": orders.day,
            "_seen_on": orders.day + days_late(stream, (0.003, 0.002, 0.001), *key),
        }
    )
    pending = frame[stream.chance("pending", 0.05, *key)].copy()
    pending = pending.assign(updated_at=pending["created_at"], financial_status="pending", delivered_at=pd.NaT)
    twice = frame[stream.chance("twice", 0.006, *key)]
    both = pd.concat([frame, pending, twice, _test_orders(world, frame)])
    return both.astype({"delivered_at": "datetime64[s]"}).sort_values(["_day", "id", "updated_at"], kind="stable")


def _test_orders(world: World, frame: pd.DataFrame) -> pd.DataFrame:
    stream = world.stream("test_orders")
    days = np.arange(world.days)
    day, number = rows_of_counts(
        stream.poisson("count", np.full(world.days, TEST_ORDERS_PER_DAY * max(world.scale, 0.5)), days)
    )
    placed = world.calendar.at_utc(day, 9 * 3600 + stream.integers("time", 0, 8 * 3600, day, number))
    tests = pd.DataFrame(
        {
            "id": 900_000_000 + day * 1000 + number,
            "name": "#TEST",
            "created_at": instant(placed),
            "updated_at": instant(placed),
            "customer_id": FIRST_CUSTOMER_ID - 1,
            "landing_session_id": pd.array([pd.NA] * len(day), dtype="Int64"),
            "financial_status": "paid",
            "presentment_currency": "EUR",
            "subtotal_price": np.where(stream.chance("large", 0.3, day, number), 999.0, 1.0),
            "total_discounts": 0.0,
            "total_cost": 0.0,
            "shipping_cost": 0.0,
            "shipping_country": "DE",
            "test": True,
            "delivery_promised_at": instant(placed + 3 * DAY),
            "delivered_at": instant(placed, known=np.zeros(len(day), dtype=bool)),
            "_day": day,
            "_seen_on": day,
        }
    )
    return tests[frame.columns]


def line_table(orders: Orders, order_rows: pd.DataFrame) -> pd.DataFrame:
    seen = order_rows.drop_duplicates("id").set_index("id")["_seen_on"]
    order_id = orders.order_id[orders.line_order]
    return pd.DataFrame(
        {
            "line_id": order_id * 10 + orders.line_number,
            "order_id": order_id,
            "product_id": [sku(product) for product in orders.line_product],
            "quantity": orders.line_quantity,
            "unit_price": orders.line_price,
            "line_discount": orders.line_discount,
            "unit_cost": orders.line_cost,
            "_day": orders.day[orders.line_order],
            "_seen_on": seen.loc[order_id].to_numpy(),
        }
    )


def refund_table(world: World, orders: Orders) -> pd.DataFrame:
    """Lines given back some days after delivery, and the recall of all pans on one day."""
    stream = world.stream("refunds")
    order, number = orders.line_order, orders.line_number
    key = (orders.day[order], orders.order_id[order], number)
    troubled = stream.chance("order", 0.085, orders.day, orders.order_id)[order]
    given_back = troubled & stream.chance("line", 0.75, *key)
    delay = 2 * DAY + stream.exponential("delay", 6 * DAY, *key).astype(np.int64)
    refunded = orders.delivered[order] + np.minimum(delay, 60 * DAY)
    recall = incidents.of_lever("recall")[0]
    recalled_on = (recall.starts_on - world.calendar.dates[0].item()).days
    age = recalled_on - orders.day[order]
    kitchen = orders.line_product // 10 == 1
    recalled = kitchen & (age >= 5) & (age <= 35) & ~given_back & stream.chance("recall", recall.effect, *key)
    noon = world.calendar.starts_utc[recalled_on] + stream.integers("recall_time", 9 * 3600, 17 * 3600, *key)
    refunded = np.where(recalled, noon, refunded)
    day = world.calendar.day_of_utc(refunded)
    rows = np.flatnonzero((given_back | recalled) & (refunded < world.end_utc))
    line_id = orders.order_id[order] * 10 + number
    frame = pd.DataFrame(
        {
            "refund_id": np.char.add("re_", line_id[rows].astype(str)),
            "order_id": orders.order_id[order][rows],
            "line_id": line_id[rows],
            "processed_at": instant(refunded[rows]),
            "quantity": orders.line_quantity[rows],
            "amount": orders.line_amount[rows],
            "currency": np.array(_CURRENCIES)[orders.country[order]][rows],
            "reason": np.where(recalled, "recall", "customer")[rows],
            "_day": day[rows],
            "_seen_on": day[rows],
        }
    )
    return frame.sort_values(["processed_at", "refund_id"], kind="stable")


def sku(product: int) -> str:
    return f"JF-{product // 10 + 1}{product % 10:02d}"


def product_table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sku": [sku(number) for number in range(len(PRODUCTS))],
            "title": [name for _, name, _ in PRODUCTS],
            "product_type": [CATEGORIES[category].name for category, _, _ in PRODUCTS],
            "list_price_eur": [round(price * 1.42, 2) for _, _, price in PRODUCTS],
            "_day": 0,
            "_seen_on": 0,
        }
    )


def promotion_table(world: World) -> pd.DataFrame:
    rows = world.calendar.promotions
    first = world.calendar.dates[0].item()
    days = [(each.starts_on - first).days for each in rows]
    return pd.DataFrame(
        {
            "promotion": [each.name for each in rows],
            "starts_on": on_date(days),
            "ends_on": on_date([(each.ends_on - first).days for each in rows]),
            "discount_percent": [round(100 * each.discount_share) for each in rows],
            "_day": days,
            "_seen_on": days,
        }
    )
