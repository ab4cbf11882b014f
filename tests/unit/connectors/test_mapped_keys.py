"""Keys that meet: an id of two sources, or of two tables of one source, stops the run before any model is built."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.connectors.conftest import ORDERS, SmallWorkspace, csv_text

ROWS = csv_text("1001,2024-03-01,10", "1002,2024-03-02,20", "1003,2024-03-03,30")


def source(files: str, **more: Any) -> dict[str, Any]:
    """A source like the shop, with files of its own."""
    return {
        "connector": "files",
        "domain": "sales",
        "path": "files",
        "tables": {"sales": {"files": files}},
        "entities": {"orders": {"table": "sales", "columns": dict(ORDERS)}},
        **more,
    }


class TestIdsOfTwoSources:
    @pytest.fixture(autouse=True)
    def two_shops(self, small: SmallWorkspace) -> None:
        small.more_sources["market"] = source("market.csv")
        small.file("orders_1.csv", ROWS)
        small.file("market.csv", csv_text("1002,2024-04-01,77.77", " 1003 ,2024-04-02,88.88", "2001,2024-04-03,99.99"))

    def test_one_line_names_both_sources_and_the_remedy(self, small: SmallWorkspace) -> None:
        message = small.refusal()
        assert message.startswith(f"workspace.yml:{small.line_of('market:')}: orders: 2 ids are in both shop and market, ")
        assert "for example 1002." in message
        assert "`ids: own`" in message
        assert "Nothing was published." in message
        assert not any(value in message for value in ("77", "88", "2024-04"))

    def test_own_ids_never_meet(self, small: SmallWorkspace) -> None:
        small.more_sources["market"]["ids"] = "own"
        small.load_everything()

    def test_a_prefix_of_the_mapping_counts(self, small: SmallWorkspace) -> None:
        """The check compares what staging will hold: market:1002 is what `own` makes of 1002."""
        small.more_sources["market"]["ids"] = "own"
        small.more_sources["third"] = source("third.csv")
        small.more_sources["third"]["entities"]["orders"]["columns"]["order_id"] = "'market:' || id"
        small.file("third.csv", csv_text("1002,2024-04-01,1", "5,2024-04-01,1"))
        assert "orders: 1 id is in both market and third, for example market:1002." in small.refusal()

    def test_different_numbers_are_no_problem(self, small: SmallWorkspace) -> None:
        small.file("market.csv", csv_text("2001,2024-04-01,1", "2002,2024-04-02,1"))
        small.load_everything()

    def test_other_pairs_are_counted(self, small: SmallWorkspace) -> None:
        small.more_sources["third"] = source("third.csv")
        small.file("third.csv", csv_text("1001,2024-04-01,1", "2001,2024-04-01,1"))
        message = small.refusal()
        assert "(and 2 more pairs of sources)" in message

    def test_an_id_that_is_an_address_is_not_shown(self, small: SmallWorkspace) -> None:
        for name in ("orders_1.csv", "market.csv"):
            small.file(name, csv_text("ann@example.com,2024-04-01,1", "bob@example.com,2024-04-01,1"))
        message = small.refusal()
        assert "2 ids are in both" in message
        assert "example" not in message

    def test_a_natural_key_is_shared_by_nature(self, small: SmallWorkspace) -> None:
        """Two banks quote the same currency: a prefix would not help, one of them has to be left out."""
        for name in ("bank", "other_bank"):
            small.more_sources[name] = source("rates.csv", ids="own") | {
                "entities": {
                    "exchange_rates": {"table": "sales", "columns": {"rate_on": "day", "currency": "cur", "rate": "r"}}
                }
            }
        small.more_sources["market"]["ids"] = "own"
        small.file("rates.csv", csv_text("2024-03-01,USD,0.93", header="day,cur,r"))
        message = small.refusal()
        assert "exchange_rates: 1 key is in both bank and other_bank, for example 2024-03-01 USD." in message
        assert "Map those rows from one source only." in message
        assert "ids: own" not in message


class TestIdsOfTwoTablesOfOneSource:
    QUERY = "select id as order_id, created_at as ordered_at, price as gross_amount from {}"

    @pytest.fixture(autouse=True)
    def two_tables(self, small: SmallWorkspace) -> None:
        small.source["tables"] = {"orders": {"files": "orders_1.csv"}, "phone_orders": {"files": "phone.csv"}}
        small.source["entities"]["orders"] = {"query": self.union()}
        small.file("orders_1.csv", ROWS)
        small.file("phone.csv", csv_text("1003,2024-05-01,5", "1004,2024-05-02,6"))

    def union(self, more: str = "") -> str:
        return " union all ".join(
            self.QUERY.format(table).replace(" from", f"{more} from") for table in ("orders", "phone_orders")
        )

    def test_one_line_names_both_tables(self, small: SmallWorkspace) -> None:
        message = small.refusal()
        assert message.startswith(
            f"workspace.yml:{small.line_of('query:')}: orders: 1 id is in both orders and phone_orders of shop"
        )
        assert "for example 1003." in message
        assert "`latest_by:`" in message
        assert "'phone_orders:' || id" in message
        # Both tables are of one source: its name before both would change nothing.
        assert "ids: own" not in message

    def test_own_ids_do_not_help_within_a_source(self, small: SmallWorkspace) -> None:
        small.source["ids"] = "own"
        assert "1 id is in both orders and phone_orders of shop" in small.refusal()

    def test_latest_by_says_which_row_counts(self, small: SmallWorkspace) -> None:
        small.source["entities"]["orders"] = {"query": self.union(", created_at as changed"), "latest_by": "changed"}
        small.load_everything()

    def test_a_distinct_key(self, small: SmallWorkspace) -> None:
        query = self.union().replace("id as order_id, created_at as ordered_at, price as gross_amount from phone",
                                     "'phone:' || id as order_id, created_at as ordered_at, price as gross_amount from phone")  # fmt: skip
        assert "'phone:'" in query
        small.source["entities"]["orders"] = {"query": query}
        small.load_everything()

    def test_the_same_table_twice_is_the_querys_own_affair(self, small: SmallWorkspace) -> None:
        small.source["entities"]["orders"] = {
            "query": self.QUERY.format("orders") + " union all " + self.QUERY.format("orders")
        }
        small.load_everything()
