"""A company of a dozen rows per table, in Berlin, selling in euro, with the faults that real tables have.

Two sources sell: `shop` (naive UTC timestamps) and `market` (text, in New York's time or with an offset of its own).
Clocks in Berlin went forward in the night to 31 March 2024, a Sunday; Good Friday is 29 March, Easter Monday 1 April.
"""

from __future__ import annotations

from typing import Any

from tests.contract.dbt_project_runs import RawTable

TABLES = [
    RawTable("mart.clock", "today date, now_at timestamp", [["2024-06-30", "2024-06-30 12:00:00"]]),
    RawTable(
        "mart.source_watermarks",
        "source text, entity text, last_event_on date, last_loaded_at timestamp, closed_through date,"
        " settled_through date, run_id text, recorded_at timestamp",
        [
            [
                "shop",
                "orders",
                "2024-06-20",
                "2024-06-30 06:00:00",
                "2024-06-10",
                "2024-05-10",
                "a",
                "2024-06-29 06:00:00",
            ],
            [
                "shop",
                "orders",
                "2024-06-29",
                "2024-06-30 06:00:00",
                "2024-06-29",
                "2024-05-29",
                "b",
                "2024-06-30 06:00:00",
            ],
            [
                "market",
                "orders",
                "2024-06-29",
                "2024-06-30 06:00:00",
                "2024-06-28",
                "2024-05-28",
                "b",
                "2024-06-30 06:00:00",
            ],
        ],
    ),
    RawTable(
        "raw_shop.orders",
        "id bigint, created_at timestamp, updated_at timestamp, buyer text, visit text, total numeric(18, 2), cur text,"
        " test boolean",
        [
            # 0:30 on Sunday in Berlin, where it is still Saturday in UTC
            [1, "2024-03-30 23:30:00", "2024-03-31 00:00:00", "c1", "v1", 100, "EUR", False],
            # the last second of the short Sunday
            [2, "2024-03-31 21:59:59", "2024-04-01 00:00:00", "c1", "v2", 50, "usd", False],
            # corrected later; the first state must not count
            [3, "2024-03-31 22:00:00", "2024-04-01 00:00:00", "c2", None, 25, "EUR", False],
            [3, "2024-03-31 22:00:00", "2024-04-02 00:00:00", "c2", None, 30, "EUR", False],
            [4, "2024-04-02 10:00:00", "2024-04-02 10:00:00", "c9", "v3", 999, "EUR", True],
            [5, "2024-06-15 10:00:00", "2024-06-15 10:00:00", "c3", "", 80, None, False],
        ],
    ),
    RawTable(
        "raw_shop.moves",
        "id bigint, day date, product text, kind text, units numeric(18, 2)",
        [
            [1, "2024-04-02", "p1", "received", 10],
            [2, "2024-04-02", "p1", "shipped", -4],
            [3, "2024-04-03", "p9", "lost", -1.5],
        ],
    ),
    RawTable(
        "raw_shop.staff",
        "month date, team text, first bigint, last bigint, gone bigint",
        [["2024-03-31", "shop", 4, 5, 0], ["2024-04-30", "shop", 5, 4, 1], ["2024-04-30", None, 2, 2, 0]],
    ),
    RawTable(
        "raw_desk.shifts",
        "id bigint, who text, team text, begins timestamp, ends timestamp",
        [
            [1, "ann", "a", "2024-04-02 07:00:00", "2024-04-02 14:00:00"],
            # 0:30 on the third in Berlin
            [2, "bob", "b", "2024-04-02 22:30:00", None],
        ],
    ),
    RawTable(
        "raw_desk.questions",
        "id bigint, asked timestamp, answered timestamp, seller text, asker text",
        [[1, "2024-04-02 22:30:00", "2024-04-03 06:00:30", "s1", "c1"], [2, "2024-04-03 10:00:00", None, "s1", "c9"]],
    ),
    RawTable(
        "raw_shop.lines",
        "id bigint, order_id bigint, product text, units bigint, amount numeric(18, 2), cur text",
        [
            [11, 1, "p1", 2, 60, "EUR"],
            [12, 1, "p2", 1, 40, "EUR"],
            [13, 2, "p1", 1, 50, "USD"],
            [14, 3, "p3", 1, 30, "EUR"],
            [15, 4, "p1", 1, 999, "EUR"],
            [16, 5, "p2", 4, 80, "EUR"],
        ],
    ),
    RawTable(
        "raw_shop.refunds",
        "id bigint, order_id bigint, line_id bigint, given_at timestamp, amount numeric(18, 2), cur text",
        [
            [21, 1, 11, "2024-05-02 10:00:00", 30, "EUR"],
            [22, 2, None, "2024-05-06 10:00:00", 50, "USD"],
            [23, 4, 15, "2024-05-02 10:00:00", 999, "EUR"],
            # an order that never arrived: its money left, its day is unknown
            [24, 777, None, "2024-05-02 21:59:00", 5, "EUR"],
        ],
    ),
    RawTable("raw_shop.products", "id text, title text, kind text", [["p1", "Bear", "toys"], ["p2", "Book", "books"]]),
    RawTable(
        "raw_shop.customers",
        "id text, email text, country text, since timestamp",
        [
            ["c1", "Ann@Example.com", "AT", "2024-01-05 10:00:00"],
            ["c2", None, None, None],
            ["c3", " bo@example.com ", "DE", None],
        ],
    ),
    RawTable(
        "raw_market.sales",
        "ref text, placed text, buyer text, price double precision, cur text",
        [
            # 1:00 on Sunday in Berlin
            ["m1", "2024-03-30 20:00:00", "c2", 10.0, "USD"],
            ["m2", "2024-04-02T00:30:00+02:00", "c4", 20.0, "EUR"],
        ],
    ),
    RawTable(
        "raw_web.visits",
        "id text, started timestamp with time zone, channel text, device text, country text, pages bigint, bounced bigint,"
        " cart boolean",
        [
            ["v1", "2024-03-30 23:10:00+00", "paid_search", "mobile", "DE", 5, 0, True],
            ["v2", "2024-03-31 21:00:00+00", "social", "desktop", "DE", 1, 1, False],
            ["v3", "2024-04-02 08:00:00+00", "social", "mobile", "AT", 2, 0, None],
            ["v4", "2024-03-31 22:30:00+00", "social", None, None, 1, 1, False],
        ],
    ),
    RawTable(
        "raw_ads.costs",
        "day date, platform text, campaign_id bigint, campaign text, cost numeric(18, 2), cur text, shown bigint,"
        " clicked bigint",
        [
            ["2024-03-31", "google_ads", 7, "spring", 20, "EUR", 1000, 40],
            ["2024-03-31", "meta_ads", 8, "spring", 10, "USD", 500, 10],
            ["2024-04-01", "google_ads", 7, "spring", 10, "EUR", 400, 20],
        ],
    ),
    RawTable(
        "raw_crm.leads",
        "id text, came_at timestamp, mail text, phone text, test boolean, qualified timestamp, accepted timestamp, grade bigint",
        [
            # qualified at 0:30 on 1 May in Berlin
            ["l1", "2024-04-02 08:00:00", "dora@example.com", None, False, "2024-04-30 22:30:00", "2024-05-02 08:00:00", 4],
            ["l2", "2024-04-02 09:00:00", "DORA@example.com", None, False, "2024-04-30 08:00:00", "2024-04-30 09:00:00", 1],
            ["l3", "2024-04-02 10:00:00", None, "+49 30 1234567", False, "2024-04-03 08:00:00", None, None],
            ["l4", "2024-04-03 10:00:00", "nobody", None, False, "2024-04-04 08:00:00", "2024-04-05 08:00:00", 2],
        ],
    ),
    RawTable(
        "raw_crm.deals",
        "id text, lead text, opened timestamp, closed timestamp, won boolean, value numeric(18, 2), seller text",
        [
            ["d1", "l1", "2024-04-05 08:00:00", "2024-04-30 22:30:00", True, 500, "Eve"],
            ["d2", "l3", "2024-04-05 08:00:00", "2024-04-20 08:00:00", False, 100, "Eve"],
            ["d3", None, "2024-04-05 08:00:00", None, None, 100, "Fay"],
        ],
    ),
    RawTable(
        "raw_crm.moves",
        "id text, deal text, stage text, moved_at timestamp",
        [
            ["s1", "d1", "new", "2024-04-05 08:00:00"],
            # 0:30 on 21 April in Berlin
            ["s2", "d1", "offer", "2024-04-20 22:30:00"],
            ["s3", "d3", "new", "2024-04-05 08:00:00"],
        ],
    ),
    RawTable(
        "raw_crm.tasks",
        "id bigint, what text, done_at timestamp, lead text, deal text, seller text",
        [
            [1, "call", "2024-04-02 22:30:00", "l1", None, "Eve"],
            [2, "email", "2024-04-06 10:00:00", None, "d1", "Eve"],
            [3, "note", "2024-04-06 10:00:00", None, "d1", "Eve"],
            # 0:30 on 1 June in Berlin
            [4, "meeting", "2024-05-31 22:30:00", None, "d3", "Fay"],
        ],
    ),
    RawTable(
        "raw_crm.goals",
        "id text, month date, goal numeric(18, 2), cur text, seller text",
        [
            ["q1", "2024-04-15", 1000, None, "Eve"],
            ["q2", "2024-05-01", 1000, "USD", "Eve"],
            ["q3", "2024-05-01", 60, "EUR", "Fay"],
        ],
    ),
    RawTable(
        "raw_desk.tickets",
        "id bigint, opened timestamp, solved timestamp, reopened bigint, asker text, via text",
        [
            # Thursday 17:30 in Berlin before the long weekend
            [1, "2024-03-28 16:30:00", "2024-04-02 08:00:00", 0, "c1", "email"],
            [2, "2024-04-02 07:30:00", "2024-04-02 09:00:00", 0, "c2", "chat"],
            [3, "2024-04-02 08:00:00", None, 0, None, None],
        ],
    ),
    RawTable(
        "raw_desk.replies",
        "id bigint, ticket bigint, sent_at timestamp, who text, visible boolean",
        [
            [1, 1, "2024-03-28 16:31:00", "bot", True],
            [2, 1, "2024-04-02 07:20:00", "agent", True],
            [3, 2, "2024-04-02 07:40:00", "agent", False],
            [4, 2, "2024-04-02 07:45:00", "agent", True],
            [5, 2, "2024-04-02 08:45:00", "agent", True],
        ],
    ),
    RawTable(
        "raw_desk.ratings",
        "id bigint, kind text, sent timestamp, answered timestamp, points bigint, ticket bigint",
        [
            [1, "csat", "2024-04-02 09:00:00", "2024-04-03 09:00:00", 5, 1],
            [2, "csat", "2024-04-02 09:00:00", "2024-04-03 09:00:00", 3, 2],
            [3, "csat", "2024-04-02 09:00:00", None, None, 3],
            [1, "nps", "2024-04-02 09:00:00", "2024-04-02 22:30:00", 10, None],
            [2, "nps", "2024-04-02 09:00:00", "2024-04-03 09:00:00", 9, None],
            [3, "nps", "2024-04-02 09:00:00", "2024-04-03 09:00:00", 2, None],
            [4, "nps", "2024-04-02 09:00:00", "2024-04-03 09:00:00", 7, None],
        ],
    ),
    RawTable(
        "raw_fx.rates",
        "day date, cur text, rate double precision",
        [["2024-03-29", "USD", 0.92], ["2024-05-01", "USD", 0.94]],
    ),
]

