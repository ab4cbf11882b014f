"""The entities, the published JSON Schema and the warehouse files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import jsonschema
import pytest
import yaml

from metrics.errors import RunError
from metrics.warehouse import append_rows, literal, load_excel, open_published, open_warehouse, quoted
from metrics.workspace import load_entities, load_workspace
from metrics.workspace.json_schema import SCHEMA_FILE, schema_text
from tests.unit.workspace.conftest import HEAD, SHOP

Write = Callable[..., Path]


def test_entities_are_complete() -> None:
    for name, entity in load_entities().items():
        assert set(entity.key) <= set(entity.columns), name
        assert all(entity.columns[column].required or entity.columns[column].default for column in entity.key), name
        assert (entity.business_date is not None) == (entity.kind == "event"), name
        if entity.business_date is not None:
            assert entity.columns[entity.business_date].required, name
            assert entity.columns[entity.business_date].type in {"date", "timestamp"}, name
        assert all(column.description for column in entity.columns.values()), name


def test_every_id_says_whose_it_is() -> None:
    """`ids: own` prefixes what references an entity: one id column forgotten and two sources' rows would be joined."""
    entities = load_entities()
    for name, entity in entities.items():
        ids = {column for column in entity.columns if column.endswith("_id")}
        assert {column for column, spec in entity.columns.items() if spec.references} == ids, name
        assert {spec.references for spec in entity.columns.values() if spec.references} <= set(entities), name
        assert all(entity.columns[column].type == "text" for column in ids), name
        assert all(entity.columns[column].references == name for column in ids & set(entity.key)), name


def test_schema_is_current() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), "run python -m metrics.workspace.json_schema"


def test_schema_accepts_what_the_model_accepts() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    # The editor sees text where YAML makes dates.
    good = yaml.load(HEAD + SHOP, Loader=yaml.BaseLoader)
    assert list(validator.iter_errors(good)) == []
    good["sources"]["shop"]["tables"]["orders"]["fils"] = "x"
    good["sources"]["shop"]["entities"]["oders"] = {}
    assert len(list(validator.iter_errors(good))) == 2


def test_warehouse_has_its_schemas(write_workspace: Write) -> None:
    ws = load_workspace(write_workspace())
    for _ in range(2):
        with open_warehouse(ws) as con:
            schemas = con.execute("select database_name || '.' || schema_name from duckdb_schemas()").fetchall()
            assert {("raw.raw_shop",), ("raw.ops",), ("raw.staging",), ("warehouse.mart",), ("warehouse.core",)} <= set(
                schemas
            )
            assert con.execute("select current_setting('TimeZone')").fetchone() == ("UTC",)
            load_excel(con)


def test_a_second_process_gets_one_line(write_workspace: Write) -> None:
    import subprocess
    import sys

    ws = load_workspace(write_workspace())
    script = f"import duckdb; con = duckdb.connect({str(ws.warehouse_path)!r}); print('open', flush=True); input()"
    ws.runtime_dir.mkdir()
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(RunError, match="another process has it open"), open_warehouse(ws):
            pass
        other.communicate("\n")


def test_published_is_read_only_and_may_be_missing(write_workspace: Write) -> None:
    ws = load_workspace(write_workspace())
    with pytest.raises(RunError, match="nothing is published yet"), open_published(ws):
        pass
    ws.published_dir.mkdir()
    duckdb.connect(str(ws.published_dir / "kpi-1.duckdb")).close()
    ws.published_current.symlink_to("kpi-1.duckdb")
    with open_published(ws) as con, pytest.raises(duckdb.InvalidInputException, match="read-only"):
        con.execute("create table x (a int)")


def test_names_and_texts_are_quoted() -> None:
    assert quoted("raw", 'a"b') == '"raw"."a""b"'
    assert (literal("it's"), literal(None)) == ("'it''s'", "null")


def test_append_rows() -> None:
    con = duckdb.connect()
    con.execute("create table t (a int, b text, c date)")
    append_rows(con, "t", [[1, "x", None], [2, None, None]])
    append_rows(con, "t", [])
    assert con.execute("from t").fetchall() == [(1, "x", None), (2, None, None)]
