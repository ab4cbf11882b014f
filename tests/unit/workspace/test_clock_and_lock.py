"""The clock stands where the workspace says; the lock keeps a second run out and names the first."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from metrics.errors import RunError
from metrics.warehouse import open_warehouse
from metrics.workspace import Clock, load_workspace, machine_now, workspace_lock
from tests.unit.workspace.conftest import HEAD, SHOP

Write = Callable[..., Path]


def clock(folder: Path, rows: str = "") -> Clock:
    ws = load_workspace(folder)
    with open_warehouse(ws) as con:
        if rows:
            con.execute("create table raw.raw_shop.orders (id varchar, created_at timestamp, price int, discount int)")
            con.execute(f"insert into raw.raw_shop.orders values {rows}")
        return Clock(ws, con)


def test_a_date(write_workspace: Write) -> None:
    found = clock(write_workspace(HEAD + "clock: 2024-03-31\n" + SHOP))
    # The day on which Berlin changes to summer time ends at 22:00 UTC.
    assert (found.today, found.now) == (dt.date(2024, 3, 31), dt.datetime.fromisoformat("2024-03-31 22:00"))


def test_data_end_is_local(write_workspace: Write) -> None:
    folder = write_workspace(HEAD + "clock: data_end\n" + SHOP)
    # 22:30 UTC is the next day in Berlin in summer.
    assert clock(folder, "('1', '2024-07-01 22:30', 1, 0), ('2', '2024-06-01', 1, 0)").today == dt.date(2024, 7, 2)


def test_data_end_without_data(write_workspace: Write) -> None:
    assert clock(write_workspace(HEAD + "clock: data_end\n" + SHOP)).today == dt.date(2024, 1, 1)


def test_now_is_the_machine(write_workspace: Write) -> None:
    before = machine_now()
    found = clock(write_workspace())
    assert before <= found.now <= machine_now()


def test_only_the_clock_reads_the_machine() -> None:
    root = Path(__file__).parents[3]
    pattern = re.compile(r"\bnow\(\)|\btoday\(\)|current_date|current_timestamp|\.utcnow|time\.time\(")
    found = []
    for file in [*root.glob("metrics/work*/**/*.py"), *root.glob("metrics/warehouse/**/*.py"),
                 *root.glob("dagster_project/connectors/**/*.py")]:  # fmt: skip
        code = re.sub(r'""".*?"""|#.*', "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        code = re.sub(r'"[^"\n]*"', "", code)
        if pattern.search(code) and file.name != "clock.py":
            found.append(file.name)
    assert found == []


def test_second_run_waits_then_names_the_first(write_workspace: Write) -> None:
    folder = write_workspace()
    script = textwrap.dedent(f"""
        import sys
        from metrics.workspace import load_workspace, workspace_lock
        with workspace_lock(load_workspace({str(folder)!r}), "first-run"):
            print("held", flush=True)
            sys.stdin.readline()
    """)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        ws = load_workspace(folder)
        with pytest.raises(RunError) as caught, workspace_lock(ws, "second-run", wait_seconds=0.2):
            pass
        assert f"is locked by process {holder.pid} (run first-run, since" in str(caught.value)
        assert "\n" not in str(caught.value)
        holder.communicate("\n")
    with workspace_lock(ws, "third-run", wait_seconds=5):
        pass


def test_a_killed_run_frees_the_lock(write_workspace: Write) -> None:
    folder = write_workspace()
    script = f"""
import os
from metrics.workspace import load_workspace, workspace_lock
with workspace_lock(load_workspace({str(folder)!r}), "killed"):
    os._exit(9)
"""
    subprocess.run([sys.executable, "-c", script], check=False, cwd=Path.cwd())
    with workspace_lock(load_workspace(folder), "next", wait_seconds=5):
        pass
