"""`kpi quarantine`: which rows could not be read, without showing what is in them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

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
    assert kpi("quarantine", "-w", folder).stdout == "No row is in quarantine: all could be read.\n"
    done = kpi("quarantine", "shp", "-w", folder)
    assert done.stderr == "kpi: workspace.yml has no source 'shp'. Did you mean 'shop'? It has: shop.\n"
