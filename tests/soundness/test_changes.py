"""After any sequence of changes, in any chunks, incremental runs leave what a first run over the same files gives.

Inserts, late rows, updates, deletions, dropped and replaced files, restated spend, new rates and new references for old
facts: every model row for row, every value of `kpi_current`, every verdict and status. And the history behind them holds:
nothing is lost, one change of a key per run, `kpi_as_of` gives what was current, states follow the watermarks.

The suite runs a few seeded examples. A long run by hand, with other examples every time:

    BELLWETHER_EXAMPLES=200 nice -n 10 pytest tests/soundness/test_changes.py -k any_history
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.soundness.changes.checks import History, assert_same
from tests.soundness.changes.company import COLUMNS, day, first_files
from tests.soundness.changes.runs import Company
from tests.soundness.changes.strategies import Change, histories

pytestmark = [pytest.mark.integration, pytest.mark.slow]
EXAMPLES = int(os.environ.get("BELLWETHER_EXAMPLES", "0"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The company after its first run, to be copied."""
    company = Company(tmp_path_factory.mktemp("changes") / "company").create()
    company.run(first_files(), "first")
    return company


def copied(template: Company, root: Path, *, empty: bool = False) -> Company:
    """A copy; ``empty``: as if it had never run (the parsed manifest is kept: it depends on definitions alone)."""
    shutil.copytree(template.root, root, symlinks=True, ignore=shutil.ignore_patterns("logs", "compiled", "run"))
    if empty:
        shutil.rmtree(root / "files")
        for name in ("warehouse.duckdb", "raw.duckdb", "dbt_target/built.json"):
            (root / ".bellwether" / name).unlink()
    return Company(root)


class Followed:
    """A company that runs after every list of changes, its history checked each time."""

    def __init__(self, template: Company, folder: Path) -> None:
        self._template, self._folder = template, folder
        self.files = first_files()
        self.company = copied(template, folder / "changed")
        self._history = History(self.company)
        self._history.begin()
        self._runs = 0

    def run(self, *changes: Change) -> None:
        """Change the files and run."""
        for change in changes:
            change.apply(self.files)
        self._runs += 1
        self.company.run(self.files, f"run {self._runs}")
        self._history.check(f"run {self._runs}")

    def compare(self) -> None:
        """The end must be that of a first run over the same files."""
        fresh = copied(self._template, self._folder / "fresh", empty=True)
        fresh.run(self.files, "fresh")
        assert_same(self.company, fresh)

    def by_day(self, metric: str, dimension: str, offset: int) -> dict[str, float]:
        """Member -> value of one day."""
        sql = (
            f"select segment_value, value from mart.kpi_current where metric = '{metric}' and grain = 'day'"
            f" and segment_dimension = '{dimension}' and period_start = '{day(offset)}'"
        )
        return dict(self.company.ask(sql))


def bounded(test: Callable[..., None]) -> Callable[..., None]:
    """The same few examples in every run of the suite; as many others as asked for by hand."""
    slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    if EXAMPLES:
        return settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=slow, print_blob=True)(test)
    few = settings(
        max_examples=3, deadline=None, database=None, suppress_health_check=slow, phases=[Phase.explicit, Phase.generate]
    )
    return few(seed(20240331)(test))


def put(table: str, values: str, part: str = "a") -> Change:
    """A row in place of the one with its key, given as a line of the file."""
    return Change("put", table, part, dict(zip(COLUMNS[table], values.split(","), strict=True)))


def test_rows_that_reach_other_days(template: Company, tmp_path: Path) -> None:
    """What rows change on days that are not theirs, worked out by hand; each kind of reach at least once."""
    it = Followed(template, tmp_path)
    assert it.by_day("orders", "country", 39) == {"unknown": 1}
    assert it.by_day("impressions", "campaign", 5)["other"] == 100 + 101 + 102

    # What old facts refer to arrives, or changes: customer, visit, product, lead.
    it.run(put("customers", "c3,FR,north,loyal", "b"), put("customers", "c4,AT,,"))
    assert it.by_day("orders", "country", 39) == {"FR": 1}
    it.run(
        put("visits", f"v4,{day(60)} 09:00:00,direct,mobile,DE,4"), put("products", "p9,toys"),
        put("leads", f"a9,{day(29)} 18:00:00,cy@example.com,email,kim"),
    )  # fmt: skip
    assert it.by_day("orders", "channel", 40) == it.by_day("items_sold", "channel", 40) == {"direct": 1}
    assert it.by_day("orders", "device", 40) == {"mobile": 1}
    assert it.by_day("items_sold", "product_category", 40) == {"toys": 1}
    assert it.by_day("opportunities_closed", "channel", 52) == {"email": 1}

    # (The desk writes the time of New York.) A lead of the first day makes a later one a duplicate; a deal, an answer and a ticket count on other days than theirs.
    assert it.by_day("valid_leads", "", 1) == {"": 1}
    it.run(
        put("leads", f"a6,{day(0)} 10:00:00,ann@example.com,social,kim"), put("tickets", f"t7,{day(39)} 10:00:00,,c3,gold,0"),
        put("deals", f"d3,a3,{day(50)} 10:00:00,{day(57)} 10:00:00,true,kim", "b"),
        put("answers", f"s4,nps,{day(42)} 10:00:00,{day(55)} 10:00:00,3,,c1", "b"),
    )  # fmt: skip
    assert it.by_day("valid_leads", "", 1) == {"": 0}
    assert it.by_day("deals_won_from_leads", "", 46) == {"": 1}
    assert it.by_day("nps_detractors", "", 55) == {"": 1}
    assert it.by_day("csat_answers", "team", 58) == {"gold": 1}

    # Rates of the past, and members that change places with 'other'.
    it.run(
        put("rates", f"{day(20)},GBP,0.5"), put("ads", f"{day(5)},crowd0,social,EUR,1.00,500,1"),
        put("ads", f"{day(5)},crowd52,social,EUR,1.00,1,1", "b"),
    )  # fmt: skip
    assert it.by_day("gross_revenue", "", 40) == {"": 50.5 * 0.5}
    assert it.by_day("impressions", "campaign", 5)["other"] == 101 + 102 + 1

    # One order two weeks later closes days: the first order of day 40 is mature, without any row of its own.
    assert it.by_day("first_orders_mature", "", 40) == {}
    it.run(put("orders", f"o8,{day(75)} 12:00:00,c5,,80.50,EUR,false,1"))
    assert it.by_day("first_orders_mature", "", 40) == {"": 1}

    # It is taken away again, the clock goes back, and files go and come back with other rows.
    it.run(
        Change("remove", "orders", "a", place=4), Change("drop", "lines", "b"), Change("drop", "customers", "a"),
        put("refunds", f"r9,o4,l4,{day(60)} 10:00:00,40.50"), Change("drop", "tickets", "a"),
    )  # fmt: skip
    assert it.by_day("first_orders_mature", "", 40) == {}
    it.compare()


@bounded
@given(runs=histories)
def test_any_history_ends_like_a_first_run(template: Company, runs: list[list[Change]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        followed = Followed(template, Path(folder))
        for changes in runs:
            followed.run(*changes)
        followed.compare()
