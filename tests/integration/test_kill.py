"""SIGKILL at random moments of every step: the next run heals by itself, and readers never notice.

Twenty kills here; by hand, for example two hundred with another seed:

    BELLWETHER_KILLS=200 BELLWETHER_KILL_SEED=7 pytest -s tests/integration/test_kill.py
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.integration.kill_runs import Moment, run_in_child, step_seconds
from tests.integration.small_shop import SmallShop, orders_of

pytestmark = pytest.mark.integration

KILLS = int(os.environ.get("BELLWETHER_KILLS", "20"))
SEED = int(os.environ.get("BELLWETHER_KILL_SEED", "1"))
# A second source by the way of databases, a file to deliver alerts to, and a metric that moves enough to raise some.
MORE = """\
  crm:
    connector: sql_database
    domain: marketing
    connection: "sqlite:///files/crm.sqlite"
    closes: {by: max_event_time, grace: 6h}
    tables:
      leads: {cursor: updated_at, key: id}
    entities:
      leads:
        table: leads
        columns: {lead_id: id, created_at: created_at, channel: channel}
notify:
  - {kind: file, path: alerts.jsonl}
"""
KPIS = """\
version: 1
watched:
  - {metric: enquiries, owner: Head of marketing, threshold: 0.3, minimum_n: 1}
"""
# The alerts of the second source: leads themselves are a KPI that opens none.
METRIC = """\
metrics:
  - name: enquiries
    label: Enquiries
    description: Leads, without test leads
    type: simple
    type_params: {measure: leads}
    config: {meta: {label: {en: Enquiries, zh: 询盘数}, unit: count, direction: up, additivity: additive}}
