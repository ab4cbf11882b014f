"""Which cells are hidden, worked out by hand, and the ways in which a reader could get them back."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.values.small_cells import NO_PERSONS, Cell, Parts, Place, hidden_cells, lone_places

JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)
SHARE = {"orders": Parts(), "sessions": Parts(), "conversion_rate": Parts(frozenset({"orders", "sessions"}))}


def cells(metric: str, period: date = JANUARY, **counts: float | None) -> dict[Cell, float | None]:
    """Persons by country."""
    return {Cell(metric, "country", period, member): count for member, count in counts.items()}


def hidden(persons: dict[Cell, float | None], parts: dict[str, Parts] | None = None, least: int = 5) -> set[str]:
    """What is hidden, as ``metric member``."""
    return {f"{cell.metric} {cell.member}" for cell in hidden_cells(persons, parts or {}, least, disjoint(persons))}


def disjoint(persons: dict[Cell, float | None]) -> dict[Place, float]:
    """Nobody is in two of the cells: a person has one country."""
    return {cell[:3]: 0 for cell in persons}


def test_nothing_is_hidden_where_everybody_has_company() -> None:
    assert hidden(cells("orders", AT=5, BE=6, DE=20)) == set()


def test_one_small_cell_takes_the_smallest_other_with_it() -> None:
    # total 29: with AT alone hidden, 29 - 6 - 20 = 3
    assert hidden(cells("orders", AT=3, BE=6, DE=20)) == {"orders AT", "orders BE"}


def test_two_small_cells_that_are_few_together_take_a_third() -> None:
    # total 32: 32 - 9 - 20 = 3 persons in AT and BE
    assert hidden(cells("orders", AT=1, BE=2, CH=9, DE=20)) == {"orders AT", "orders BE", "orders CH"}


def test_two_small_cells_that_are_enough_together_protect_each_other() -> None:
    assert hidden(cells("orders", AT=2, BE=3, DE=20)) == {"orders AT", "orders BE"}


def by_channel(**counts: float) -> dict[Cell, float | None]:
    """Persons by channel, of whom some come by several."""
    return {Cell("orders", "channel", JANUARY, member): count for member, count in counts.items()}


CHANNELS = ("orders", "channel", JANUARY)


def test_persons_in_two_hidden_cells_are_counted_once() -> None:
    # mail is p1, search is p1 to p4: the total less social is the orders of four persons, so social goes with them
    persons = by_channel(email=1, search=4, social=20)
    for repeated in ({CHANNELS: 1.0}, {}):  # 25 added up, 24 distinct; and where nobody knows who is counted twice
        found = hidden_cells(persons, {}, 5, repeated)
        assert {cell.member for cell in found} == {"email", "search", "social"}
        assert lone_places(persons, found, 5, repeated) == set()
    # five persons, none of them in both
    assert {cell.member for cell in hidden_cells(persons, {}, 5, {CHANNELS: 0})} == {"email", "search"}


def test_hidden_cells_that_share_persons_and_are_everything_are_lone() -> None:
    # three by mail, four by search, four persons in all: the total is theirs
    persons = by_channel(email=3, search=4)
    assert lone_places(persons, hidden_cells(persons, {}, 5, {CHANNELS: 3}), 5, {CHANNELS: 3}) == {CHANNELS}
    # six in all: four at least are in search, but 7 - 1 = 6 in both
    assert lone_places(persons, hidden_cells(persons, {}, 5, {CHANNELS: 1}), 5, {CHANNELS: 1}) == set()


def test_the_persons_of_a_large_hidden_cell_are_enough_whoever_they_are() -> None:
    # six by search: with or without the one by mail, no fewer than six
    persons = by_channel(email=1, search=6, social=20)
    assert {cell.member for cell in hidden_cells(persons, {}, 5, {})} == {"email", "search"}


def test_a_cell_without_anybody_is_shown_and_protects_nothing() -> None:
    assert hidden(cells("orders", AT=3, BE=0, CH=7, DE=20)) == {"orders AT", "orders CH"}


def test_where_nothing_is_left_to_hide_the_whole_dimension_is_hidden() -> None:
    assert hidden(cells("orders", AT=1, DE=7)) == {"orders AT", "orders DE"}
    assert hidden(cells("orders", AT=1)) == {"orders AT"}


def test_a_cell_that_is_the_total_is_lone() -> None:
    # one refund of the month: hidden, it is the total, so nothing may say that it is Germany's
    persons = cells("refunds", DE=1)
    assert lone_places(persons, hidden_cells(persons, {}, 5, disjoint(persons)), 5, disjoint(persons)) == {
        ("refunds", "country", JANUARY)
    }


def test_the_members_without_anybody_go_with_a_cell_that_is_the_total() -> None:
    # shown, the zeros of Austria and Belgium would leave Germany
    persons = cells("refunds", AT=0, BE=0, DE=1) | cells("refunds", FEBRUARY, AT=0, BE=4, DE=3)
    found = hidden_cells(persons, {}, 5, disjoint(persons))
    assert {(cell.member, cell.period) for cell in found} == {
        ("AT", JANUARY), ("BE", JANUARY), ("DE", JANUARY), ("BE", FEBRUARY), ("DE", FEBRUARY),
    }  # fmt: skip
    assert lone_places(persons, found, 5, disjoint(persons)) == {("refunds", "country", JANUARY)}


def test_a_difference_does_not_tell_the_zero_that_is_hidden() -> None:
    # gross less net of Austria would be its refunds, 0, and leave Germany
    parts = {"refunds": Parts(), "gross": Parts(), "net": Parts(frozenset({"gross", "refunds"}))}
    persons = cells("refunds", AT=0, DE=1) | cells("gross", AT=9, DE=9) | cells("net", AT=9, DE=9)
    assert {"net AT", "net DE", "refunds AT", "refunds DE"} <= hidden(persons, parts)


def test_an_unknown_number_of_persons_is_hidden_and_protects_nothing() -> None:
    assert hidden(cells("orders", AT=None, BE=9, DE=20)) == {"orders AT", "orders BE"}


def test_periods_and_dimensions_are_judged_for_themselves() -> None:
    persons = cells("orders", AT=3, BE=6, DE=20) | cells("orders", FEBRUARY, AT=8, BE=6, DE=20)
    persons |= {Cell("orders", "device", JANUARY, member): 14 for member in ("mobile", "desktop")}
    assert {(cell.dimension, cell.period) for cell in hidden_cells(persons, {}, 5, disjoint(persons))} == {
        ("country", JANUARY)
    }


def test_a_rate_does_not_give_its_hidden_numerator_away() -> None:
    # 0.03 x 100 visits would be the 3 orders of AT; visits themselves are many and stay
    persons = cells("orders", AT=3, BE=6, DE=20) | cells("sessions", AT=100, BE=90, DE=400)
    persons |= cells("conversion_rate", AT=100, BE=90, DE=400)
    assert hidden(persons, SHARE) == {"orders AT", "orders BE", "conversion_rate AT", "conversion_rate BE"}


def test_a_metric_that_shows_the_same_count_as_its_n_is_hidden_with_it() -> None:
    parts = {"orders": Parts(), "gross_revenue": Parts(frozenset({"orders"}))}
    persons = cells("orders", AT=3, BE=6, DE=20) | cells("gross_revenue", AT=NO_PERSONS, BE=NO_PERSONS, DE=NO_PERSONS)
    assert hidden(persons, parts) == {"orders AT", "orders BE", "gross_revenue AT", "gross_revenue BE"}


def test_a_small_rate_hides_the_zero_in_its_numerator() -> None:
    # no valid lead among the two of AT: shown, the 0 would say what both did
    parts = {"leads": Parts(), "valid_leads": Parts(), "valid_lead_rate": Parts(frozenset({"leads", "valid_leads"}))}
    persons = cells("leads", AT=2, BE=6, DE=20) | cells("valid_leads", AT=0, BE=6, DE=15)
    persons |= cells("valid_lead_rate", AT=2, BE=6, DE=20)
    assert {"valid_leads AT", "leads AT", "valid_lead_rate AT"} <= hidden(persons, parts)


def test_what_says_nothing_about_persons_stays() -> None:
    parts = {
        "ad_spend": Parts(is_personal=False),
        "new_customers": Parts(),
        "cac": Parts(frozenset({"ad_spend", "new_customers"})),
    }
    persons = cells("ad_spend", AT=NO_PERSONS, BE=NO_PERSONS, DE=NO_PERSONS) | cells("new_customers", AT=2, BE=7, DE=9)
    persons |= cells("cac", AT=2, BE=7, DE=9)
    assert hidden(persons, parts) == {"new_customers AT", "new_customers BE", "cac AT", "cac BE"}


def test_two_metrics_hide_the_same_members() -> None:
    # of the paid orders, CH is the smallest that is left: hiding it instead of BE would show BE, and bound AT by it
    persons = cells("orders", AT=3, BE=6, CH=7, DE=20) | cells("paid_orders", AT=2, BE=6, CH=5, DE=20)
    assert hidden(persons) == {"orders AT", "orders BE", "paid_orders AT", "paid_orders BE"}


def test_growth_gives_no_other_month_away() -> None:
    parts = {"revenue": Parts(), "growth": Parts(frozenset({"revenue"}), is_shifted=True)}
    persons = cells("revenue", AT=3, BE=6, DE=9) | cells("revenue", FEBRUARY, AT=9, BE=9, DE=9)
    persons |= cells("growth", FEBRUARY, AT=NO_PERSONS, BE=NO_PERSONS, DE=NO_PERSONS)
    assert {"growth AT", "growth BE"} <= hidden(persons, parts)


COUNTS = st.lists(st.integers(0, 12), min_size=1, max_size=6)


@settings(max_examples=200, deadline=None)
@given(orders=COUNTS, factor=st.integers(1, 9), least=st.integers(2, 6))
def test_no_small_cell_is_shown_and_none_follows(orders: list[int], factor: int, least: int) -> None:
    names = "ABCDEF"[: len(orders)]
    persons = cells("orders", **dict(zip(names, orders, strict=True)))
    visits = {name: count * factor + factor for name, count in zip(names, orders, strict=True)}
    persons |= cells("sessions", **visits) | cells("conversion_rate", **visits)
    found = hidden_cells(persons, SHARE, least, disjoint(persons))
    for metric in SHARE:
        mine = {cell: count or 0 for cell, count in persons.items() if cell.metric == metric}
        concealed = {cell: count for cell, count in mine.items() if cell in found}
        shown = {cell: count for cell, count in mine.items() if cell not in found}
        assert not any(0 < count < least for count in shown.values())
        # the total less what is shown is the sum of the hidden: of two or more cells, and of enough persons; otherwise
        # nothing is shown, and nothing may be named
        is_protected = len(concealed) > 1 and sum(concealed.values()) >= least
        assert not concealed or is_protected or not shown
        assert (
            (metric, "country", JANUARY) in lone_places(persons, found, least, disjoint(persons))
            or not concealed
            or is_protected
        )
    for cell in persons:
        if cell.metric == "conversion_rate" and cell not in found:
            assert cell._replace(metric="orders") not in found
