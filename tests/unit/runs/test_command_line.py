"""What `kpi` says when it is called in a wrong way, or may not write: one line, and nothing lost."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from metrics.errors import RunError
from metrics.workspace import load_workspace
from metrics.workspace.storage import check_writable, storage_problem
from tests.conftest import Kpi
from tests.integration.small_shop import SmallShop


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("run --lookback abc", "run: --lookback is 'abc', expected a whole number."),
        ("run --wait -1", "run: --wait is '-1', expected 0 or more."),
        ("source suggest x.csv --year 2500", "source suggest: --year is '2500', expected 2100 or less."),
        ("list -f xml", "list: --format is 'xml', expected one of table, csv, json."),
        ("query orders --from 2026-13-45", "query: --from '2026-13-45' is not a day; write it as 2026-06-30."),
        ("run --all x -w y", "run: --all and --workspace exclude each other: give one of them."),
        ("run --looback 3", "run: there is no option --looback. Did you mean '--lookback'?"),
        ("lst", "no such command 'lst'. Did you mean 'list'?"),
        ("query", "query: missing argument 'metrics'; name one or more, or a saved query with --saved."),
    ],
)
def test_a_wrong_call_is_one_line_with_what_was_found_and_expected(kpi: Kpi, command: str, said: str) -> None:
    done = kpi(*command.split())
    of = command.split()[: 2 if command.startswith("source") else 1] if command != "lst" else []
    help_ = " ".join(["kpi", *of, "--help"])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"kpi: {said} `{help_}` shows what there is.\n"


def test_help_is_as_it_was(kpi: Kpi) -> None:
    for arguments in (["--help"], ["run", "-h"], ["demo", "--help"]):
        done = kpi(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert "╭─ Options" in done.stdout
    assert "╭─ Commands" in kpi().stdout + kpi().stderr


@pytest.mark.parametrize("folder", ["published", ".bellwether"])
def test_a_run_that_may_not_write_stops_before_it_begins(tmp_path: Path, kpi: Kpi, folder: str) -> None:
    shop = SmallShop(tmp_path / "shop")
    shop.write()
    in_the_way = shop.root / folder
    in_the_way.write_text("not a folder")
    done = kpi("run", "-w", shop.root)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"kpi: {in_the_way}: cannot be used: not a directory. "
        "A file lies where a folder belongs: move it away, then try again; nothing is lost.\n"
    )
    assert in_the_way.read_text() == "not a folder"


@pytest.mark.parametrize("place", ["", "published", ".bellwether/state.db"])
def test_what_belongs_to_somebody_else_is_refused_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    shop = SmallShop(tmp_path / "shop")
    shop.write()
    ws = load_workspace(shop.root)
    if place:
        ws.published_dir.mkdir()
        ws.runtime_dir.mkdir()
        ws.state_path.touch()
    check_writable(ws)
    # The superuser may write anywhere: what the system answers anybody else is put in its place.
    theirs = ws.root / place
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != theirs)
    with pytest.raises(RunError, match=f"^{theirs}: cannot be used: permission denied. Give this user the right to read"):
        check_writable(ws)


def test_an_error_that_is_not_about_files_keeps_its_traceback() -> None:
    assert storage_problem(ConnectionRefusedError(errno.ECONNREFUSED, "refused")) is None
    full = storage_problem(OSError(errno.ENOSPC, "No space left on device"))
    assert full == "cannot be used: no space left on device. Free space on the disk, then try again; nothing is lost."
