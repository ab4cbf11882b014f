"""A company in which every kind of difference occurs, small enough to add up by hand."""

from __future__ import annotations

from pathlib import Path

WORKSPACE = """\
name: Small company
timezone: UTC
currency: EUR
history_start: 2024-01-01
clock: data_end
sources:
  shop:
    connector: files
    domain: sales
    path: files
    tables:
      orders: {files: "orders_*.csv"}
      lines: {files: lines.csv}
      refunds: {files: refunds.csv}
      rates: {files: rates.csv}
      deals: {files: deals.csv}
      tickets: {files: tickets.csv}
      surveys: {files: surveys.csv}
    entities:
      orders:
        table: orders
        latest_by: updated_at
        columns: {order_id: id, ordered_at: created_at, gross_amount: total, currency: currency, is_test: test}
      order_lines:
        query: >-
          select l.line_id as order_line_id, l.order_id as order_id, o.created_at as ordered_at, l.amount as amount,
            o.currency as currency
          from lines as l inner join orders as o on l.order_id = o.id
      refunds:
        table: refunds
        columns: {refund_id: id, order_id: order_id, refunded_at: at, amount: amount}
      exchange_rates:
        table: rates
        columns: {rate_on: day, currency: currency, rate: rate}
      opportunities:
        table: deals
        columns: {opportunity_id: id, created_at: opened_at, closed_at: closed_at, is_won: won, amount: value}
      tickets:
        table: tickets
        columns: {ticket_id: id, created_at: at, is_test: test}
      survey_responses:
        table: surveys
        columns: {response_id: id, survey: survey, sent_at: sent, responded_at: answered, score: score}
"""
FILES = {
    # Order 1 came twice, first with 100; order 2 twice as it is; order 3 is a test; the last line has no date.
    "orders_1.csv": """\
id,created_at,updated_at,total,currency,test
1,2024-05-01 10:00:00,2024-05-01 10:00:00,100.00,EUR,false
1,2024-05-01 10:00:00,2024-05-02 10:00:00,90.00,EUR,false
2,2024-05-01 11:00:00,2024-05-01 11:00:00,50.00,EUR,false
2,2024-05-01 11:00:00,2024-05-01 11:00:00,50.00,EUR,false
3,2024-05-01 12:00:00,2024-05-01 12:00:00,500.00,EUR,true
6,yesterday,2024-05-01 12:00:00,10.00,EUR,false
""",
    # In dollars; then a quote that is never closed, which takes the line after it along.
    "orders_2.csv": """\
id,created_at,updated_at,total,currency,test
4,2024-05-02 10:00:00,2024-05-02 10:00:00,40.00,USD,false
5,2024-05-02 11:00:00,2024-05-02 11:00:00,33.33,usd,false
7,"2024-05-02 12:00:00,2024-05-02 12:00:00,70.00,EUR,false
8,2024-05-02 12:00:00,2024-05-02 12:00:00,80.00,EUR,false
""",
    # Orders 1 and 2 stand twice in the raw table, so the query repeats their lines; order 99 is not there.
    "lines.csv": "line_id,order_id,amount\nl1,1,90.00\nl2,2,50.00\nl3,3,500.00\nl4,4,40.00\nl5,99,7.00\n",
    "refunds.csv": "id,order_id,at,amount\nr1,1,2024-05-02 09:00:00,10.00\nr2,3,2024-05-02 09:30:00,20.00\nr3,4,2024-05-02 11:00:00,5.00\n",
    "rates.csv": "day,currency,rate\n2024-05-01,USD,0.9\n",
    "deals.csv": "id,opened_at,closed_at,won,value\nd1,2024-05-01 08:00:00,2024-05-02 08:00:00,true,1000\nd2,2024-05-01 09:00:00,,,300\n",
    "tickets.csv": "id,at,test\nt1,2024-05-01 08:00:00,false\nt2,2024-05-01 09:00:00,true\n",
    "surveys.csv": """\
id,survey,sent,answered,score
s1,csat,2024-05-01 08:00:00,2024-05-01 09:00:00,5
s2,csat,2024-05-01 08:00:00,,
s3,employee_satisfaction,2024-05-01 08:00:00,2024-05-01 09:00:00,1
""",
}
# (source, currency, step, rows, amount), worked out by hand from the lines above.
ORDERS = [
    ("shop", "", "read", 10, None),
    ("shop", "", "- quarantined", -3, None),
    ("shop", "", "raw", 7, None),
    ("shop", "", "mapped", 7, None),
    # 100 + 90 + 50 + 50 + 500
    ("shop", "EUR", "mapped", 5, "790.0000"),
    # The 100 that became 90, and the second 50.
    ("shop", "EUR", "- repeated_key", -2, "-150.0000"),
    ("shop", "EUR", "staging", 3, "640.0000"),
    ("shop", "EUR", "- test_order", -1, "-500.0000"),
    ("shop", "EUR", "- currency_conversion", None, "0.0000"),
    ("shop", "EUR", "- no_exchange_rate", None, "0.0000"),
    ("shop", "EUR", "fact", 2, "140.0000"),
    # 40 + 33.33, of which a euro is nine tenths: 36 + 29.997
    ("shop", "USD", "mapped", 2, "73.3300"),
    ("shop", "USD", "- repeated_key", 0, "0.0000"),
    ("shop", "USD", "staging", 2, "73.3300"),
    ("shop", "USD", "- test_order", 0, "0.0000"),
    ("shop", "USD", "- currency_conversion", None, "-7.3330"),
    ("shop", "USD", "- no_exchange_rate", None, "0.0000"),
    ("shop", "USD", "fact", 2, "65.9970"),
    ("all sources", "EUR", "facts", 4, "205.9970"),
    ("all sources", "EUR", "fact table", 4, "205.9970"),
    ("all sources", "EUR", "metric table", 4, "205.9970"),
]
ORDER_LINES = [
    ("shop", "", "read", 5, None),
    ("shop", "", "- quarantined", 0, None),
    ("shop", "", "raw", 5, None),
    ("shop", "", "- left_out_by_query", -1, None),
    ("shop", "", "- repeated_by_query", 2, None),
    ("shop", "", "mapped", 6, None),
    # 2 x 90 + 2 x 50 + 500
    ("shop", "EUR", "mapped", 5, "780.0000"),
    ("shop", "EUR", "- repeated_key", -2, "-140.0000"),
    ("shop", "EUR", "staging", 3, "640.0000"),
    ("shop", "EUR", "- of_test_order", -1, "-500.0000"),
    ("shop", "EUR", "- currency_of_order", 0, "0.0000"),
    ("shop", "EUR", "- currency_conversion", None, "0.0000"),
    ("shop", "EUR", "- no_exchange_rate", None, "0.0000"),
    ("shop", "EUR", "fact", 2, "140.0000"),
    ("shop", "USD", "mapped", 1, "40.0000"),
    ("shop", "USD", "- repeated_key", 0, "0.0000"),
    ("shop", "USD", "staging", 1, "40.0000"),
    ("shop", "USD", "- of_test_order", 0, "0.0000"),
    ("shop", "USD", "- currency_of_order", 0, "0.0000"),
    ("shop", "USD", "- currency_conversion", None, "-4.0000"),
    ("shop", "USD", "- no_exchange_rate", None, "0.0000"),
    ("shop", "USD", "fact", 1, "36.0000"),
    ("all sources", "EUR", "facts", 3, "176.0000"),
    ("all sources", "EUR", "fact table", 3, "176.0000"),
]
# The last steps of the others: what the metric counts, and what it leaves out.
# No refund names a currency; the five given back for order 4 are its dollars.
REFUNDS = [
    ("shop", "EUR", "staging", 3, "35.0000"),
    ("shop", "EUR", "- of_test_order", -1, "-20.0000"),
    ("shop", "EUR", "- currency_of_order", -1, "-5.0000"),
    ("shop", "EUR", "- currency_conversion", None, "0.0000"),
    ("shop", "EUR", "fact", 1, "10.0000"),
    ("shop", "USD", "- currency_of_order", 1, "5.0000"),
    ("shop", "USD", "- currency_conversion", None, "-0.5000"),
    ("shop", "USD", "fact", 1, "4.5000"),
    ("all sources", "EUR", "metric table", None, "14.5000"),
]
TICKETS = [("shop", "", "- test_ticket", -1, None), ("all sources", "", "metric table", 1, None)]
OPPORTUNITIES = [("all sources", "EUR", "- not_closed", -1, None), ("all sources", "EUR", "metric table", 1, None)]
SURVEYS = [
    ("all sources", "", "- not_answered", -1, None),
    ("all sources", "", "- no_metric_of_this_survey", -1, None),
    ("all sources", "", "metric table", 1, None),
]


def write_company(root: Path) -> None:
    """Write workspace.yml and the files."""
    (root / "files").mkdir(parents=True)
    (root / "workspace.yml").write_text(WORKSPACE, encoding="utf-8")
    for name, text in FILES.items():
        (root / "files" / name).write_text(text, encoding="utf-8")
