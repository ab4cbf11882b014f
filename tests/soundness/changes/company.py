"""A company of some dozen rows per table that changes: thirteen entities in three sources, each table in two files.

`Files` is what the owner of the files sees: rows by table, part and line. It is written as CSV, and rewritten by changes.
Business dates lie between 20 February and 20 May 2024 in Berlin, across the short Sunday of 31 March.
"""

from __future__ import annotations

import csv
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

FIRST = date(2024, 2, 20)
# So many members of one dimension on one day that the smallest fall together as 'other'.
CROWD = 53

WORKSPACE = """\
name: Changing company
timezone: Europe/Berlin
currency: EUR
history_start: 2024-02-01
clock: data_end
business_hours: {days: [mon, tue, wed, thu, fri], from: "09:00", to: "18:00"}
sources:
  shop:
    connector: files
    domain: sales
    path: files
    closes: {by: max_event_time, grace: 6h, entity: orders}
    settles_after: 10d
    tables:
      orders: {files: "orders_*.csv", read: {allow_empty: true, types: {id: text, buyer: text, visit: text, cur: text}}}
      lines: {files: "lines_*.csv", read: {allow_empty: true, types: {id: text, order_id: text, product: text}}}
      refunds: {files: "refunds_*.csv", read: {allow_empty: true, types: {id: text, order_id: text, line_id: text}}}
      customers: {files: "customers_*.csv", read: {allow_empty: true, types: {id: text, country: text, region: text, segment: text}}}
      products: {files: "products_*.csv", read: {allow_empty: true, types: {id: text, category: text}}}
      rates: {files: "rates_*.csv", read: {allow_empty: true, types: {cur: text}}}
    entities:
      orders:
        table: orders
        latest_by: version
        columns: {order_id: id, ordered_at: at, customer_id: buyer, session_id: visit, gross_amount: amount, currency: cur,
                  is_test: test}
      order_lines:
        # two tables feed one entity: a line has the time of its order
        query: >-
          select lines.id as order_line_id, lines.order_id, orders.at as ordered_at, lines.product as product_id,
          lines.units as quantity, lines.amount from lines inner join orders on lines.order_id = orders.id
      refunds:
        table: refunds
        columns: {refund_id: id, order_id: order_id, order_line_id: line_id, refunded_at: at, amount: amount}
      customers: {table: customers, columns: {customer_id: id, country: country, region: region, segment: segment}}
      products: {table: products, columns: {product_id: id, product_category: category}}
      exchange_rates: {table: rates, columns: {rate_on: day, currency: cur, rate: rate}}
  web:
    connector: files
    domain: marketing
    path: files
    closes: {by: max_event_time}
    settles_after: 5d
    tables:
      visits: {files: "visits_*.csv", read: {allow_empty: true, types: {id: text, channel: text, device: text, country: text}}}
      ads: {files: "ads_*.csv", read: {allow_empty: true, types: {campaign: text, channel: text, cur: text}}}
    entities:
      web_sessions:
        table: visits
        columns: {session_id: id, started_at: at, channel: channel, device: device, country: country, page_views: pages,
                  is_bounce: pages = 1}
      ad_performance:
        table: ads
        columns: {platform: "'ads'", performance_on: day, campaign_id: campaign, campaign: campaign, channel: channel,
                  currency: cur, spend: spend, impressions: views, clicks: clicks}
  desk:
    connector: files
    domain: support
    path: files
    timezone: America/New_York
    closes: {by: load_time, grace: 6h}
    settles_after: 7d
    tables:
      leads: {files: "leads_*.csv", read: {allow_empty: true, types: {id: text, email: text, channel: text, owner: text}}}
      deals: {files: "deals_*.csv", read: {allow_empty: true, types: {id: text, lead: text, owner: text}}}
      tickets: {files: "tickets_*.csv", read: {allow_empty: true, types: {id: text, buyer: text, team: text}}}
      replies: {files: "replies_*.csv", read: {allow_empty: true, types: {id: text, ticket: text, author: text}}}
      answers: {files: "answers_*.csv", read: {allow_empty: true, types: {id: text, survey: text, ticket: text, buyer: text}}}
    entities:
      leads:
        table: leads
        columns: {lead_id: id, created_at: at, email: email, channel: channel, owner: owner}
      opportunities:
        table: deals
        columns: {opportunity_id: id, lead_id: lead, created_at: at, closed_at: closed, is_won: won, owner: owner}
      tickets:
        table: tickets
        columns: {ticket_id: id, created_at: at, solved_at: solved, customer_id: buyer, team: team, reopen_count: reopened}
      ticket_replies:
        table: replies
        columns: {reply_id: id, ticket_id: ticket, replied_at: at, author_kind: author}
      survey_responses:
        table: answers
        columns: {response_id: id, survey: survey, sent_at: at, responded_at: answered, score: score, ticket_id: ticket,
                  customer_id: buyer}
"""

