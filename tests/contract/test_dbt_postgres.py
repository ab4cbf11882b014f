"""The same project on PostgreSQL: every node compiles without a server and parses; an unmapped company builds on a real one.

test_dbt_small_company compares the rows of a mapped company on both engines.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot

from tests.contract.dbt_project_runs import DbtDatabase, open_postgres, postgres_database, postgres_server
from tests.contract.dbt_small_company import NOTHING_LOADED, VARIABLES

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_every_node_is_valid_postgresql(tmp_path: Path) -> None:
    database = DbtDatabase(tmp_path, {"BELLWETHER_TARGET": "postgres"}, VARIABLES)
    database.dbt("compile", "--no-populate-cache", "--no-introspect")
    files = sorted((database.target / "compiled").rglob("*.sql"))
    assert len(files) > 100
    for path in files:
        trees = sqlglot.parse(path.read_text(encoding="utf-8"), read="postgres")
        assert len(trees) == 1, path.name
        assert isinstance(trees[0], sqlglot.exp.Query), path.name


def test_an_unmapped_company_builds_on_a_real_server(tmp_path: Path) -> None:
    with postgres_server(tmp_path / "server") as new_database:
        uri = new_database("nothing_mapped")
        postgres_database(tmp_path, uri, {}, NOTHING_LOADED).dbt("run")
        with open_postgres(uri) as cursor:
            cursor.execute("select count(*) from core.fct_orders")
            assert cursor.fetchone() == (0,)
