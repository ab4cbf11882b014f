"""Flags: an improvement beside a worse guardrail, both beyond the usual, by hand-made series."""

from __future__ import annotations

from datetime import date

import pytest

from metrics.alignment.guardrails import find_flags, flag_rows, moves, sentences
from metrics.values.closed import ClosedValues
from tests.unit.alignment.made_up import company, kpi, values
from tests.unit.values.company import Company

FIRST, CLOSED = date(2026, 1, 5), date(2026, 4, 26)  # sixteen weeks


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Time to first answer (down is good) is guarded by csat (up is good)."""
    return company(
        tmp_path_factory.mktemp("flags"),
        kpi("first_response_minutes", "guardrails: [csat]", "minimum_n: 30"),
        kpi("csat", "minimum_n: 30"),
    )


def calm(last: float, level: float, swing: float) -> list[float]:
    """Fifteen weeks up and down by ``swing`` around ``level``, then ``last``."""
    return [level + (swing / 2 if week % 2 else -swing / 2) for week in range(15)] + [last]


def weeks(minutes: list[float], csat: list[float], n: int = 100) -> ClosedValues:
    given = {("first_response_minutes", "week"): minutes, ("csat", "week"): csat}
    return values(given, FIRST, CLOSED, n)


def test_faster_answers_that_help_less_are_flagged(shop: Company) -> None:
    # the usual weekly move is 4 minutes and 2 points; from 58 to 40 are 18 (more than 12), from 0.79 to 0.70 are 9 (over 6)
    found = find_flags(shop.catalogue, weeks(calm(40, 60, 4), calm(0.70, 0.80, 0.02)))
    one = [flag for flag in found if flag.apart == 1]
    assert [(flag.metric, flag.guardrail, flag.gain.start, flag.is_latest) for flag in one] == [
        ("first_response_minutes", "csat", date(2026, 4, 20), True)
    ]
    assert (one[0].gain.usual, one[0].loss.usual) == pytest.approx((4, 0.02))
    english, chinese = sentences(shop.catalogue, "EUR", one[0])
    assert english.startswith(
        "First_Response_Minutes improved from 58.0 min to 40.0 min between 2026 W16 and 2026 W17, while"
    )
    assert "got worse from 79.00% to 70.00%" in english
    assert "2026 W16 至 2026 W17，" in chinese
    assert "从 58.0 分钟改善到 40.0 分钟，" in chinese
    assert chinese.endswith("前者的改善是否以牺牲后者为代价？")


@pytest.mark.parametrize(("minutes", "csat"), [
    (47, 0.70),  # 11 minutes are less than three times the usual 4
    (40, 0.735),  # 5.5 points are less than three times the usual 2
    (80, 0.70),  # slower and worse: no improvement to pay for
    (40, 0.90),  # faster and better
])  # fmt: skip
def test_what_is_usual_or_no_trade_is_not_flagged(shop: Company, minutes: float, csat: float) -> None:
    found = find_flags(shop.catalogue, weeks(calm(minutes, 60, 4), calm(csat, 0.80, 0.02)))
    assert [flag for flag in found if flag.apart == 1] == []


def test_few_observations_are_not_judged(shop: Company) -> None:
    assert find_flags(shop.catalogue, weeks(calm(40, 60, 4), calm(0.70, 0.80, 0.02), n=29)) == []


def test_open_periods_are_not_judged(shop: Company) -> None:
    given = weeks(calm(40, 60, 4), calm(0.70, 0.80, 0.02))
    given.closed_through["csat"] = date(2026, 4, 25)  # type: ignore[index]
    assert [flag for flag in find_flags(shop.catalogue, given) if flag.apart == 1] == []


def test_a_slow_trade_shows_over_four_weeks(shop: Company) -> None:
    # two minutes and one point a week in the last four: never beyond a weekly move, but 8 minutes against a usual 0.2 over four
    minutes = [60.0 + (0.1 if week % 8 < 4 else -0.1) for week in range(12)] + [58.0, 56.0, 54.0, 52.0]
    csat = [0.80 + (0.0005 if week % 8 < 4 else -0.0005) for week in range(12)] + [0.79, 0.78, 0.77, 0.76]
    noisy = [value + (2 if week % 2 else -2) for week, value in enumerate(minutes)]
    found = find_flags(shop.catalogue, weeks(noisy, csat))
    assert [flag.apart for flag in found if flag.is_latest] == [4]


def test_moves_need_eight_moves_before_them() -> None:
    points = weeks([60, 62] * 8, [0.8] * 16).points("first_response_minutes", "week")
    found = moves(points, "week", 1, 30)
    # the ninth move is the first with eight before it: that of the tenth week
    assert min(found) == date(2026, 3, 9)
    assert len(found) == 7


def test_rows_are_as_wide_as_the_table(shop: Company) -> None:
    from metrics.alignment.tables import ensure_alignment_tables
    from metrics.values.rows import insert_rows

    flags = find_flags(shop.catalogue, weeks(calm(40, 60, 4), calm(0.70, 0.80, 0.02)))
    ensure_alignment_tables(shop.con)
    insert_rows(shop.con, "mart.kpi_guardrail_flags", flag_rows(shop.catalogue, "EUR", flags))
    assert shop.con.execute("select count(*) from mart.kpi_guardrail_flags").fetchall() == [(len(flags),)]