# Figures of the company's own, of the kinds that the shipped metrics lack: distinct, stock, trailing, to date, joined to a
# dimension table, and a model of its own that carries a fact over to other days.
OWN_MODEL = """\
select
    orders.order_id,
    orders.business_date + 45 as due_on,
    orders.customer_id,
    customers.region as due_region,
    orders.gross_amount as due_amount
from {{ ref('fct_orders') }} as orders
left join {{ ref('dim_customers') }} as customers
    on orders.customer_id = customers.customer_id
"""
OWN_SEMANTICS = """\
semantic_models:
  - name: company_buyers
    description: Orders, for counting who placed them
    model: ref('fct_orders')
    defaults: {agg_time_dimension: ordered_date}
    entities:
      - {name: company_order, type: primary, expr: order_id}
      - {name: customer, type: foreign, expr: customer_id}
    dimensions:
      - {name: ordered_date, type: time, expr: business_date, type_params: {time_granularity: day}}
    measures:
      - {name: company_buyers, agg: count_distinct, expr: customer_id}
      - name: last_sales
        agg: sum
        expr: gross_amount
        non_additive_dimension: {name: ordered_date, window_choice: max}
  - name: company_dues
    description: What is due 45 days after an order
    config: {meta: {entities: [orders]}}
    model: ref('order_dues')
    defaults: {agg_time_dimension: due_on}
    entities:
      - {name: due, type: primary, expr: order_id}
    dimensions:
      - {name: due_on, type: time, type_params: {time_granularity: day}}
      - {name: due_region, type: categorical}
    measures:
      - {name: dues, agg: sum, expr: due_amount}

metrics:
  - name: buyers
    label: Buyers
    description: Different customers who placed an order
    type: simple
    type_params: {measure: company_buyers}
    config:
      meta: {label: {en: Buyers, zh: 购买人数}, unit: count, direction: up, additivity: distinct, segments: [customer__customer_segment]}
  - name: last_sales
    label: Sales of the last day
    description: Sales of the last day with orders of a period
    type: simple
    type_params: {measure: last_sales}
    config:
      meta: {label: {en: Last sales, zh: 末日销售额}, unit: currency, direction: up, additivity: stock, segments: []}
  - name: sales_7d
    label: Sales of seven days
    description: Sales of the seven days that end with the day
    type: cumulative
    type_params:
      measure: gross_revenue
      cumulative_type_params: {window: 7 days}
    config:
      meta: {label: {en: Sales of 7 days, zh: 七日销售额}, unit: currency, direction: up, additivity: derived, grains: [day], segments: [channel]}
  - name: sales_to_date
    label: Sales since the start of the month
    description: Sales from the first of the month to the day
    type: cumulative
    type_params:
      measure: gross_revenue
      cumulative_type_params: {grain_to_date: month}
    config:
      meta: {label: {en: Sales to date, zh: 本月累计}, unit: currency, direction: up, additivity: derived, grains: [day], segments: []}
  - name: dues
    label: Dues
    description: What is due, by the day it is due
    type: simple
    type_params: {measure: dues}
    config:
      meta: {label: {en: Dues, zh: 到期款}, unit: currency, direction: up, additivity: additive, segments: [due__due_region]}
"""

