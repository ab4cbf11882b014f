"""workspace.yml: what it gives, and one clear line for everything that can be wrong with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from metrics.errors import WorkspaceError
from metrics.workspace import load_workspace, workspace_warnings
from tests.unit.workspace.conftest import HEAD, SHOP

Write = Callable[..., Path]


def error_of(folder: Path) -> str:
    with pytest.raises(WorkspaceError) as caught:
        load_workspace(folder)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_gives_what_the_file_says(write_workspace: Write) -> None:
    extra = 'business_hours: {days: [mon, sat], from: 09:00, to: "17:30"}\nclock: 2024-06-30\n'
    source = "    closes: {by: max_event_time, grace: 6h}\n    settles_after: 30d\n"
    folder = write_workspace(HEAD + extra + SHOP.replace("    tables:\n", source + "    tables:\n", 1))
    ws = load_workspace(folder)
    assert (ws.name, ws.timezone, ws.history_start) == ("Small shop", "Europe/Berlin", dt.date(2024, 1, 1))
    assert ws.clock == dt.date(2024, 6, 30)
    # Unquoted 09:00 is the number 540 in YAML 1.1.
    assert (ws.business_hours.days, ws.business_hours.start, ws.business_hours.end) == (("mon", "sat"), 540, 1050)
    shop = ws.sources["shop"]
    assert (shop.name, shop.schema_name, shop.closes.grace) == ("shop", "raw_shop", dt.timedelta(hours=6))
    assert shop.settles_after_days == 30
    assert ws.mapped_entities() == {"orders"}
    assert ws.raw_path == folder.resolve() / ".bellwether" / "raw.duckdb"
    assert load_workspace(folder / "workspace.yml").root == ws.root


def test_is_frozen(write_workspace: Write) -> None:
    ws = load_workspace(write_workspace())
    with pytest.raises(ValueError, match="frozen"):
        ws.name = "other"  # type: ignore[misc]


def test_no_workspace(tmp_path: Path) -> None:
    assert "there is no workspace.yml" in error_of(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + "sources:\n  shop: {connector: files\n  x: y\n", "workspace.yml:7: is not valid YAML"),
        (HEAD + "name: Again\n" + SHOP, "workspace.yml:5: the key 'name' is given twice"),
        (HEAD + "curency: EUR\n" + SHOP, "workspace.yml:5: the file has no key 'curency'. Did you mean 'currency'?"),
        ("- a\n", "workspace.yml:1: is empty or not a mapping"),
        ("", "workspace.yml:1: is empty or not a mapping"),
        (HEAD.replace("2024-01-01", "2026-13-01") + SHOP,
         "workspace.yml:4: history_start is '2026-13-01', which is no date: month must be in 1..12. "
         "Expected a date such as 2024-12-31."),
        (HEAD + "holidays: [2024-12-25, 2024-02-30]\n" + SHOP,
         "workspace.yml:5: holidays[1] is '2024-02-30', which is no date: day is out of range for month."),
        (HEAD + "name2: 2024-12-25 25:00:00\n" + SHOP, "workspace.yml:5: name2 is '2024-12-25 25:00:00', which is no date: hour"),
        (HEAD.replace("2024-01-01", "!!int soon") + SHOP, "workspace.yml:4: history_start is 'soon', which is no whole number:"),
        (HEAD.replace("2024-01-01", "soon") + SHOP, "workspace.yml:4: history_start should be a valid date"),
        (HEAD.replace("EUR", "euro") + SHOP, "workspace.yml:3: currency should match the pattern '^[A-Z]{3}$', found"),
        (HEAD.replace("Berlin", "Berlim") + SHOP, "workspace.yml:2: timezone should be a time zone"),
        (HEAD.replace("Berlin", "Berlim") + SHOP, "Did you mean 'Europe/Berlin'"),
        (HEAD, "the file needs the key 'sources'"),
        (HEAD + SHOP.replace("connector: files", "connector: file"), "workspace.yml:7: sources.shop.connector should be"),
        (HEAD + SHOP.replace("domain: sales", "domain: sales\n    ids: shred"),
         "workspace.yml:9: sources.shop.ids should be 'own' or 'shared', found 'shred'. Did you mean 'shared'?"),
        (HEAD + SHOP.replace("domain: sales", "domain: sale"), "workspace.yml:8: sources.shop.domain should be"),
        (HEAD + SHOP.replace("files: orders.csv", "file: orders.csv"), "has no key 'file'. Did you mean 'files'?"),
        (HEAD + SHOP.replace("      orders:\n        table", "      order:\n        table"),
         "workspace.yml:13: 'order' is not a canonical entity. Did you mean 'orders'"),
        (HEAD + SHOP.replace("table: orders", "table: order"), "workspace.yml:14: shop.orders maps the table 'order'"),
        (HEAD + SHOP.replace("gross_amount", "gros_amount"),
         "workspace.yml:15: the entity orders has no column 'gros_amount'. Did you mean 'gross_amount' or 'cogs_amount'?"),
        (HEAD + SHOP.replace(", ordered_at: created_at", ""),
         "workspace.yml:15: shop.orders maps nothing to the required column ordered_at"),
        (HEAD + SHOP.replace("order_id: id", "order_id: no"),
         "workspace.yml:15: shop.orders: order_id cannot be false. YAML reads no, off, yes and on so"),
        (HEAD + SHOP.replace("price - discount", "price -"), "workspace.yml:15: shop.orders: 'price -' is not a valid SQL"),
        (HEAD + SHOP.replace("price - discount", "now()"), "changes from run to run"),
        (HEAD + SHOP.replace("price - discount", "sum(price)"), "aggregates over several rows"),
        (HEAD + SHOP.replace("price - discount", "Total price"), "A column name with spaces needs quotes"),
        (HEAD + SHOP + "      leads:\n        query: select id as lead_id, created_at, changed from orders\n        latest_by: changd\n",
         "workspace.yml:18: shop.leads: latest_by 'changd' is no column that the query returns. Did you mean 'changed'?"),
        (HEAD + "keep_published: yes\n" + SHOP,
         "workspace.yml:5: keep_published should be a whole number, found true (YAML's word for yes and on, too)."),
        (HEAD + "keep_published: 007\n" + SHOP, "workspace.yml:5: keep_published is 007, which YAML reads as 7. Write 7, or put"),
        (HEAD + "keep_published: 010\n" + SHOP, "workspace.yml:5: keep_published is 010, which YAML reads as 8. Write 10, or put"),
        (HEAD + SHOP.replace("    tables:", "    settles_after: 30 moons\n    tables:", 1), "should be a duration"),
        (HEAD + SHOP.replace("    tables:", "    closes: {by: manual}\n    tables:", 1), "needs `closes.through:`"),
        (HEAD + SHOP.replace("connector: files", "connector: sql_database"), "needs `connection:`, an SQLAlchemy URL"),
    ],
)  # fmt: skip
def test_one_line_says_where_and_what(write_workspace: Write, text: str, expected: str) -> None:
    assert expected in error_of(write_workspace(text))


def test_missing_required_column_names_the_closest_raw_column(write_workspace: Write) -> None:
    folder = write_workspace(HEAD + SHOP.replace(", ordered_at: created_at", ""))
    (folder / "orders.csv").write_text("id,order_at,price,discount\n1,2024-01-01,2,0\n")
    assert "Did you mean 'order_at'?" in error_of(folder)


def test_counts_further_problems(write_workspace: Write) -> None:
    text = HEAD + SHOP.replace("gross_amount", "gros_amount").replace("order_id", "oder_id")
    assert error_of(write_workspace(text)).endswith("(and 1 more)")


class TestEnvironment:
    DATABASE = HEAD + SHOP.replace("connector: files", "connector: sql_database").replace(
        "domain: sales", 'domain: sales\n    connection: "postgresql://kpi:${SHOP_PASSWORD}@db/shop"'
    ).replace("{files: orders.csv}", "{}").replace("{files: lines.csv}", "{}")

    def test_is_read_from_the_environment(self, write_workspace: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHOP_PASSWORD", "s3cret")
        ws = load_workspace(write_workspace(self.DATABASE))
        assert ws.sources["shop"].connection == "postgresql://kpi:s3cret@db/shop"
        assert "s3cret" not in repr(ws)

    def test_undefined_variable_is_named_with_its_use(self, write_workspace: Write) -> None:
        expected = "workspace.yml:9: sources.shop.connection uses the environment variable SHOP_PASSWORD, which is not set."
        assert expected in error_of(write_workspace(self.DATABASE))

    def test_a_value_is_never_shown(self, write_workspace: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ZONE", "s3cret")
        message = error_of(write_workspace(HEAD.replace("Europe/Berlin", "${ZONE}") + SHOP))
        assert "timezone" in message
        assert "s3cret" not in message


class TestWarnings:
    """What may be meant as it is written, and often is not."""

    def warnings_of(self, folder: Path) -> list[str]:
        return workspace_warnings(load_workspace(folder))

    def test_times_without_a_zone(self, write_workspace: Write) -> None:
        assert self.warnings_of(write_workspace()) == [
            "workspace.yml:6: warning: shop maps timestamps and sets no `timezone:`; those that name no zone are read as UTC. "
            "Set it, for example `timezone: Europe/Berlin`, or `timezone: UTC` if that is right."
        ]

    def test_one_line_per_source(self, write_workspace: Write) -> None:
        query = "      leads:\n        query: select id as lead_id, created_at as created_at from orders\n"
        other = SHOP.removeprefix("sources:\n").replace("  shop:", "  market:")
        found = self.warnings_of(write_workspace(HEAD + SHOP + query + other))
        assert [line.split(" maps")[0] for line in found] == [
            "workspace.yml:6: warning: shop", "workspace.yml:18: warning: market"]  # fmt: skip

    def test_utc_in_writing_is_an_answer(self, write_workspace: Write) -> None:
        zoned = SHOP.replace("domain: sales", "domain: sales\n    timezone: UTC")
        assert self.warnings_of(write_workspace(HEAD + zoned)) == []

    def test_a_source_of_days_or_of_nothing_needs_no_zone(self, write_workspace: Write) -> None:
        days = "table: lines, columns: {rate_on: day, currency: cur, rate: rate}"
        start = SHOP.index("      orders:\n        table")
        assert self.warnings_of(write_workspace(HEAD + SHOP[:start] + f"      exchange_rates: {{{days}}}\n")) == []
        assert self.warnings_of(write_workspace(HEAD + SHOP[: SHOP.index("    entities:")])) == []
