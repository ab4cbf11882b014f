"""Bad input through the command line: one clear line, exit code 1, and what was published and loaded stays as it was."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from metrics.workspace import load_workspace, workspace_lock
from tests.conftest import Kpi
from tests.integration.small_shop import HEADER, LAST_DAY, SmallShop

pytestmark = pytest.mark.integration


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a command that refused; lines of progress begin with two spaces."""
    said = [line for line in done.stderr.splitlines() if not line.startswith("  ")]
    assert done.returncode == 1, (done.returncode, done.stderr, done.stdout)
    assert len(said) == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stdout == ""
    assert said[0].startswith("kpi: ")
    return said[0]


def usage_error(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a command that was called in a wrong way."""
    assert done.returncode == 2, (done.returncode, done.stderr, done.stdout)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


class TestFiles:
    """A run that cannot read its files stops before anything has changed."""

    @pytest.fixture
    def refused(self, small_shop: SmallShop, kpi: Kpi) -> Callable[..., str]:
        """Run the broken workspace; returns its one line after proving that nothing was lost."""
        before = small_shop.state()

        def run() -> str:
            line = refusal(kpi("run", "-w", small_shop.root))
            assert small_shop.state() == before
            return line

        return run

    def test_missing_file(self, small_shop: SmallShop, refused: Callable[..., str]) -> None:
        for number in (1, 2):
            small_shop.month(number).rename(small_shop.root / "files" / f"order_2026-0{number}.csv")
        line = refused()
        assert f"workspace.yml:{small_shop.line_of('orders_*')}: shop.orders: no file 'orders_*'" in line
        assert "order_2026-01.csv" in line

    def test_wrong_column_in_the_mapping(self, small_shop: SmallShop, refused: Callable[..., str]) -> None:
        small_shop.replace(small_shop.settings, "gross_amount: amount", "gross_amount: amonut")
        line = refused()
        assert f"workspace.yml:{small_shop.line_of('gross_amount')}" in line
        assert f"'amonut', which is not in {small_shop.month(1)}. Did you mean 'amount'?" in line

    def test_empty_file(self, small_shop: SmallShop, refused: Callable[..., str]) -> None:
        small_shop.month(3).touch()
        assert f"{small_shop.month(3)}: is empty (0 bytes)" in refused()

    def test_broken_zip(self, small_shop: SmallShop, refused: Callable[..., str]) -> None:
        archive = small_shop.month(3).with_suffix(".csv.zip")
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("orders_2026-03.csv", f"{HEADER}\n" + "3010,2026-03-01 09:00:00,5\n" * 50)
        archive.write_bytes(archive.read_bytes()[:-30])
        assert f"{archive}: cannot be unpacked" in refused()


def test_unreadable_values_go_to_quarantine_and_the_run_goes_on(small_shop: SmallShop, kpi: Kpi) -> None:
    lines = len(small_shop.month(2).read_text().splitlines())
    small_shop.add("9001,2026-02-30 10:00:00,5.00", "9002,2026-02-28 20:00:00,5 euros", "9003,2026-02-28 21:00:00,7.00")
    before = small_shop.orders_on(LAST_DAY)
    assert before == 3
    done = kpi("run", "-w", small_shop.root)
    assert done.returncode == 0, done.stderr
    assert "2 in quarantine" in done.stderr
    shown = " ".join(done.stdout.split())
    assert f"2 rows could not be read (orders_2026-02.csv line {lines + 1}: '2026-02-30" in shown
    assert "kpi quarantine --rows shows them." in shown
    assert small_shop.orders_on(LAST_DAY) == 4
    rows = small_shop.read_raw("select file, line, column_name, value, reason, row_text from ops.quarantine order by line")
    assert rows == [
        ("orders_2026-02.csv", lines + 1, "created_at", "2026-02-30 10:00:00",
         "'2026-02-30 10:00:00' is no time in the form YYYY-MM-DD HH:MM:SS", "9001,2026-02-30 10:00:00,5.00"),
        ("orders_2026-02.csv", lines + 2, "amount", "5 euros",
         "'5 euros' is no number", "9002,2026-02-28 20:00:00,5 euros"),
    ]  # fmt: skip


def test_the_end_of_a_run_quotes_no_address(small_shop: SmallShop, kpi: Kpi) -> None:
    lines = small_shop.month(2).read_text().count("\n")
    small_shop.add("9001,2026-02-28 20:00:00,ann@example.com")
    done = kpi("run", "-w", small_shop.root)
    assert done.returncode == 0, done.stderr
    assert "ann@example.com" not in done.stdout + done.stderr
    assert (
        f"1 row could not be read (orders_2026-02.csv line {lines + 1}: a text of 15 characters is no number). "
        "kpi quarantine --rows shows it." in " ".join(done.stdout.split())
    )


def test_what_a_run_that_stopped_has_seen_is_told_by_the_one_that_is_published(tmp_path: Path, kpi: Kpi) -> None:
    """The first run stops in the models: an order has no amount. Two rows of January cannot be read, and nothing was sold
    from the 12th to the 16th, 42 days before the last closed day, the 27th of February."""
    shop = SmallShop(tmp_path / "shop")
    shop.write()
    january = [line for line in shop.month(1).read_text().splitlines() if not "0112" <= line[:4] <= "0116"]
    unread = ["9001,2026-01-32 10:00:00,5.00", "9002,2026-01-31 20:00:00,5 euros"]
    shop.month(1).write_text("\n".join([*january, *unread, ""]))
    shop.add("9004,2026-02-28 21:00:00,")
    assert "dbt stopped: orders: 1 row without " in refusal(kpi("run", "-w", shop.root))
    shop.replace(shop.month(2), "9004,2026-02-28 21:00:00,\n", "9004,2026-02-28 21:00:00,7.00\n")
    told = " ".join(kpi("run", "-w", shop.root).stdout.split())
    assert f"2 rows could not be read (orders_2026-01.csv line {len(january) + 1}: '2026-01-32" in told
    assert "shop.orders: no row for 2026-01-12 to 2026-01-16 (5 days), then rows again" in told
    # Once is enough: the next run has other news.
    shop.add("9005,2026-02-28 22:00:00,7.00")
    done = kpi("run", "-w", shop.root)
    assert done.returncode == 0, done.stderr
    assert "could not be read" not in done.stdout
    assert "2026-01-12" not in done.stdout


def test_dates_that_a_failed_parser_made_stop_the_run(small_shop: SmallShop, kpi: Kpi) -> None:
    before = small_shop.state().published
    small_shop.add("9006,1970-01-01 00:00:00,5.00", "9005,0001-01-01 00:00:00,5.00", "9007,1900-01-01 00:00:00,5.00")
    line = refusal(kpi("run", "-w", small_shop.root))
    assert line == (
        "kpi: check core/fct_orders: keys_and_ranges failed: 3 of 180 rows have a business date before 1990-01-01: shop"
        " order_id 9005 on 0001-01-01, in orders_2026-02.csv. Correct the rows in the source, or leave them out with `query:`"
        " and its where. Nothing was published."
    )
    assert small_shop.state().published == before


def test_a_missing_amount_stops_the_run_in_words(small_shop: SmallShop, kpi: Kpi) -> None:
    before = small_shop.state().published
    small_shop.add("9004,2026-02-28 21:00:00,")
    line = refusal(kpi("run", "-w", small_shop.root))
    assert (
        "kpi: dbt stopped: orders: 1 row without gross_amount: order_id = 9004; ordered_at = 2026-02-28 21:00:00. Fill them in"
        " at the source" in line
    )
    assert small_shop.state().published == before


def test_a_run_ends_with_what_it_doubts(small_shop: SmallShop, kpi: Kpi) -> None:
    """Two amounts of one order; one of 28 February (10 + 28 % 7 + 0 = 10.50 euros) that was exported once more; and one order
    of 31 May, which closes all the days since February."""
    small_shop.add("02280,2026-02-28 09:00:00,10.50", "02271,2026-02-27 12:00:00,99.00", "05310,2026-05-31 12:00:00,10.00")
    done = kpi("run", "-w", small_shop.root)
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    # The 27th's order at noon: 10 + 27 % 7 + 1 + 0.50
    assert (
        "! mart/reconciliation: undecided_versions: shop.orders: 1 key has rows that differ, and nothing says which is the"
        " newest (first: order_id 02271, gross_amount 17.50 or 99.00): the row with the larger value in the first column that differs was kept. Add latest_by:"
        " to its mapping, or a query: that keeps one row per key."
    ) in shown
    assert (
        "! mart/source_watermarks: gaps: shop.orders: no row for 2026-03-01 to 2026-05-30 (91 days), then rows again; usually"
        " every day has rows. Is a file missing?"
    ) in shown
    assert small_shop.read("select gross_amount from core.fct_orders where order_id = '02271'") == [(Decimal("99.0000"),)]


def test_validate_says_which_folder_is_not_there(small_shop: SmallShop, kpi: Kpi) -> None:
    files = small_shop.root / "files"
    files.rename(small_shop.root / "moved")
    done = kpi("validate", "-w", small_shop.root)
    assert done.returncode == 0, done.stderr
    assert f"shop.orders: the folder {files} does not exist." in done.stdout


def test_validate_reads_the_headers_of_the_files(small_shop: SmallShop, kpi: Kpi) -> None:
    small_shop.replace(small_shop.settings, "gross_amount: amount", "gross_amount: amonut")
    done = kpi("validate", "-w", small_shop.root)
    line = (
        f"workspace.yml:{small_shop.line_of('amonut')}: shop.orders.gross_amount reads the column 'amonut', which is not in"
    )
    assert line in done.stdout
    assert "Did you mean 'amount'?" in done.stdout
    assert (done.returncode, done.stderr) == (1, "kpi: Small shop: 1 error, listed above: mend workspace.yml.\n")


def test_a_file_that_lost_most_of_its_rows_is_held_back_until_confirmed(small_shop: SmallShop, kpi: Kpi) -> None:
    before = small_shop.state().published
    for month in (1, 2):
        small_shop.month(month).write_text("\n".join([*small_shop.month(month).read_text().splitlines()[:20], ""]))
    # Again and again: the loss itself must not become what the next run compares with.
    for _ in range(2):
        line = refusal(kpi("run", "-w", small_shop.root))
        assert "raw_shop/orders: volume failed: 38 rows, 21% of the 177 published last." in line
        assert "kpi run --accept-fewer-rows" in line
        assert small_shop.state().published == before
    done = kpi("run", "-w", small_shop.root, "--accept-fewer-rows")
    assert done.returncode == 0, done.stderr
    assert "! raw_shop/orders: volume: 38 rows, 21% of the 177 published last; accepted" in " ".join(done.stdout.split())
    assert small_shop.state().published != before
    assert "volume" not in kpi("run", "-w", small_shop.root, "--full-refresh").stdout


class TestSettings:
    """workspace.yml is wrong: the line of the file, before anything is read."""

    def test_unknown_entity(self, small_shop: SmallShop, kpi: Kpi) -> None:
        small_shop.replace(small_shop.settings, "      orders:\n        table", "      oders:\n        table")
        line = refusal(kpi("run", "-w", small_shop.root))
        assert f"workspace.yml:{small_shop.line_of('oders:')}: 'oders' is not a canonical entity" in line
        assert "Did you mean 'orders'" in line

    def test_undefined_environment_variable(self, small_shop: SmallShop, kpi: Kpi) -> None:
        small_shop.replace(small_shop.settings, "path: files", "path: ${SMALL_SHOP_FILES}")
        line = refusal(kpi("run", "-w", small_shop.root))
        assert f"workspace.yml:{small_shop.line_of('path:')}: sources.shop.path" in line
        assert "SMALL_SHOP_FILES, which is not set" in line

    def test_bad_yaml(self, small_shop: SmallShop, kpi: Kpi) -> None:
        small_shop.replace(small_shop.settings, "closes: {by: max_event_time, grace: 6h}", "closes: {by: max_event_time")
        line = refusal(kpi("run", "-w", small_shop.root))
        assert f"workspace.yml:{small_shop.line_of('tables:')}: is not valid YAML" in line

    def test_unknown_key(self, small_shop: SmallShop, kpi: Kpi) -> None:
        small_shop.replace(small_shop.settings, "    domain: sales", "    domian: sales")
        line = refusal(kpi("run", "-w", small_shop.root))
        assert f"workspace.yml:{small_shop.line_of('domian')}: sources.shop has no key 'domian'" in line
        assert "Did you mean 'domain'?" in line

    def test_no_such_folder(self, tmp_path: Path, kpi: Kpi) -> None:
        for command in (["run"], ["list"], ["validate"]):
            line = refusal(kpi(*command, "-w", tmp_path / "nowhere"))
            assert f"{tmp_path / 'nowhere'}: there is no workspace.yml" in line

    def test_nothing_published_yet(self, tmp_path: Path, kpi: Kpi) -> None:
        shop = SmallShop(tmp_path / "shop")
        shop.write()
        for question in (["list"], ["show", "orders"], ["query", "orders"], ["alerts"]):
            line = refusal(kpi(*question, "-w", shop.root))
            assert f"nothing is published yet. Run `kpi run --workspace {shop.root}` first." in line


class TestDefinitions:
    """Own models, own tests and KPI files of a workspace that are wrong: nothing is published, nothing of it is changed."""

    def test_model_with_an_sql_error(self, small_shop: SmallShop, kpi: Kpi) -> None:
        small_shop.replace(small_shop.model, "    order_id,", "    oder_id,")
        before, written = small_shop.state(), small_shop.model.read_text()
        line = refusal(kpi("run", "-w", small_shop.root))
        assert "dbt stopped at model.bellwether.order_verdicts" in line
        assert "workspace/models/order_verdicts.sql" in line
        assert '"oder_id" not found' in line
        assert "Nothing was published." in line
        assert small_shop.state() == before
        # dbt writes compiled SQL for every model, and never over the owner's file.
        assert small_shop.model.read_text() == written

    def test_model_that_reads_an_unknown_model(self, small_shop: SmallShop, kpi: Kpi) -> None:
        small_shop.replace(small_shop.model, "ref('fct_orders')", "ref('fct_oders')")
        before = small_shop.state()
        line = refusal(kpi("run", "-w", small_shop.root))
        assert "dbt could not read the models" in line
        assert "workspace/models/order_verdicts.sql" in line
        assert "'fct_oders' which was not found" in line
        assert small_shop.state() == before

    def test_failing_test_publishes_nothing_until_it_holds_again(self, small_shop: SmallShop, kpi: Kpi) -> None:
        small_shop.add("9001,2026-02-28 20:00:00,5000.00")
        before = small_shop.state()
        line = refusal(kpi("run", "-w", small_shop.root))
        found = "dbt stopped: order_verdicts: 1 value of verdict is not one of plausible: value_field = implausible; n_records = 1"
        assert line.startswith(f"kpi: {found} (test.bellwether.accepted_values_order_verdicts_verdict")
        assert "Nothing was published." in line
        assert small_shop.state().published == before.published
        assert small_shop.orders_on(LAST_DAY) == 3

        small_shop.replace(small_shop.month(2), "5000.00", "500.00")
        done = kpi("run", "-w", small_shop.root)
        assert done.returncode == 0, done.stderr
        assert small_shop.orders_on(LAST_DAY) == 4

    @pytest.mark.parametrize("command", ["run", "validate"])
    def test_bad_kpi_file(self, command: str, small_shop: SmallShop, kpi: Kpi) -> None:
        bad = small_shop.root / "kpis" / "sales.yml"
        bad.write_text("version: 1\noverrides:\n  - id: orders\n    threshold: 0.4\n  - id: ordes\n    threshold: 0.5\n")
        before = small_shop.state()
        done = kpi(command, "-w", small_shop.root)
        found = f"sales.yml:{small_shop.line_of('ordes', bad)}: overrides unknown KPI 'ordes'. Did you mean 'orders'"
        if command == "run":
            assert found in refusal(done)
            # Told before the models are built.
            assert "dbt:" not in done.stderr
        else:
            assert found in done.stdout
            assert (done.returncode, done.stderr) == (1, "kpi: Small shop: 1 error, listed above: mend the KPI files.\n")
        assert small_shop.state() == before


class TestTwoRuns:
    """One run at a time owns a workspace."""

    def test_locked_by_another_run(self, small_shop: SmallShop, kpi: Kpi) -> None:
        small_shop.add("9001,2026-02-28 20:00:00,5.00")
        before = small_shop.state()
        with workspace_lock(load_workspace(small_shop.root), "the-other-run"):
            line = refusal(kpi("run", "-w", small_shop.root, "--wait", "0.5"))
        assert f"the workspace {small_shop.root} is locked by process" in line
        assert "(run the-other-run, since" in line
        assert "waited 0.5 s" in line
        assert small_shop.state() == before

    def test_a_run_waits_for_its_turn(self, small_shop: SmallShop) -> None:
        (small_shop.root / ".bellwether" / "fingerprint.json").unlink()
        command = [Path(sys.executable).with_name("kpi"), "run", "-w", small_shop.root]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        runs = [subprocess.Popen(command, **pipes) for _ in range(2)]  # type: ignore[call-overload]
        for run in runs:
            output, errors = run.communicate(timeout=300)
            assert run.returncode == 0, errors + output
        assert small_shop.read("select count(*) from mart.publish_log") == [(3,)]


class TestQuestions:
    """Wrong names, dates and filters on the command line."""

    @pytest.fixture(autouse=True)
    def unchanged(self, built_small_shop: SmallShop) -> object:
        before = built_small_shop.state()
        yield
        assert built_small_shop.state() == before

    def test_unknown_kpi(self, built_small_shop: SmallShop, kpi: Kpi) -> None:
        line = refusal(kpi("show", "nonsense", "-w", built_small_shop.root))
        assert "there is no KPI or metric 'nonsense'" in line
        assert "kpi list --all" in line
        assert "Did you mean 'orders'?" in refusal(kpi("show", "ordrs", "-w", built_small_shop.root))

    def test_unknown_metric_and_dimension(self, built_small_shop: SmallShop, kpi: Kpi) -> None:
        workspace = ["-w", built_small_shop.root]
        line = refusal(kpi("query", "gros_revenue", *workspace))
        assert "there is no metric 'gros_revenue'. Did you mean 'gross_revenue'" in line
        line = refusal(kpi("query", "orders", "--by", "chanel", *workspace))
        assert "there is no 'chanel'. Did you mean 'channel'" in line

    def test_saved_queries(self, built_small_shop: SmallShop, kpi: Kpi) -> None:
        workspace = ["-w", built_small_shop.root]
        line = refusal(kpi("query", "--saved", "sales_by_channe", *workspace))
        assert "no saved query 'sales_by_channe'. Did you mean 'sales_by_channel'? There are:" in line
        line = refusal(kpi("query", "orders", "--saved", "sales_by_channel", *workspace))
        assert "--saved sales_by_channel has its metrics and --by already" in line
        same = ["--by", "metric_time__month", "--by", "channel", "--format", "csv", *workspace]
        asked = kpi("query", "orders", "gross_revenue", *same)
        saved = kpi("query", "--saved", "sales_by_channel", "--format", "csv", *workspace)
        assert saved.returncode == 0, saved.stderr
        assert len(saved.stdout.splitlines()) > 1
        assert sorted(saved.stdout.splitlines()) == sorted(asked.stdout.splitlines())

    @pytest.mark.parametrize(
        "where",
        [
            "1 = 1; drop table mart.kpi_values",
            "{{ Dimension('order__country') }} = 'x') or 1 = 1; drop table mart.kpi_values; --",
            "(select count(*) from read_csv('/etc/hosts')) > 0",
            "{{ ''.__class__.__mro__ }}",
        ],
    )
    def test_injection(self, where: str, built_small_shop: SmallShop, kpi: Kpi) -> None:
        assert "kpi: where: " in refusal(kpi("query", "orders", "--where", where, "-w", built_small_shop.root))

    def test_bad_day(self, built_small_shop: SmallShop, kpi: Kpi) -> None:
        workspace = ["-w", built_small_shop.root]
        for command in (["query", "orders", "--from", "2026-13-45"], ["run", "--from", "2026-13-45", "--to", "2026-02-01"]):
            assert "--from '2026-13-45' is not a day; write it as 2026-06-30." in usage_error(kpi(*command, *workspace))
        assert "belong together" in refusal(kpi("run", "--from", "2026-02-01", *workspace))
        line = refusal(kpi("run", "--from", "2026-02-10", "--to", "2026-02-01", *workspace))
        assert "--from 2026-02-10 lies after --to 2026-02-01." in line
