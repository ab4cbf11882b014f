"""A database through dlt: increments by cursor, whole tables, and the same notes as for files."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from dlt.common.runtime.telemetry import is_telemetry_started

from dagster_project.connectors import connector_for
from dagster_project.connectors.database import dlt_pipeline
from metrics.errors import SourceError
from tests.unit.connectors.conftest import SmallWorkspace, at

LEADS = (
    """create table leads (Lead_Id integer primary key, created_at datetime, updated_at datetime, email text, score real)"""
)


class CrmWorkspace(SmallWorkspace):
    """Leads with a cursor, quotas without."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.source |= {
            "connector": "sql_database",
            "connection": "sqlite:///files/crm.sqlite",
            "tables": {"leads": {"cursor": "updated_at", "key": "Lead_Id"}, "quotas": {}},
            "entities": {
                "leads": {"table": "leads", "columns": {"lead_id": "Lead_Id", "created_at": "created_at", "email": "email"}}
            },
        }
        del self.source["path"]
        self.sql(LEADS, "create table quotas (owner text, month_start date, amount decimal(10, 2))",
                 "insert into leads values (1, '2024-02-01 10:00:00', '2024-02-01 10:00:00', 'a@x.test', 1.5)",
                 "insert into leads values (2, '2024-02-02 23:30:00', '2024-02-02 10:00:00', null, null)",
                 "insert into quotas values ('Ann', '2024-02-01', 1000.5)")  # fmt: skip

    def sql(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.folder / "files/crm.sqlite")) as con, con:
            for statement in statements:
                con.execute(statement)


@pytest.fixture
def crm(tmp_path: Path) -> CrmWorkspace:
    return CrmWorkspace(tmp_path)


def test_first_load(crm: CrmWorkspace) -> None:
    leads, quotas = crm.load(run_id="first")
    assert (leads.rows, leads.rows_changed, quotas.rows) == (2, 2, 1)
    # The names of columns stay as they are; the mapping decides their types.
    assert leads.columns == {"Lead_Id": "VARCHAR", "created_at": "TIMESTAMP", "updated_at": "TIMESTAMP",
                             "email": "VARCHAR", "score": "DOUBLE"}  # fmt: skip
    assert crm.rows("Lead_Id, created_at, score, _run_id", "leads") == [
        ("1", at("2024-02-01 10:00"), 1.5, "first"),
        ("2", at("2024-02-02 23:30"), None, "first"),
    ]
    assert crm.rows("owner, month_start, amount", "quotas") == [("Ann", dt.date(2024, 2, 1), Decimal("1000.5"))]
    assert crm.dates("leads") == ["2024-02-01", "2024-02-03"]


def test_only_newer_rows_are_read_and_replace_old_ones(crm: CrmWorkspace) -> None:
    crm.load()
    crm.dates("leads")
    crm.sql("update leads set email = 'late' where Lead_Id = 1",  # without a new updated_at, and long past
            "update leads set created_at = '2024-02-05 09:00:00', updated_at = '2024-02-02 10:00:00' where Lead_Id = 2",
            "insert into leads values (3, '2024-02-06 10:00:00', '2024-02-06 10:00:00', 'c', 3)")  # fmt: skip
    leads, _ = crm.load(run_id="second")
    assert (leads.rows, leads.rows_changed) == (3, 3)
    assert crm.rows("Lead_Id, email, _run_id", "leads") == [
        ("1", "a@x.test", "run"),
        ("2", None, "second"),
        ("3", "c", "second"),
    ]
    # The old date, the new date and the new row; the same second as the cursor is read again.
    assert crm.dates("leads") == ["2024-02-03", "2024-02-05", "2024-02-06"]


def test_nothing_new(crm: CrmWorkspace) -> None:
    crm.load()
    crm.dates("leads")
    leads, quotas = crm.load(run_id="second")
    assert (leads.rows_changed, quotas.rows_changed, crm.dates("leads")) == (0, 0, [])


def test_a_whole_table_notices_deleted_rows(crm: CrmWorkspace) -> None:
    crm.load()
    crm.sql("delete from quotas", "insert into quotas values ('Bob', '2024-03-01', 7)")
    _, quotas = crm.load()
    assert (quotas.rows, quotas.rows_changed) == (1, 2)
    crm.sql("delete from quotas")
    _, quotas = crm.load()
    assert (quotas.rows, quotas.rows_changed) == (0, 1)


def test_a_new_column_is_kept(crm: CrmWorkspace) -> None:
    crm.load()
    crm.sql("alter table leads add column phone text",
            "update leads set phone = '123', updated_at = '2024-02-09 10:00:00' where Lead_Id = 1")  # fmt: skip
    leads, _ = crm.load()
    assert crm.rows("Lead_Id, phone", "leads") == [("1", "123"), ("2", None)]
    assert leads.rows_changed == 2


def test_without_the_raw_table_everything_is_read_again(crm: CrmWorkspace) -> None:
    crm.load()
    crm.con.execute("drop table raw.raw_shop.leads")
    leads, _ = crm.load()
    assert leads.rows == 2


