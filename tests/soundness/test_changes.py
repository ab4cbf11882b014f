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
from tests.soundness.changes.company import first_files
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


def follow(template: Company, runs: list[list[Change]]) -> None:
    """Run after every list of changes, check the history each time, and compare the end with a first run."""
    files = first_files()
    with tempfile.TemporaryDirectory() as folder:
        company = copied(template, Path(folder) / "changed")
        history = History(company)
        history.begin()
        for number, changes in enumerate(runs, 1):
            for change in changes:
                change.apply(files)
            company.run(files, f"run {number}")
            history.check(f"run {number}")
        fresh = copied(template, Path(folder) / "fresh", empty=True)
        fresh.run(files, "fresh")
        assert_same(company, fresh)


def bounded(test: Callable[..., None]) -> Callable[..., None]:
    """The same few examples in every run of the suite; as many others as asked for by hand."""
    slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    if EXAMPLES:
        return settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=slow, print_blob=True)(test)
    few = settings(
        max_examples=5, deadline=None, database=None, suppress_health_check=slow, phases=[Phase.explicit, Phase.generate]
    )
    return few(seed(20240331)(test))


@bounded
@given(runs=histories)
def test_any_history_ends_like_a_first_run(template: Company, runs: list[list[Change]]) -> None:
    follow(template, runs)
