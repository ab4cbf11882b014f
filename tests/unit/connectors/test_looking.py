"""What `kpi validate` says of the files of a workspace before any of them is loaded."""

from __future__ import annotations

import gzip

from dagster_project.connectors.looking import look_at_files
from tests.unit.connectors.conftest import SmallWorkspace, csv_text

GOOD = csv_text("1,2024-03-01,10")


def test_a_misspelt_column_is_an_error_with_its_line_and_the_closest_header(small: SmallWorkspace) -> None:
    path = small.file("orders_1.csv", GOOD)
    small.file("orders_2.csv", GOOD)
    small.source["entities"]["orders"]["columns"] |= {"gross_amount": "prize", "shipping_cost": "shiping_fee * 1"}
    said = look_at_files(small.workspace)
    assert [(str(seen), seen.severity) for seen in said] == [
        (f"workspace.yml:{small.line_of('gross_amount')}: shop.orders.gross_amount reads the column 'prize', "
         f"which is not in {path}. Did you mean 'price'?", "error"),
        (f"workspace.yml:{small.line_of('shipping_cost')}: shop.orders.shipping_cost reads the column 'shiping_fee', "
         f"which is not in {path}. It has: id, created_at, price", "error"),
    ]  # fmt: skip


def test_an_optional_column_may_be_missing_in_some_files_a_required_one_in_none(small: SmallWorkspace) -> None:
    with_fee = csv_text("1,2024-03-01,10,1", header="id,created_at,price,fee")
    small.source["tables"]["orders"]["files"] = "orders*"
    small.source["entities"]["orders"]["columns"]["shipping_cost"] = "fee"
    small.file("orders_1.csv", GOOD)
    small.file("orders_2.csv.gz", gzip.compress(with_fee.encode()))
    assert look_at_files(small.workspace) == []
    small.file("orders_3.csv", "id,created_at\n")
    (said,) = look_at_files(small.workspace)
    assert "shop.orders.gross_amount reads the column 'price', which is not in" in str(said)
    assert "orders_3.csv" in str(said)


def test_a_file_that_is_missing_or_cannot_be_read_is_a_warning(small: SmallWorkspace) -> None:
    (missing,) = look_at_files(small.workspace)
    assert missing.severity == "warning"
    assert "shop.orders: no file 'orders*.csv' in" in str(missing)
    path = small.file("orders_1.csv", "")
    assert [str(seen) for seen in look_at_files(small.workspace)] == [
        f"warning: {path}: is empty (0 bytes). Put the complete file there, or set `read.allow_empty: true`."
    ]


def test_nothing_is_written(small: SmallWorkspace) -> None:
    small.file("orders_1.csv", GOOD)
    look_at_files(small.workspace)
    assert sorted(path.name for path in small.folder.rglob("*")) == ["files", "orders_1.csv", "workspace.yml"]
