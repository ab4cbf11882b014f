"""data/demo/workspace.yml against the generated files: every mapping runs and gives what the entities ask for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from data.generator.calendar import Calendar
from data.generator.company import CHANNEL_NAMES, COUNTRY_CODES, DEVICES
from metrics.workspace import load_entities, load_workspace

REPOSITORY = Path(__file__).resolve().parents[3]
DEMO = REPOSITORY / "data" / "demo"
SETTINGS = yaml.safe_load((DEMO / "workspace.yml").read_text(encoding="utf-8"))
ENTITIES = load_entities()
MAPPINGS = [(source, entity) for source, settings in SETTINGS["sources"].items() for entity in settings.get("entities", {})]
SQL_TYPES = {"text": "varchar", "integer": "bigint", "decimal": "decimal(18, 4)", "timestamp": "timestamp"}


@pytest.fixture(scope="module")
def raw(small_files: Path) -> duckdb.DuckDBPyConnection:
    """Every raw table as the connectors read it, in a schema per source."""
    con = duckdb.connect()
    for name, source in SETTINGS["sources"].items():
        con.execute(f"create schema {name}")
        for table, settings in source["tables"].items():
            path = small_files / source.get("path", "").removeprefix("files/") / settings.get("files", "")
            if source["connector"] == "sql_database" or path.suffix == ".xlsx":
                is_sheet = path.suffix == ".xlsx"
                rows = _sheet(path, settings["read"]) if is_sheet else _sqlite(small_files / "crm.sqlite", table)
                con.register("rows", rows)
                con.execute(f"create table {name}.{table} as select * from rows")
                con.unregister("rows")
            else:
                con.execute(f"create table {name}.{table} as select * from {_reader(path, settings.get('read', {}))}")
    return con


def _sqlite(path: Path, table: str):
    import pandas as pd
    import sqlalchemy as sa

    engine = sa.create_engine(f"sqlite:///{path}")
    reflected = sa.Table(table, sa.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(reflected))
        return pd.DataFrame(rows.fetchall(), columns=list(rows.keys()))


def _sheet(path: Path, read: dict[str, str]):
    import pandas as pd

    return pd.read_excel(path, sheet_name=read["sheet"])


def _reader(path: Path, read: dict[str, str]) -> str:
    if not read:
        return f"'{path}'"
    return f"read_csv('{path}', delim = '{read['delimiter']}', timestampformat = '{read['timestamp_format']}')"


def test_the_loader_accepts_it_and_all_entities_are_mapped() -> None:
    # a shop has no sellers who answer its buyers
    assert load_workspace(DEMO).mapped_entities() == set(ENTITIES) - {"host_messages"}


def test_every_file_of_the_generator_is_a_table(small_files: Path) -> None:
    claimed = {small_files / "crm.sqlite", small_files / "truth.json", small_files / "state.json"}
    for source in SETTINGS["sources"].values():
        if source["connector"] == "files":
            folder = small_files / source["path"].removeprefix("files/")
            claimed |= {path for table in source["tables"].values() for path in folder.glob(table["files"])}
    assert {path for path in small_files.rglob("*") if path.is_file()} == claimed


@pytest.mark.parametrize(("source", "entity"), MAPPINGS)
def test_mapping_gives_the_columns_of_its_entity(raw: duckdb.DuckDBPyConnection, source: str, entity: str) -> None:
    mapping, wanted = SETTINGS["sources"][source]["entities"][entity], ENTITIES[entity]
    raw.execute(f"use {source}")
    if "query" in mapping:
        rows = f"({mapping['query']})"
        given = {column[0] for column in raw.execute(f"select * from {rows} limit 0").description}
        texts = {name: name for name in given}
    else:
        rows, texts = mapping["table"], mapping["columns"]
    assert set(texts) <= set(wanted.columns)
    assert {name for name, column in wanted.columns.items() if column.required} <= set(texts)
    casts = [
        f"cast({text} as {SQL_TYPES.get(wanted.columns[name].type, wanted.columns[name].type)}) as {name}"
        for name, text in texts.items()
    ]
    latest = mapping.get("latest_by")
    # a column of the key that is not mapped has its default in every row
    key = ", ".join(name for name in wanted.key if name in texts)
    qualify = f"qualify row_number() over (partition by {key} order by {latest or '1'} desc) = 1"
    raw.execute(f"create or replace temp table mapped as select {', '.join(casts)} from {rows} {qualify}")
    assert raw.execute("select count(*) from mapped").fetchone()[0] > 0
    for name, column in wanted.columns.items():
        if column.required:
            assert raw.execute(f"select count(*) from mapped where {name} is null").fetchone() == (0,), name
        elif name in texts:
            assert raw.execute(f"select count({name}) from mapped").fetchone()[0] > 0, f"{name} is always empty"
    for name, members in (("channel", CHANNEL_NAMES), ("country", COUNTRY_CODES), ("device", DEVICES)):
        if name in texts:
            found = {
                row[0] for row in raw.execute(f"select distinct {name} from mapped where {name} is not null").fetchall()
            }
            assert found <= set(members), name


def test_holidays_are_those_of_the_generator() -> None:
    listed = SETTINGS["holidays"]
    expected = [day for day in Calendar().holidays if day <= date(2026, 12, 31)]
    assert listed == expected
