"""Formulas of drivers: what is read, what is refused and where, and what they come to."""

from __future__ import annotations

import contextlib
import random

import pytest

from metrics.catalogue.drivers import DriversError, Name, Number, Operation, parse_drivers
from metrics.errors import CatalogueError

VALUES = {
    "sessions": 550.0,
    "conversion_rate": 0.03,
    "average_order_value": 60.0,
    "refunds": 90.0,
    "nothing": 0.0,
    "gap": None,
}


def test_a_formula_knows_its_metrics_once_in_their_order() -> None:
    formula = parse_drivers("(won + won_late) / (lost + won)")
    assert formula.metrics == ("won", "won_late", "lost")
    assert formula.tree == Operation(
        "/", Operation("+", Name("won"), Name("won_late")), Operation("+", Name("lost"), Name("won"))
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sessions * conversion_rate * average_order_value", 990.0),
        ("sessions*conversion_rate*average_order_value-refunds", 900.0),
        # from left to right within one rank
        ("sessions - refunds - refunds", 370.0),
        ("sessions / refunds / 2", 550 / 90 / 2),
        ("sessions - (refunds - refunds)", 550.0),
        ("1 - conversion_rate", 0.97),
        ("refunds / sessions * 1000", 90 / 550 * 1000),
        ("\n  ( sessions )\n", 550.0),
        ("sessions / nothing", None),
        ("sessions + gap", None),
        ("gap * nothing", None),
    ],
)
def test_what_it_comes_to(text: str, expected: float | None) -> None:
    found = parse_drivers(text).evaluate(VALUES)
    assert found is None if expected is None else found == pytest.approx(expected, rel=1e-12)


def test_a_value_that_is_not_there_at_all_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError, match="orders"):
        parse_drivers("orders / sessions").evaluate(VALUES)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it ends where a metric, a number or '(' should stand"),
        ("sessions *", "it ends where a metric, a number or '(' should stand"),
        ("sessions conversion_rate", "'conversion_rate' at 10 does not belong there"),
        ("sessions ** 2", "'*' at 11 does not belong there"),
        ("sessions ^ 2", "'^' at 10 does not belong there"),
        ("-sessions", "'-' at 1 does not belong there"),
        ("(sessions", "a ')' is missing at the end"),
        ("sessions)", "')' at 9 does not belong there"),
        ("()", "')' at 2 does not belong there"),
        ("max(sessions, 2)", "'(' at 4 does not belong there"),
        ("__import__('os')", "'(' at 11 does not belong there"),
        ("sessions.real", "'.' at 9 does not belong there"),
        ("sessions; orders", "';' at 9 does not belong there"),
        ("访问量 * 2", "'访' at 1 does not belong there"),
        ("1e9 * sessions", "'e9' at 2 does not belong there"),
        ("orders / 0", "what stands at 10 is 0, and nothing can be divided by it"),
        ("orders / 0.0", "what stands at 10 is 0, and nothing can be divided by it"),
        ("orders * (sessions / (2 - 2))", "what stands at 22 is 0, and nothing can be divided by it"),
        ("100", "it names no metric"),
        ("1 - (2 * 3)", "it names no metric"),
        ("(" * 21 + "a" + ")" * 21, "it has more than 20 parentheses within each other"),
        ("a" + " + a" * 200, "the formula has 801 characters, expected at most 500"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(DriversError) as caught:
        parse_drivers(text)
    assert str(caught.value) == problem
    assert any("一" <= sign <= "鿿" for sign in caught.value.chinese), caught.value.chinese


def test_parsed_formulas_agree_with_pythons_own_arithmetic() -> None:
    chance = random.Random(7)
    names = ["a", "b", "c_2"]

    def text(depth: int) -> str:
        if not depth:
            return chance.choice([*names, "2", "0.5"])
        inner = f"{text(depth - 1)} {chance.choice('+-*/')} {text(chance.randrange(depth))}"
        return f"({inner})" if chance.random() < 0.4 else inner

    for _ in range(300):
        formula, values = text(4), {name: chance.uniform(1, 9) for name in names}
        if not any(name in formula for name in names):
            continue
        try:
            expected = eval(formula, {"__builtins__": {}}, dict(values))
        except ZeroDivisionError:
            # values of chance are never equal to each other: only constants, or a term less itself, come to 0
            with contextlib.suppress(CatalogueError):
                assert parse_drivers(formula).evaluate(values) is None
            continue
        assert parse_drivers(formula).evaluate(values) == pytest.approx(expected, rel=1e-9)
        assert set(parse_drivers(formula).metrics) == {name for name in names if name in formula}


def test_a_number_is_a_constant() -> None:
    assert parse_drivers("100 - churn").tree == Operation("-", Number(100), Name("churn"))