# table -> columns; the first is what a change finds a row by (ads and rates: day and campaign or currency)
COLUMNS: dict[str, tuple[str, ...]] = {
    "orders": ("id", "at", "buyer", "visit", "amount", "cur", "test", "version"),
    "lines": ("id", "order_id", "product", "units", "amount"),
    "refunds": ("id", "order_id", "line_id", "at", "amount"),
    "customers": ("id", "country", "region", "segment"),
    "products": ("id", "category"),
    "rates": ("day", "cur", "rate"),
    "visits": ("id", "at", "channel", "device", "country", "pages"),
    "ads": ("day", "campaign", "channel", "cur", "spend", "views", "clicks"),
    "leads": ("id", "at", "email", "channel", "owner"),
    "deals": ("id", "lead", "at", "closed", "won", "owner"),
    "tickets": ("id", "at", "solved", "buyer", "team", "reopened"),
    "replies": ("id", "ticket", "at", "author"),
    "answers": ("id", "survey", "at", "answered", "score", "ticket", "buyer"),
}
KEYS = dict.fromkeys(COLUMNS, ("id",)) | {"rates": ("day", "cur"), "ads": ("day", "campaign")}
SOURCE_OF = {
    table: source
    for source, tables in {
        "shop": ("orders", "lines", "refunds", "customers", "products", "rates"),
        "web": ("visits", "ads"),
        "desk": ("leads", "deals", "tickets", "replies", "answers"),
    }.items()
    for table in tables
}

Row = dict[str, str]


@dataclass
class Files:
    """The rows of every file, by table and part ('a' or 'b')."""

    rows: dict[tuple[str, str], list[Row]]

    def copy(self) -> Files:
        return Files(deepcopy(self.rows))

    def parts(self, table: str) -> list[str]:
        """The parts of a table that exist as a file."""
        return [part for name, part in self.rows if name == table]

    def put(self, table: str, part: str, row: Row) -> None:
        """Write a row into a file: in the place of the one with the same key there, else at the end."""
        lines = self.rows.setdefault((table, part), [])
        key = KEYS[table]
        for at, found in enumerate(lines):
            if all(found[name] == row[name] for name in key):
                lines[at] = row
                return
        lines.append(row)

    def remove(self, table: str, part: str, place: int) -> None:
        """Take a row out of a file."""
        lines = self.rows.get((table, part), [])
        if lines:
            lines.pop(place % len(lines))

    def drop(self, table: str, part: str) -> None:
        """Delete a file; the last one of a table is emptied instead, because a table without files is an error."""
        if self.parts(table) == [part]:
            self.rows[table, part] = []
        else:
            self.rows.pop((table, part), None)

    def write(self, folder: Path) -> None:
        """Make the folder hold exactly these files; files that are as they were are not touched."""
        folder.mkdir(parents=True, exist_ok=True)
        wanted = {f"{table}_{part}.csv": (table, rows) for (table, part), rows in self.rows.items()}
        for path in folder.iterdir():
            if path.name not in wanted:
                path.unlink()
        for name, (table, rows) in wanted.items():
            lines = [",".join(COLUMNS[table])]
            lines += [",".join(row[column] for column in COLUMNS[table]) for row in rows]
            text = "\n".join([*lines, ""])
            path = folder / name
            if not path.exists() or path.read_text() != text:
                path.write_text(text)


def day(offset: int) -> str:
    """The day so many days after the first."""
    return (FIRST + timedelta(days=offset)).isoformat()


def _rows(table: str, text: str) -> list[Row]:
    return [dict(zip(COLUMNS[table], line, strict=True)) for line in csv.reader(text.strip().splitlines())]


