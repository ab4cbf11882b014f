"""Any sequence of loads leaves the table that one fresh load would give, and notes what changed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.connectors.conftest import SmallWorkspace, csv_text

FEBRUARY = csv_text("1,2024-02-01 12:00,10", "2,2024-02-02 12:00,20")
MARCH = csv_text("3,2024-03-01 12:00,30", "4,2024-03-30 23:30,40")


def test_only_new_files_are_read(small: SmallWorkspace) -> None:
    small.file("orders_02.csv", FEBRUARY)
    small.load(run_id="first")
    small.said.clear()
    small.file("orders_03.csv", MARCH)
    (load,) = small.load(run_id="second")
    assert small.said[0] == "shop.orders: reading 1 file(s)"
    assert (load.rows, load.rows_changed) == (4, 2)
    assert small.query("select path, run_id, rows from raw.ops.file_ledger order by 1") == [
        ("orders_02.csv", "first", 2),
        ("orders_03.csv", "second", 2),
    ]


def test_nothing_new(small: SmallWorkspace) -> None:
    small.file("orders_02.csv", FEBRUARY)
    small.load()
    small.said.clear()
    (load,) = small.load(run_id="second")
    assert (load.rows, load.rows_changed, small.said) == (2, 0, ["shop.orders: 2 rows, 0 changed"])
    assert small.query("select distinct _run_id from raw.raw_shop.orders") == [("run",)]


def test_the_same_content_written_again_changes_nothing(small: SmallWorkspace) -> None:
    small.file("orders_02.csv", FEBRUARY)
    small.load()
    small.dates()
    os.utime(small.file("orders_02.csv", FEBRUARY), (1_700_000_000, 1_700_000_000))
    small.said.clear()
    (load,) = small.load(run_id="second")
    assert (load.rows_changed, small.dates()) == (0, [])
    assert "reading" not in small.said[0]


def test_a_new_export_of_the_same_rows_changes_nothing(small: SmallWorkspace) -> None:
    small.file("orders_02.csv", FEBRUARY)
    small.load()
    small.dates()
    small.file("orders_02.csv", csv_text("2,2024-02-02 12:00:00,20.0", "1,2024-02-01T12:00,10.00"))
    (load,) = small.load(run_id="second")
    assert (load.rows_changed, small.dates()) == (0, [])


def test_a_renamed_file_changes_nothing(small: SmallWorkspace) -> None:
    path = small.file("orders_02.csv", FEBRUARY)
    small.load()
    small.dates()
    path.rename(path.with_name("orders_2024_02.csv"))
    (load,) = small.load(run_id="second")
    assert (load.rows_changed, small.dates()) == (0, [])
    assert small.query("select distinct _file from raw.raw_shop.orders") == [("orders_2024_02.csv",)]


def test_a_change_touches_old_and_new_business_dates(small: SmallWorkspace) -> None:
    small.file("orders_02.csv", FEBRUARY)
    small.file("orders_03.csv", MARCH)
    small.load()
    # 23:30 UTC on the 30th of March is 00:30 on the 31st in Berlin, the day on which summer time begins.
    assert small.dates() == ["2024-02-01", "2024-02-02", "2024-03-01", "2024-03-31"]
    small.file("orders_03.csv", csv_text("3,2024-03-01 12:00,30", "4,2024-03-31 22:30,40"))
    (load,) = small.load()
    # After the change of the clocks 22:30 UTC is 00:30 on the next day.
    assert (load.rows_changed, small.dates()) == (2, ["2024-03-31", "2024-04-01"])


def test_a_removed_file_takes_its_rows_away(small: SmallWorkspace) -> None:
    small.file("orders_02.csv", FEBRUARY)
    path = small.file("orders_03.csv", MARCH)
    small.load()
    small.dates()
    path.unlink()
    (load,) = small.load()
    assert (load.rows, load.rows_changed, small.dates()) == (2, 2, ["2024-03-01", "2024-03-31"])


def test_a_row_with_the_same_key_touches_the_date_of_the_other(small: SmallWorkspace) -> None:
    small.file("orders_02.csv", FEBRUARY)
    small.load()
    small.dates()
    small.file("orders_03.csv", csv_text("2,2024-03-05 12:00,25"))
    small.load()
    assert small.dates() == ["2024-02-02", "2024-03-05"]


def test_a_wider_type_reads_everything_again(small: SmallWorkspace) -> None:
    header = "id,created_at,price,code"
    small.file("orders_1.csv", csv_text("1,2024-02-01,1,2.50", header=header))
    small.load()
    small.dates()
    small.file("orders_2.csv", csv_text("2,2024-02-02,1,A7", header=header))
    (load,) = small.load()
    assert load.columns["code"] == "VARCHAR"
    assert small.rows("id, code") == [("1", "2.50"), ("2", "A7")]
    assert small.dates() == [None]
    (small.folder / "files/orders_2.csv").unlink()
    (load,) = small.load()
    assert load.columns["code"] == "DECIMAL(18,6)"


def test_another_mapping_reads_everything_again(small: SmallWorkspace) -> None:
    small.file("orders.csv", csv_text("1,2024-02-01,1,5", header="id,created_at,price,code"))
    small.load()
    small.source["entities"]["orders"]["columns"]["customer_id"] = "code"
    (load,) = small.load()
    assert load.columns["code"] == "VARCHAR"


def test_a_row_without_a_date_is_a_change_too(small: SmallWorkspace) -> None:
    small.file("orders.csv", csv_text("1,2024-02-01,1", "2,,1"))
    small.load()
    assert small.dates() == ["2024-02-01", None]
    small.file("orders.csv", csv_text("1,2024-02-01,1", "2,,2"))
    small.load()
    assert small.dates() == [None]


def test_query_touches_the_dates_of_its_rows(small: SmallWorkspace) -> None:
    small.source["tables"]["lines"] = {"files": "lines.csv"}
    small.source["entities"]["order_lines"] = {
        "query": "select l.line as order_line_id, l.id as order_id, o.created_at as ordered_at, l.amount as amount "
        "from lines l join orders o on o.id = l.id"
    }
    small.file("orders.csv", FEBRUARY)
    small.file("lines.csv", "line,id,amount\n1,1,5\n2,2,7\n3,9,1\n")
    small.load()
    assert small.dates("order_lines") == ["2024-02-01", "2024-02-02"]
    small.file("lines.csv", "line,id,amount\n1,1,5\n2,2,8\n3,9,1\n")
    small.load()
    assert small.dates("order_lines") == ["2024-02-02"]
    small.file("orders.csv", FEBRUARY.replace("2024-02-02", "2024-02-07"))
    small.load()
    assert small.dates("order_lines") == ["2024-02-02", "2024-02-07"]
    # The order of a line that was already there.
    small.file("orders.csv", FEBRUARY.replace("2024-02-02", "2024-02-07") + "9,2024-02-09 08:00,1\n")
    small.load()
    assert small.dates("order_lines") == ["2024-02-09"]


def test_a_load_that_breaks_off_leaves_everything_as_it_was(small: SmallWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    small.file("orders_02.csv", FEBRUARY)
    small.load()
    before = state(small)
    small.file("orders_02.csv", FEBRUARY.replace("10", "11"))
    small.file("orders_03.csv", MARCH)

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # The last step of the transaction.
        patch.setattr("dagster_project.connectors.raw_tables.record_run_dates", killed)
        with pytest.raises(KeyboardInterrupt):
            small.load()
    assert state(small) == before
    (load,) = small.load()
    assert (load.rows, load.rows_changed) == (4, 4)


def test_hidden_and_lock_files_are_left_alone(small: SmallWorkspace) -> None:
    small.source["tables"]["orders"]["files"] = "*"
    small.file("orders.csv", FEBRUARY)
    small.file(".DS_Store", "x")
    small.file("~$orders.xlsx", "x")
    (load,) = small.load()
    assert load.rows == 2


class TestReference:
    """New and changed rows of a reference touch the whole history; a new rate touches the days that use it."""

    def entity(self, small: SmallWorkspace, name: str, columns: dict[str, str]) -> None:
        small.source["tables"]["refs"] = {"files": "refs.csv"}
        small.source["entities"][name] = {"table": "refs", "columns": columns}
        small.file("orders.csv", csv_text("1,2024-02-10,10"))

    def test_customers(self, small: SmallWorkspace) -> None:
        self.entity(small, "customers", {"customer_id": "id", "country": "country"})
        small.file("refs.csv", "id,country\n1,DE\n")
        small.load()
        assert small.dates("customers") == [None]
        # An order of theirs may be there already.
        small.file("refs.csv", "id,country\n1,DE\n2,FR\n")
        small.load()
        assert small.dates("customers") == [None]
        small.load()
        assert small.dates("customers") == []
        small.file("refs.csv", "id,country\n1,AT\n2,FR\n")
        small.load()
        assert small.dates("customers") == [None]

    def test_exchange_rates(self, small: SmallWorkspace) -> None:
        self.entity(small, "exchange_rates", {"rate_on": "day", "currency": "cur", "rate": "rate"})
        rates = "day,cur,rate\n2024-02-01,USD,0.9\n2024-02-04,USD,0.91\n2024-02-01,GBP,1.1\n"
        small.file("refs.csv", rates)
        small.load()
        small.dates("exchange_rates")
        small.file("refs.csv", rates + "2024-02-08,GBP,1.2\n2024-02-02,USD,0.9\n")
        small.load()
        # The clock stands at the last order, the 10th; USD of the 2nd serves until the day before the 4th.
        assert small.dates("exchange_rates") == ["2024-02-02", "2024-02-03", "2024-02-08", "2024-02-09", "2024-02-10"]


VALUES = {
    "id": st.sampled_from(["1", "2", "3", "x9", "007"]),
    "created_at": st.sampled_from(["2024-02-01", "2024-03-31 01:30", "2024-03-31T22:30:00+02:00", "not a date", ""]),
    "price": st.sampled_from(["1", "2.5", "0.00003712", "-7", "ten", ""]),
    "extra": st.sampled_from(["1", "2.5", "true", "2024-01-01", "text", "", "123456789012345678901"]),
}
FILES = ["orders_1.csv", "orders_2.csv", "orders_3.csv"]


@st.composite
def contents(draw: st.DrawFn) -> str:
    columns = ["id", "created_at", "price"]
    if draw(st.booleans()):
        columns.insert(draw(st.integers(0, 3)), "extra")
    rows = draw(st.lists(st.tuples(*(VALUES[name] for name in columns)), min_size=0, max_size=5))
    # Most rows have to be good: a file that is mostly bad is refused, not quarantined.
    good = {"id": "5", "created_at": "2024-02-05", "price": "1", "extra": "3"}
    padding = [tuple(good[name] for name in columns)] * (len(rows) + 1)
    return "\n".join(",".join(row) for row in [tuple(columns), *padding, *rows]) + "\n"


steps = st.lists(
    st.dictionaries(st.sampled_from(FILES), st.one_of(st.none(), contents()), min_size=1), min_size=2, max_size=4
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_property_increments_equal_a_fresh_load(steps: list[dict[str, str | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        small = SmallWorkspace(Path(folder) / "grown")
        small.source["entities"]["orders"]["columns"]["order_id"] = "id"
        kept: dict[str, str] = {FILES[0]: csv_text("1,2024-02-01,1")}
        small.file(FILES[0], kept[FILES[0]])
        small.load()
        for step in steps:
            for name, content in step.items():
                if content is None and name in kept and len(kept) > 1:
                    (small.folder / "files" / name).unlink()
                    del kept[name]
                elif content is not None:
                    kept[name] = content
                    small.file(name, content)
            before, _ = state(small)
            (load,) = small.load()
            after, _ = state(small)
            if load.rows_changed == 0:
                assert data_of(before) == data_of(after)
        fresh = SmallWorkspace(Path(folder) / "fresh")
        for name, content in kept.items():
            fresh.file(name, content)
        fresh.load()
        assert state(small) == state(fresh)
        small.close()
        fresh.close()


def state(small: SmallWorkspace) -> tuple[list[tuple[object, ...]], list[list[tuple[object, ...]]]]:
    """Return rows with their types, and what is known about files and bad rows."""
    con = small.con
    described = con.execute("describe raw.raw_shop.orders").fetchall()
    columns = sorted((row[0], row[1]) for row in described if row[0] not in {"_loaded_at", "_run_id"})
    listed = ", ".join(f'"{name}"' for name, _ in columns)
    rows = con.execute(f"select {listed} from raw.raw_shop.orders order by all").fetchall()
    known = [
        con.execute(sql).fetchall()
        for sql in (
            "select path, size, sha256, rows, rejected from raw.ops.file_ledger order by all",
            "select path, column_name, position, value_kinds from raw.ops.file_columns order by all",
            "select file, line, column_name, value, reason, row_text from raw.ops.quarantine order by all",
        )
    ]
    return [tuple(columns), *rows], known


def data_of(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    # The file name is sorted first; a renamed file changes nothing.
    return sorted((row[1:] for row in rows[1:]), key=repr)
