"""`kpi quarantine`: which rows could not be read, without showing what is in them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from metrics.withheld import may_be_personal, without_value
from tests.conftest import Kpi
from tests.unit.connectors.conftest import SmallWorkspace, csv_text

BAD = csv_text("1,2024-03-01,10", "2,2024-03-02,20", "3,2024-03-03,ten", "4,04.03.2024,40", "5,2024-03-05,50")


@pytest.fixture
def loaded(small: SmallWorkspace) -> Path:
    """A workspace with two of five rows in quarantine."""
    small.file("orders_1.csv", BAD)
    small.load()
    small.close()
    return small.folder


def test_file_line_reason_and_when_but_not_the_row(loaded: Path, kpi: Kpi) -> None:
    done = kpi("quarantine", "-w", loaded)
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["table", "file", "reason", "when"]
    assert lines[0].startswith("shop.orders orders_1.csv:4 price: 'ten' is no number")
    # A reason is never cut.
    assert lines[1].startswith("shop.orders orders_1.csv:5 created_at: '04.03.2024' is no time in the form")
    assert "YYYY-MM-DD HH:MM:SS" in done.stdout
    assert "3,2024-03-03,ten" not in done.stdout
    assert "3,2024-03-03,ten" in " ".join(kpi("quarantine", "shop", "--rows", "-w", loaded).stdout.split())


def test_a_value_that_may_be_personal_is_shown_only_with_the_rows(small: SmallWorkspace, kpi: Kpi) -> None:
    address, phone, words = "ann@example.com", "+49 30 1234567", "please call me back, I am at home"
    good = [f"{number},2024-03-01,10" for number in range(4, 30)]
    small.file(
        "orders_1.csv", csv_text(f"1,2024-03-01,{address}", f"2,2024-03-01,{phone}", f'3,2024-03-01,"{words}"', *good)
    )
    small.load()
    # The table keeps what the file had.
    kept = small.query("select value, reason from raw.ops.quarantine order by line")
    assert kept == [(text, f"'{text}' is no number") for text in (address, phone, words)]
    small.close()
    for form in ("table", "csv", "json"):
        said = kpi("quarantine", "-f", form, "-w", small.folder).stdout
        assert not [text for text in (address, phone, "call me") if text in said]
    reasons = [row["reason"] for row in json.loads(kpi("quarantine", "-f", "json", "-w", small.folder).stdout)]
    assert reasons == [f"a text of {length} characters is no number" for length in (15, 14, 33)]
    shown = json.loads(kpi("quarantine", "--rows", "-f", "json", "-w", small.folder).stdout)
    assert [row["reason"] for row in shown] == [reason for _, reason in kept]


def test_a_load_that_is_refused_does_not_quote_it_either(small: SmallWorkspace) -> None:
    small.file("orders_1.csv", csv_text("1,2024-03-01,10", "2,2024-03-01,ann@example.com", "3,2024-03-01,bob@example.com"))
    said = small.refusal()
    assert "column 'price': a text of 15 characters is no number; 2 of 3 rows cannot be read." in said


@pytest.mark.parametrize(
    ("value", "hidden"),
    [
        ("ten", False), ("5 euros", False), ("04.03.2024", False), ("2026-02-30 10:00:00", False), ("1.234.567", False),
        ("2026-02-30T10:00:00.123456Z", False), ("99999-01-01 10:00:00", False), ("a@b", True), ("030 1234 5678", True),
        ("078-05-1120", True), ("x" * 20, False), ("x" * 21, True), ("2026-02-30 ann", True),
        # What a column of amounts or times is most often given, in the way of another country.
        ("1.234.567,89", False), ("1,234,567.89 USD", False), ("12 345 678.90", False), ("-Fr. 1'250.50", False),
        ("2026-02-30T10:00:00+01:00", False), ("01/31/2026 10:00 AM", False), ("20260231", False), ("n/a", False),
        ("555-1234", True), ("079 123 456", True), ("40010299", True), ("Anna Meier", True), ("Bahnhofstrasse 1", True),
        ("anna＠x.org", True),
    ],
)  # fmt: skip
def test_what_may_be_personal(value: str, hidden: bool) -> None:
    assert may_be_personal(value) == hidden


def test_a_long_value_is_withheld_where_the_reason_quotes_a_part_of_it() -> None:
    long = "ann@example.com " * 5
    assert without_value(f"'{long[:57]}...' is no number", long) == "a text of 80 characters is no number"
    assert without_value("Expected 3 columns", None) == "Expected 3 columns"


def test_machines_get_everything(loaded: Path, kpi: Kpi) -> None:
    found = json.loads(kpi("quarantine", "-f", "json", "-w", loaded).stdout)
    assert [(row["table"], row["file"], row["line"], row["column"]) for row in found] == [
        ("shop.orders", "orders_1.csv", 4, "price"), ("shop.orders", "orders_1.csv", 5, "created_at"),
    ]  # fmt: skip
    assert list(found[0]) == ["table", "file", "line", "column", "reason", "when"]
    (first,) = csv.DictReader(kpi("quarantine", "--limit", "1", "-f", "csv", "-w", loaded).stdout.splitlines())
    assert first["line"] == "4"


def test_a_limit_says_what_it_leaves_out(loaded: Path, kpi: Kpi) -> None:
    lines = kpi("quarantine", "--limit", "1", "-w", loaded).stdout.splitlines()
    assert lines[-1] == "... and 1 more: --limit 2 shows all."
    assert len(lines) == 3


def test_nothing_is_said_clearly(small: SmallWorkspace, kpi: Kpi) -> None:
    small.file("orders_1.csv", csv_text("1,2024-03-01,10"))
    folder = small.workspace.root
    done = kpi("quarantine", "-w", folder)
    assert (done.returncode, done.stderr) == (
        1, f"kpi: Small: nothing is loaded yet. Run `kpi run --workspace {folder}` first.\n"
    )  # fmt: skip
    small.load()
    small.close()
    assert kpi("quarantine", "-w", folder).stdout == "No row is in quarantine.\n"
    done = kpi("quarantine", "shp", "-w", folder)
    assert done.stderr == "kpi: workspace.yml has no source 'shp'. Did you mean 'shop'? It has: shop.\n"