def first_files() -> Files:
    """The company on its first morning: 60 days of it."""
    tables = {
        "orders": "\n".join(
            f"o{n},{day(at)} {hour:02}:30:00,c{buyer},{f'v{visit}' if visit else ''},{10 * n}.50,{cur},{test},1"
            for n, at, hour, buyer, visit, cur, test in (
                (1, 0, 8, 1, 1, "EUR", "false"), (2, 3, 23, 2, 2, "USD", "false"), (3, 25, 9, 1, 0, "EUR", "false"),
                (4, 39, 22, 3, 3, "EUR", "false"), (5, 40, 1, 4, 4, "GBP", "false"), (6, 55, 12, 2, 0, "EUR", "true"),
                (7, 60, 20, 3, 5, "USD", "false"),
            )
        ),
        "lines": "l1,o1,p1,1,6.00\nl2,o1,p2,2,4.50\nl3,o2,p1,1,20.50\nl4,o4,p3,3,40.50\nl5,o5,p9,1,50.50",
        "refunds": f"r1,o1,l1,{day(20)} 10:00:00,6.00\nr2,o2,,{day(8)} 10:00:00,5.00",
        "customers": "c1,DE,north,new\nc2,AT,south,loyal\nc3,,,",
        "products": "p1,toys\np2,books",
        "rates": f"{day(0)},USD,0.9\n{day(30)},USD,0.95\n{day(10)},GBP,1.2",
        "visits": "\n".join(
            f"v{n},{day(at)} {hour:02}:10:00,{channel},{device},{country},{pages}"
            for n, at, hour, channel, device, country, pages in (
                (1, 0, 8, "social", "mobile", "DE", 3), (2, 3, 22, "email", "desktop", "AT", 1),
                (3, 39, 21, "", "mobile", "", 2), (6, 41, 23, "social", "mobile", "DE", 1),
                (7, 60, 21, "email", "mobile", "DE", 5),
            )
        ),
        "ads": "\n".join(
            [f"{day(5)},crowd{n},social,EUR,{n}.10,{100 + n},{n}" for n in range(CROWD)]
            + [f"{day(at)},k1,social,USD,{at}.00,{50 + at},3" for at in (10, 40, 60)]
        ),
        "leads": "\n".join(
            f"a{n},{day(at)} {hour:02}:00:00,{email},{channel},{owner}"
            for n, at, hour, email, channel, owner in (
                (1, 1, 10, "ann@example.com", "social", "kim"), (2, 20, 3, "ann@example.com", "email", "lee"),
                (3, 45, 21, "bo@example.com", "", "kim"), (4, 59, 12, "none", "social", ""),
            )
        ),
        "deals": f"d1,a1,{day(5)} 10:00:00,{day(50)} 09:00:00,true,kim\nd2,a9,{day(30)} 10:00:00,{day(52)} 09:00:00,false,lee\n"
                 f"d3,a3,{day(50)} 10:00:00,,,kim",
        "tickets": f"t1,{day(2)} 12:00:00,{day(4)} 12:00:00,c1,red,0\nt2,{day(38)} 20:00:00,,c3,blue,0\n"
                   f"t3,{day(50)} 12:00:00,{day(58)} 12:00:00,c8,red,1",
        "replies": f"y1,t1,{day(3)} 09:00:00,agent\ny2,t2,{day(40)} 09:00:00,agent\ny3,t3,{day(51)} 09:00:00,bot",
        "answers": f"s1,csat,{day(5)} 10:00:00,{day(9)} 10:00:00,5,t1,c1\ns2,csat,{day(40)} 10:00:00,{day(58)} 10:00:00,2,t7,c3\n"
                   f"s3,nps,{day(41)} 10:00:00,{day(44)} 10:00:00,9,,c2\ns4,nps,{day(42)} 10:00:00,,,,c1",
    }  # fmt: skip
    files = Files({})
    for table, text in tables.items():
        rows = _rows(table, text)
        half = (len(rows) + 1) // 2
        files.rows[table, "a"], files.rows[table, "b"] = rows[:half], rows[half:]
    return files