# A clock, an empty table of watermarks and nothing else: what a workspace that maps nothing starts from.
NOTHING_LOADED = [TABLES[0], RawTable(TABLES[1].name, TABLES[1].columns, [])]


def _entry(source: str, table: str, /, latest_by: str | None = None, **columns: str) -> dict[str, Any]:
    return {
        "source": source,
        "schema": f"raw_{source}",
        "table": table,
        "relations": [table],
        "columns": columns,
        "query": None,
        "latest_by": latest_by,
    }


_LINES_QUERY = (
    "select lines.id, lines.order_id, orders.created_at, lines.product, lines.units, lines.amount, lines.cur"
    " from __raw__lines__ as lines"
    " inner join (select id, min(created_at) as created_at from __raw__orders__ group by id) as orders"
    " on orders.id = lines.order_id"
)
_LINES = {
    **_entry(
        "shop",
        "",
        order_line_id='"id"',
        order_id='"order_id"',
        ordered_at='"created_at"',
        product_id='"product"',
        quantity='"units"',
        amount='"amount"',
        currency='"cur"',
    ),
    "table": None,
    "query": _LINES_QUERY,
    "relations": ["lines", "orders"],
}

VARIABLES: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "currency": "EUR",
    "source_timezones": {"market": "America/New_York"},
    "business_hours": {"days": [0, 1, 2, 3, 4], "from_minute": 540, "to_minute": 1080},
    "holidays": ["2024-03-29", "2024-04-01"],
    "history_start": "2024-01-01",
    # Patterns of like in lower case, with the escape character "!". The first rule that fits wins.
    "channel_rules": [
        {"patterns": {"source": "news!_l2", "medium": "%"}, "channel": "never"},
        {"patterns": {"source": "news!_l2"}, "channel": "editor's"},
        {"patterns": {"source": "news!_%"}, "channel": "letters"},
    ],
    "mapping": {
        "orders": [
            _entry(
                "shop",
                "orders",
                latest_by='"updated_at"',
                order_id='"id"',
                ordered_at='"created_at"',
                customer_id='"buyer"',
                session_id='"visit"',
                gross_amount='"total"',
                currency='"cur"',
                is_test='"test"',
            ),
            _entry(
                "market",
                "sales",
                order_id='"ref"',
                ordered_at='"placed"',
                customer_id='"buyer"',
                gross_amount='"price"',
                currency='"cur"',
                channel="'marketplace'",
            ),
        ],
        "order_lines": [_LINES],
        "refunds": [
            _entry(
                "shop",
                "refunds",
                refund_id='"id"',
                order_id='"order_id"',
                order_line_id='"line_id"',
                refunded_at='"given_at"',
                amount='"amount"',
                currency='"cur"',
            )
        ],
        "products": [_entry("shop", "products", product_id='"id"', product='"title"', product_category='"kind"')],
        "customers": [
            _entry("shop", "customers", customer_id='"id"', email='"email"', country='"country"', created_at='"since"')
        ],
        "web_sessions": [
            _entry(
                "web",
                "visits",
                session_id='"id"',
                started_at='"started"',
                channel='"channel"',
                device='"device"',
                country='"country"',
                page_views='"pages"',
                is_bounce='"bounced"',
                has_add_to_cart='"cart"',
            )
        ],
        "ad_performance": [
            _entry(
                "ads",
                "costs",
                platform='"platform"',
                performance_on='"day"',
                campaign_id='"campaign_id"',
                campaign='"campaign"',
                channel="'paid_search'",
                spend='"cost"',
                currency='"cur"',
                impressions='"shown"',
                clicks='"clicked"',
            )
        ],
        "leads": [
            _entry(
                "crm",
                "leads",
                lead_id='"id"',
                created_at='"came_at"',
                email='"mail"',
                phone='"phone"',
                is_test='"test"',
                qualified_at='"qualified"',
                accepted_at='"accepted"',
                sales_rating='"grade"',
                channel="case when \"id\" = 'l1' then ' Trade-Fair ' end",
                source="case when \"id\" <> 'l4' then 'News_' || \"id\" end",
            )
        ],
        "opportunities": [
            _entry(
                "crm",
                "deals",
                opportunity_id='"id"',
                lead_id='"lead"',
                created_at='"opened"',
                closed_at='"closed"',
                is_won='"won"',
                amount='"value"',
                owner='"seller"',
            )
        ],
        "opportunity_stages": [
            _entry("crm", "moves", stage_entry_id='"id"', opportunity_id='"deal"', stage='"stage"', entered_at='"moved_at"')
        ],
        "sales_activities": [
            _entry(
                "crm",
                "tasks",
                activity_id='"id"',
                activity_kind='"what"',
                occurred_at='"done_at"',
                lead_id='"lead"',
                opportunity_id='"deal"',
                owner='"seller"',
            )
        ],
        "quotas": [
            _entry("crm", "goals", quota_id='"id"', month_on='"month"', amount='"goal"', currency='"cur"', owner='"seller"')
        ],
        "tickets": [
            _entry(
                "desk",
                "tickets",
                ticket_id='"id"',
                created_at='"opened"',
                solved_at='"solved"',
                reopen_count='"reopened"',
                customer_id='"asker"',
                ticket_channel='"via"',
            )
        ],
        "ticket_replies": [
            _entry(
                "desk",
                "replies",
                reply_id='"id"',
                ticket_id='"ticket"',
                replied_at='"sent_at"',
                author_kind='"who"',
                is_public='"visible"',
            )
        ],
        "survey_responses": [
            _entry(
                "desk",
                "ratings",
                response_id='"id"',
                survey='"kind"',
                sent_at='"sent"',
                responded_at='"answered"',
                score='"points"',
                ticket_id='"ticket"',
            )
        ],
        "agent_shifts": [
            _entry("desk", "shifts", shift_id='"id"', agent='"who"', team='"team"', starts_at='"begins"', ends_at='"ends"')
        ],
        "host_messages": [
            _entry(
                "desk",
                "questions",
                question_id='"id"',
                asked_at='"asked"',
                answered_at='"answered"',
                host='"seller"',
                customer_id='"asker"',
            )
        ],
        "inventory_movements": [
            _entry(
                "shop",
                "moves",
                movement_id='"id"',
                moved_on='"day"',
                product_id='"product"',
                movement_kind='"kind"',
                units='"units"',
            )
        ],
        "headcount": [
            _entry(
                "shop",
                "staff",
                month_on='"month"',
                team='"team"',
                headcount_start='"first"',
                headcount_end='"last"',
                leavers='"gone"',
            )
        ],
        "exchange_rates": [_entry("fx", "rates", rate_on='"day"', currency='"cur"', rate='"rate"')],
    },
}
