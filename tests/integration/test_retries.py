"""Only what may pass by itself is tried again: a database that is locked for a moment, not a table that is not there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dagster_project.assets import database
from dagster_project.build import build_defs

pytestmark = pytest.mark.integration

SETTINGS = """\
name: Shop with a database
timezone: UTC
currency: EUR
history_start: 2026-01-01
clock: data_end
sources:
  shop:
    connector: sql_database
    domain: sales
    connection: sqlite:///shop.sqlite
    tables: {orders: {table: orders}}
    entities:
      orders: {table: orders, columns: {order_id: id, ordered_at: created_at, gross_amount: amount}}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "workspace.yml").write_text(SETTINGS)
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as con, con:
        con.execute("create table orders (id integer, created_at datetime, amount real)")
        con.execute("insert into orders values (1, '2026-02-01 10:00:00', 5)")
    return tmp_path


def extract(
    shop: Path, monkeypatch: pytest.MonkeyPatch, before_attempt: Callable[[int], None]
) -> tuple[dg.ExecuteInProcessResult, int]:
    """Run the extraction of the shop; ``before_attempt`` is called with 1, 2, ... Returns also the number of attempts."""
    prepare, attempts = database.prepare_landing, []

    def prepared(*arguments: Any) -> None:
        attempts.append(arguments)
        before_attempt(len(attempts))
        prepare(*arguments)

    monkeypatch.setattr(database, "prepare_landing", prepared)
    monkeypatch.setattr(database, "RETRIES", dg.RetryPolicy(max_retries=database.RETRIES.max_retries, delay=0.01))
    definitions = build_defs(shop)
    extraction = [asset for asset in definitions.assets if asset.op.name == "extract_shop"]
    result = dg.materialize(extraction, resources=definitions.resources, raise_on_error=False)
    return result, len(attempts)


def test_a_database_that_is_locked_for_a_moment_is_read_at_the_second_attempt(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(shop / "shop.sqlite", isolation_level=None)) as writer:
        writer.execute("begin exclusive")

        def unlock(attempt: int) -> None:
            if attempt == 2:
                writer.execute("commit")

        result, attempts = extract(shop, monkeypatch, unlock)
    assert (result.success, attempts) == (True, 2)
    assert result.asset_materializations_for_node("extract_shop")[0].metadata["dagster/row_count"].value == 1


def test_a_database_that_stays_locked_fails_after_three_attempts(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(shop / "shop.sqlite", isolation_level=None)) as writer:
        writer.execute("begin exclusive")
        result, attempts = extract(shop, monkeypatch, lambda _: None)
    assert (result.success, attempts) == (False, 3)
    failure = result.failure_data_for_node("extract_shop").user_failure_data
    assert failure.description == "workspace.yml:11: shop: cannot be read: database is locked"


def test_a_table_that_is_not_there_is_not_looked_for_again(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = shop / "workspace.yml"
    settings.write_text(settings.read_text().replace("{table: orders}}\n    entities", "{table: oders}}\n    entities"))
    result, attempts = extract(shop, monkeypatch, lambda _: None)
    assert (result.success, attempts) == (False, 1)
    description = result.failure_data_for_node("extract_shop").user_failure_data.description
    assert "the database has no table 'oders'. Did you mean 'orders'?" in description