def test_a_killed_run_loses_nothing(crm: CrmWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    crm.load()
    crm.sql("insert into leads values (3, '2024-02-06 10:00:00', '2024-02-06 10:00:00', 'c', 3)")

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # dlt has landed the row and moved its cursor; the run ends before the row is in raw.
        patch.setattr("dagster_project.connectors.database.receive_tables", killed)
        with pytest.raises(KeyboardInterrupt):
            crm.load()
    crm.sql("insert into leads values (4, '2024-03-06 10:00:00', '2024-03-06 10:00:00', 'd', 4)")
    leads, _ = crm.load()
    assert leads.rows == 4


def test_values_that_do_not_fit_go_to_quarantine(crm: CrmWorkspace) -> None:
    crm.source["tables"]["quotas"] = {"read": {"types": {"owner": "integer"}}}
    crm.sql("insert into quotas values ('12', '2024-02-01', 1), ('13', '2024-02-01', 1)")
    _, quotas = crm.load()
    assert (quotas.rows, quotas.rejected) == (2, 1)
    assert crm.query("select column_name, value, reason, file, line from raw.ops.quarantine") == [
        ("owner", "Ann", "'Ann' is no whole number", None, None)
    ]


def test_values_out_of_range_go_to_quarantine(crm: CrmWorkspace) -> None:
    crm.source["entities"]["opportunities"] = {"table": "leads", "columns": {
        "opportunity_id": "Lead_Id", "created_at": "created_at", "amount": "score"}}  # fmt: skip
    crm.sql("insert into leads values (3, '2024-02-03 10:00:00', '2024-02-03 10:00:00', null, 1e15)")
    leads, _ = crm.load()
    assert (leads.rows, leads.rejected) == (2, 1)
    assert crm.query("select column_name, reason from raw.ops.quarantine") == [
        ("score", "'1000000000000000.0' is out of range: at most 14 digits before the point")
    ]


class TestErrors:
    def error(self, crm: CrmWorkspace) -> str:
        with pytest.raises(SourceError) as caught:
            crm.load()
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def test_missing_file(self, crm: CrmWorkspace) -> None:
        (crm.folder / "files/crm.sqlite").unlink()
        assert "workspace.yml:" in self.error(crm)
        assert "crm.sqlite does not exist" in self.error(crm)
        assert not (crm.folder / "files/crm.sqlite").exists()

    def test_missing_table(self, crm: CrmWorkspace) -> None:
        crm.load()
        crm.source["tables"]["quota"] = {}
        assert "the database has no table 'quota'. Did you mean 'quotas'?" in self.error(crm)
        assert len(crm.rows("owner", "quotas")) == 1

    def test_a_cursor_that_is_text(self, crm: CrmWorkspace) -> None:
        crm.sql("alter table leads add column changed text", "update leads set changed = '9.1.2024'")
        crm.source["tables"]["leads"]["cursor"] = "changed"
        with pytest.raises(SourceError, match=r"leads: the cursor 'changed' is text in the database.*leave `cursor:`"):
            crm.load()

    def test_a_password_with_an_at_sign_is_not_printed(self, crm: CrmWorkspace) -> None:
        crm.source["connection"] = "postgresql://reader:s3cr3t@tail@127.0.0.1:1/shop"
        message = self.error(crm)
        assert "write it as %40" in message
        assert "tail" not in message

    def test_missing_cursor(self, crm: CrmWorkspace) -> None:
        crm.source["tables"]["leads"]["cursor"] = "changed_at"
        assert "changed_at" in self.error(crm)

    def test_wrong_column(self, crm: CrmWorkspace) -> None:
        crm.source["entities"]["leads"]["columns"]["lead_id"] = "lead"
        assert "reads the column 'lead', which is not in the table leads. Did you mean 'lead_id'?" in self.error(crm)

    def test_no_database(self, crm: CrmWorkspace) -> None:
        crm.file("crm.sqlite", b"this is no database, but it is long enough to be looked at" * 20)
        assert "shop: cannot be read: file is not a database" in self.error(crm)

    def test_unreachable_server_without_its_password(self, crm: CrmWorkspace) -> None:
        crm.source["connection"] = "postgresql+psycopg2://kpi:s3cret@127.0.0.1:1/crm"
        message = self.error(crm)
        assert "shop: cannot be read" in message
        assert "s3cret" not in message

    def test_no_url(self, crm: CrmWorkspace) -> None:
        crm.source["connection"] = "my database"
        assert "expected an SQLAlchemy URL" in self.error(crm)


def test_fingerprint(crm: CrmWorkspace) -> None:
    ws = crm.workspace
    source = ws.sources["shop"]
    before = connector_for(source).fingerprint(ws, source)
    assert before == connector_for(source).fingerprint(ws, source)
    crm.sql("insert into quotas values ('Cid', '2024-02-01', 1)")
    assert connector_for(source).fingerprint(ws, source) != before
    crm.source["connection"] = "postgresql+psycopg2://kpi@127.0.0.1/crm"
    ws = crm.workspace
    assert connector_for(ws.sources["shop"]).fingerprint(ws, ws.sources["shop"]) is None


def test_dlt_keeps_quiet_and_in_its_folder(crm: CrmWorkspace, capfd: pytest.CaptureFixture[str]) -> None:
    crm.load()
    assert capfd.readouterr() == ("", "")
    pipeline = dlt_pipeline(crm.workspace, crm.workspace.sources["shop"])
    assert Path(pipeline.working_dir).is_relative_to(crm.workspace.dlt_dir)
    assert not is_telemetry_started()
