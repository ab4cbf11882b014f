"""control_totals of workspace.yml: the periods they may name, and one clear line for what is wrong with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from metrics.errors import WorkspaceError
from metrics.workspace import load_workspace
from metrics.workspace.control_totals import period_days
from tests.unit.workspace.conftest import HEAD, SHOP

Write = Callable[..., Path]


def with_controls(text: str) -> str:
    return HEAD + SHOP + f"    control_totals: {text}\n"


def test_amounts_are_exact_and_periods_are_texts(write_workspace: Write) -> None:
    text = "{orders: [{period: 2024, amount: 1234567.89}, {period: 2024-05-01, rows: 3, tolerance: 0.005}]}"
    whole, day = load_workspace(write_workspace(with_controls(text))).sources["shop"].control_totals["orders"]
    assert (whole.period, whole.amount, whole.tolerance) == ("2024", Decimal("1234567.89"), 0)
    assert (day.period, day.rows, day.tolerance) == ("2024-05-01", 3, Decimal("0.005"))


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2024", (2024, 1, 1), (2024, 12, 31)),
        ("2024-Q1", (2024, 1, 1), (2024, 3, 31)),
        ("2024-Q4", (2024, 10, 1), (2024, 12, 31)),
        ("2024-02", (2024, 2, 1), (2024, 2, 29)),
        ("2024-12", (2024, 12, 1), (2024, 12, 31)),
        ("2024-02-29", (2024, 2, 29), (2024, 2, 29)),
    ],
)
def test_periods(period: str, first: tuple[int, int, int], last: tuple[int, int, int]) -> None:
    assert period_days(period) == (dt.date(*first), dt.date(*last))


@pytest.mark.parametrize("period", ["", "May", "2024-13", "2024-Q5", "2023-02-29", "2024-05-1", "24-05", "2024-00"])
def test_no_periods(period: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        period_days(period)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{orders: [{period: '2024-02-30', rows: 1}]}", "should be a period such as 2026, 2026-Q2, 2026-05 or 2026-05-31"),
        (
            "{oders: [{period: 2024, rows: 1}]}",
            "control_totals of shop.oders: oders is not mapped there. Did you mean 'orders'?",
        ),
        ("{orders: [{rows: 1}]}", "needs either `period:` with rows or amount, or `file:`"),
        ("{orders: [{period: 2024, file: x.csv}]}", "needs either `period:` with rows or amount, or `file:`"),
        ("{orders: [{period: 2024}]}", "needs `rows:` or `amount:` beside `period:`"),
        ("{orders: [{file: x.csv, rows: 1}]}", "has `file:`, whose rows and amounts stand in the file"),
        ("{orders: [{period: 2024, rows: 1, tolerance: 5}]}", "should be less than or equal to 1"),
        ("{orders: [{period: 2024, row: 1}]}", "has no key 'row'. Did you mean 'rows'?"),
    ],
)
def test_one_line_for_what_is_wrong(write_workspace: Write, text: str, expected: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        load_workspace(write_workspace(with_controls(text)))
    assert expected in str(caught.value)
    assert str(caught.value).startswith("workspace.yml:16: ")
