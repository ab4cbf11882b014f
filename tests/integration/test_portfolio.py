"""Several workspaces at once: one that fails stops no other, and nothing of one is ever found in another."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from metrics.workspace import load_workspace, workspace_lock
from tests.conftest import Kpi
from tests.integration.small_shop import LAST_DAY, SmallShop

pytestmark = pytest.mark.integration

# Planted in the first workspace only: its name, a row of its file, and the value of a variable that it names.
NAME, ROW, SECRET = "Zeisig-Laden", "rotkehlchen", "stieglitz-geheim"


@dataclass(frozen=True)
class Portfolio:
    """Three workspaces below one folder after ``kpi run --all``."""

    folder: Path
    done: subprocess.CompletedProcess[str]

    def shop(self, name: str) -> SmallShop:
        return SmallShop(self.folder / name)


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory, kpi: Kpi) -> Portfolio:
    """`canary` and `north/plain` are good, `broken` maps a column that is not there."""
    folder = tmp_path_factory.mktemp("portfolio")
    canary, plain, broken = (SmallShop(folder / name) for name in ("canary", "north/plain", "broken"))
    for shop in (canary, plain, broken):
        shop.write()
    canary.replace(canary.settings, "name: Small shop", f"name: {NAME}\nnotify: [{{kind: file, path: '${{CANARY_FILE}}'}}]")
    canary.add(f"{ROW},{LAST_DAY} 20:00:00,5.00")
    broken.replace(broken.settings, "gross_amount: amount", "gross_amount: amonut")
    # Neither hidden folders nor what is published are workspaces.
    for name in (".old", "north/plain/published"):
        (folder / name).mkdir(parents=True)
        shutil.copy(plain.settings, folder / name)
    done = kpi("run", "--all", folder, "--format", "json", env={"CANARY_FILE": f"{SECRET}.jsonl"})
    return Portfolio(folder, done)


def test_a_failure_is_told_and_stops_no_other(portfolio: Portfolio) -> None:
    assert portfolio.done.returncode == 1, portfolio.done.stderr
    broken, canary, plain = json.loads(portfolio.done.stdout)
    assert [row["folder"] for row in (broken, canary, plain)] == ["broken", "canary", "north/plain"]
    assert (broken["workspace"], broken["result"], broken["alerts"]) == ("Small shop", "failed", 0)
    assert "'amonut', which is not in" in broken["error"]
    assert "Did you mean 'amount'?" in broken["error"]
    assert (canary["workspace"], canary["result"], canary["error"]) == (NAME, "published", "")
    assert (plain["workspace"], plain["result"], plain["path"]) == (
        "Small shop", "published", str(portfolio.folder / "north" / "plain")
    )  # fmt: skip
    # What a run says on its way is what the table counts.
    for row in (canary, plain):
        assert f"[{row['folder']}]   {row['alerts']} new alert" in portfolio.done.stderr
    assert portfolio.shop("canary").orders_on(LAST_DAY) == 4
    assert portfolio.shop("north/plain").orders_on(LAST_DAY) == 3
    assert not portfolio.shop("broken").published.exists()


def test_progress_says_whose_it_is(portfolio: Portfolio) -> None:
    lines = portfolio.done.stderr.splitlines()
    owners = [line.split("]")[0].strip("[") for line in lines if line.startswith("[")]
    assert [owner for place, owner in enumerate(owners) if owner not in owners[:place]] == [
        "broken",
        "canary",
        "north/plain",
    ]
    summaries = [line for line in lines if not line.startswith("[")]
    assert [line.split(" in ")[0] for line in summaries] == [
        "broken: failed", "canary: published", "north/plain: published"
    ]  # fmt: skip


def test_nothing_of_one_is_found_in_another(portfolio: Portfolio) -> None:
    # The search finds what is there: the name and the row in the workspace that they were planted in.
    own = {canary for canary in (NAME, ROW) if places_of(canary, portfolio.folder / "canary")}
    assert own == {NAME, ROW}
    for name in ("north", "broken"):
        for canary in (NAME, ROW, SECRET):
            assert places_of(canary, portfolio.folder / name) == [], (canary, name)
    # And nothing was put down beside them.
    assert sorted(path.name for path in portfolio.folder.iterdir()) == [".old", "broken", "canary", "north"]


def places_of(text: str, folder: Path) -> list[str]:
    """Where a text stands below ``folder``: in names, in bytes of files, in rows of DuckDB, SQLite and Parquet files."""
    found = []
    for path in sorted(folder.rglob("*")):
        if text in path.name:
            found.append(f"{path}: its name")
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if text.encode() in content or text.encode("utf-16-le") in content:
            found.append(str(path))
        found += [f"{path}: {place}" for place, row in rows_of(path, content) if text in row]
    return found


def rows_of(path: Path, content: bytes) -> Iterator[tuple[str, str]]:
    """Every row of a database or Parquet file as text: what is compressed there is not in its bytes."""
    if content[8:12] == b"DUCK":
        with duckdb.connect(str(path), read_only=True) as con:
            tables = con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for schema, table in tables:
                for row in con.execute(f'from "{schema}"."{table}"').fetchall():
                    yield f"{schema}.{table}", str(row)
    elif content[:4] == b"PAR1":
        for row in duckdb.execute("select * from read_parquet(?)", [str(path)]).fetchall():
            yield "rows", str(row)
    elif content[:15] == b"SQLite format 3":
        with closing(sqlite3.connect(path)) as con:
            for (table,) in con.execute("select name from sqlite_master where type = 'table'").fetchall():
                for row in con.execute(f'select * from "{table}"'):
                    yield table, str(row)


def test_the_search_looks_inside_of_databases(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "a.duckdb")) as con:
        con.execute("create table t as select 'rotkehl' || 'chen' as bird, i from range(5000) as r(i)")
        con.execute(f"copy t to '{tmp_path / 'b.parquet'}' (format parquet, compression zstd)")
    with closing(sqlite3.connect(tmp_path / "c.db")) as con, con:
        con.execute("create table t as select 'rotkehl' || 'chen' as bird")
    assert {place.rpartition("/")[2].split(":")[0] for place in places_of(ROW, tmp_path)} == {
        "a.duckdb",
        "b.parquet",
        "c.db",
    }


def test_an_interrupt_ends_the_run_that_is_going_on(tmp_path: Path) -> None:
    shop = SmallShop(tmp_path / "only")
    shop.write()
    command = [str(Path(sys.executable).with_name("kpi")), "run", "--all", str(tmp_path)]
    holder = shop.root / ".bellwether" / "lock.holder.json"
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        end = time.monotonic() + 120
        while not holder.exists() and parent.poll() is None and time.monotonic() < end:
            time.sleep(0.1)
        child = json.loads(holder.read_text())["pid"]
        os.kill(parent.pid, signal.SIGTERM)
        stdout, stderr = parent.communicate(timeout=60)
    assert (parent.returncode, stdout) == (130, "")
    assert stderr.splitlines()[-1] == "kpi: interrupted; not finished: only"
    assert child != parent.pid
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    with workspace_lock(load_workspace(shop.root), "the next", wait_seconds=1):
        pass


def test_no_workspace_below_the_folder_is_one_line(tmp_path: Path, kpi: Kpi) -> None:
    for command in (["run"], ["health"], ["dev"]):
        done = kpi(*command, "--all", tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"kpi: {tmp_path}: no folder at or below it has a workspace.yml. Give the folder that holds the workspaces.\n"
        )
