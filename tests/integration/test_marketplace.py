"""A marketplace of two sellers with a chat log: how long buyers wait for an answer. The demo company has no sellers.

Every expected number is counted by hand from the eleven messages below. Times are those of Berlin, on winter time (UTC + 1).
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.conftest import Kpi

pytestmark = pytest.mark.integration

WORKSPACE = """\
name: Small marketplace
timezone: Europe/Berlin
currency: EUR
history_start: 2026-01-01
clock: data_end
business_hours: {days: [mon, tue, wed, thu, fri], from: "09:00", to: "18:00"}
sources:
  chat:
    connector: files
    domain: support
    timezone: Europe/Berlin
    path: files
    closes: {by: max_event_time, entity: host_messages}
    tables:
      messages: {files: messages.csv}
      buyers: {files: buyers.csv}
    entities:
      customers: {table: buyers, columns: {customer_id: buyer, country: land}}
      host_messages:
        query: >-
          select
            q.id as question_id,
            q.sent_at as asked_at,
            min(a.sent_at) as answered_at,
            q.seller as host,
            q.buyer as customer_id
          from messages as q
          left join messages as a on a.answers = q.id and a.author = 'seller'
          where q.author = 'buyer'
          group by q.id, q.sent_at, q.seller, q.buyer
"""
MESSAGES = """\
id,author,buyer,seller,answers,sent_at
q1,buyer,b1,s1,,2026-01-05 09:00:00
a1,seller,b1,s1,q1,2026-01-05 09:10:00
a1b,seller,b1,s1,q1,2026-01-05 15:00:00
q2,buyer,b2,s1,,2026-01-05 22:00:00
a2,seller,b2,s1,q2,2026-01-06 06:00:00
q3,buyer,b1,s2,,2026-01-05 23:59:00
q4,buyer,b2,s2,,2026-01-07 00:30:00
a4,seller,b2,s2,q4,2026-01-07 01:10:00
q5,buyer,b1,s2,,2026-01-14 10:00:00
a5,seller,b1,s2,q5,2026-01-14 10:20:30
q6,buyer,b1,s2,,2026-02-02 10:00:00
"""
BUYERS = "buyer,land\nb1,DE\nb2,AT\n"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, kpi: Kpi) -> Path:
    root = tmp_path_factory.mktemp("marketplace")
    (root / "files").mkdir()
    (root / "workspace.yml").write_text(WORKSPACE, encoding="utf-8")
    (root / "files" / "messages.csv").write_text(MESSAGES, encoding="utf-8")
    (root / "files" / "buyers.csv").write_text(BUYERS, encoding="utf-8")
    done = kpi("run", "-w", root)
    assert done.returncode == 0, done.stderr + done.stdout
    return root


def values(root: Path, metric: str, grain: str, dimension: str = "") -> dict[tuple[str, str], tuple[float, float | None]]:
    """(period, member) -> value and number of observations of the closed periods."""
    with duckdb.connect(str((root / "published" / "current.duckdb").resolve()), read_only=True) as con:
        rows = con.execute(
            "select period_start::text, segment_value, value, n::double from mart.kpi_current"
            " where metric = ? and grain = ? and segment_dimension = ? and state <> 'open' and value is not null",
            [metric, grain, dimension],
        ).fetchall()
    return {(period, member): (value, n) for period, member, value, n in rows}


@pytest.mark.parametrize(
    ("grain", "expected"),
    [
        # 5 January: 10 minutes and 8 hours through the night, and one question that nobody answered
        ("day", {"2026-01-05": (245.0, 2), "2026-01-07": (40.0, 1), "2026-01-14": (20.5, 1)}),
        ("week", {"2026-01-05": (40.0, 3), "2026-01-12": (20.5, 1)}),
        # 10, 20.5, 40, 480
        ("month", {"2026-01-01": (30.25, 4)}),
    ],
)
def test_the_median_of_answered_questions(published: Path, grain: str, expected: dict[str, tuple[float, int]]) -> None:
    found = values(published, "host_response_minutes", grain)
    assert found == {(period, ""): pytest.approx(value) for period, value in expected.items()}


def test_by_the_country_of_the_buyer(published: Path) -> None:
    found = values(published, "host_response_minutes", "month", "country")
    assert found == {("2026-01-01", "DE"): (15.25, 2), ("2026-01-01", "AT"): (260.0, 2)}


def test_questions_and_answers_tell_who_is_missing(published: Path) -> None:
    assert values(published, "host_questions", "month")["2026-01-01", ""][0] == 5
    assert values(published, "host_answers", "month")["2026-01-01", ""][0] == 4


def test_nothing_but_the_messages_is_connected(published: Path) -> None:
    with duckdb.connect(str((published / "published" / "current.duckdb").resolve()), read_only=True) as con:
        found = con.execute("select metric from mart.dim_kpi where is_connected order by metric").fetchall()
    of_messages = {"host_answers", "host_questions", "host_response_minutes"}
    # the sign-ups are those of the customers, who are mapped for their country
    of_customers = {"activation_rate", "signups_activated", "signups_mature"}
    assert {name for (name,) in found} == of_messages | of_customers