"""
# What differs between two runs that come to the same: their ids and times.
OF_THE_RUN = {
    "run_id",
    "recorded_at",
    "detected_at",
    "evaluated_at",
    "withdrawn_at",
    "defined_at",
    "published_at",
    "loaded_at",
    "definition_from",
}
COMPARED = ("kpi_values", "kpi_current", "kpi_status", "alerts", "swings", "dim_kpi", "kpi_targets", "clock", "kpi_series")


def write_leads(path: Path, lines: list[tuple[str, str, str]]) -> None:
    with sqlite3.connect(path) as con:
        con.execute(
            "create table if not exists leads (id text, created_at datetime, channel text, updated_at datetime, primary key (id))"
        )
        con.executemany("insert or replace into leads values (?, ?, ?, ?)", [(i, at, c, at) for i, at, c in lines])
    con.close()


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> SmallShop:
    """A shop with two sources after its first run, and then a change of every kind: new, late, restated and deleted rows."""
    shop = SmallShop(tmp_path_factory.mktemp("kill") / "shop")
    shop.write()
    shop.settings.write_text(shop.settings.read_text() + MORE)
    (shop.root / "kpis" / "thresholds.yml").write_text(KPIS)
    (shop.root / "semantic").mkdir()
    (shop.root / "semantic" / "enquiries.yml").write_text(METRIC, encoding="utf-8")
    leads = shop.root / "files" / "crm.sqlite"
    write_leads(leads, [(f"l{day}", f"2026-02-{day:02} 08:00:00", "email") for day in range(1, 28)])
    assert run_in_child(shop.root).exit_code == 0
    march = [line for line in orders_of(shop_day(1), shop_day(3)) if not line.startswith(("03020", "03021"))]
    shop.month(3).write_text("\n".join(["id,created_at,amount", *march, ""]))
    shop.replace(shop.month(2), "02100,2026-02-10 09:00:00,13.50\n", "02100,2026-02-10 09:00:00,99.50\n")
    shop.replace(shop.month(2), "02111,2026-02-11 12:00:00,15.50\n", "")
    shop.add("late,2026-02-12 10:00:00,20.00", "unreadable,no date,20.00")
    new = [("2026-02-28", "a"), ("2026-03-01", "b"), *(("2026-03-02", name) for name in "cdef"), ("2026-03-04", "g")]
    write_leads(leads, [("late", "2026-02-05 08:00:00", "social"), *((i, f"{day} 08:00:00", "social") for day, i in new)])
    return shop


def shop_day(day: int) -> Any:
    from datetime import date

    return date(2026, 3, day)


def result(root: Path) -> dict[str, Any]:
    """Everything that a run has come to, without the ids and times of the runs themselves."""
    found: dict[str, Any] = {}
    with duckdb.connect(str((root / "published" / "current.duckdb").resolve()), read_only=True) as con:
        columns = con.execute(
            "select schema_name, table_name, list(column_name) from duckdb_columns() group by all"
        ).fetchall()
        for schema, table, names in columns:
            if schema == "core" or table in COMPARED:
                kept = ", ".join(f'"{name}"' for name in names if name not in OF_THE_RUN)
                found[f"{schema}.{table}"] = con.execute(f'select {kept} from "{schema}"."{table}" order by all').fetchall()
    with duckdb.connect(str(root / ".bellwether" / "raw.duckdb"), read_only=True) as con:
        found["raw orders"] = con.execute("select id, created_at, amount from raw_shop.orders order by all").fetchall()
        found["raw leads"] = con.execute("select id, created_at, channel from raw_crm.leads order by all").fetchall()
        found["quarantine"] = con.execute("select count(*) from raw.ops.quarantine").fetchall()
    return found


def delivered(root: Path) -> list[str]:
    """Fingerprints in the file of delivered alerts, in order."""
    lines = (root / "alerts.jsonl").read_text().splitlines() if (root / "alerts.jsonl").exists() else []
    return [json.loads(line)["fingerprint"] for line in lines]


@contextmanager
def readers(root: Path) -> Iterator[dict[str, int]]:
    """Read the published file over and over while runs come and go. Fails when a read has failed."""
    counts, failures, stop = {"reads": 0}, [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                with duckdb.connect(str((root / "published" / "current.duckdb").resolve()), read_only=True) as con:
                    rows = con.execute("select count(*), count(distinct metric) from mart.kpi_current").fetchone()
                assert rows is not None
                assert rows[0] > 0
                parquet = root / "published" / "parquet" / "current" / "kpi_values.parquet"
                duckdb.sql(f"select count(*) from '{parquet.resolve()}'").fetchone()
                counts["reads"] += 1
            except Exception as error:
                failures.append(repr(error))
            stop.wait(0.05)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield counts
    finally:
        stop.set()
        thread.join()
    assert not failures, failures[:3]


def test_a_killed_run_is_healed_by_the_next(changed: SmallShop, tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(changed.root, undisturbed, symlinks=True)
    assert run_in_child(undisturbed).exit_code == 0
    wanted, wanted_alerts = result(undisturbed), delivered(undisturbed)
    assert len(wanted_alerts) == len(set(wanted_alerts)) > 0
    seconds = step_seconds(undisturbed)
    chance = random.Random(SEED)
    steps = [chance.choice(list(seconds)) if number >= len(seconds) else list(seconds)[number] for number in range(KILLS)]
    hit: dict[str, int] = {}
    # Two kills before each run that may finish: what a killed run leaves must not trip one that is killed in its turn.
    for number in range(0, KILLS, 2):
        root = tmp_path / f"killed_{number}"
        shutil.copytree(changed.root, root, symlinks=True)
        where = []
        with readers(root) as counts:
            for step in steps[number : number + 2]:
                ended = run_in_child(root, Moment(step, chance.uniform(0, seconds[step])))
                hit[ended.last_step] = hit.get(ended.last_step, 0) + ended.killed
                where.append((step, ended))
            healed = run_in_child(root)
        assert healed.exit_code == 0, where
        assert counts["reads"] > 0
        found = result(root)
        differing = [name for name in wanted if found[name] != wanted[name]]
        assert not differing, (where, differing)
        assert set(delivered(root)) == set(wanted_alerts), where
        leftovers = [path.name for path in (root / "published").rglob("*") if path.name.startswith(".")]
        assert not leftovers, (where, leftovers)
        shutil.rmtree(root)
        print(f"{sum(hit.values())} kills healed", flush=True)
    print(f"kills by step: {hit}")
    assert sum(hit.values()) >= 0.8 * KILLS, hit
