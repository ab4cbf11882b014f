"""Dagster on a workspace: definitions by name, lineage, checks, alerts by the sensor, and a backfill as one run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from dagster_project.build import build_defs
from metrics.errors import SourceError
from metrics.workspace import load_workspace
from metrics.workspace.mapping import mapping_tables
from serving.notify import deliver_pending
from serving.routes import WebhookRoute
from serving.state import mark_delivered, open_state
from tests.conftest import BuiltWorkspace, Kpi
from tests.integration.dagster_server import dagster_server
from tests.integration.demo_assets import RAW, expected_groups
from tests.integration.slack import Message, SlackReceiver
from tests.integration.small_shop import LAST_DAY, SmallShop

pytestmark = pytest.mark.integration

PUBLISHED = dg.AssetKey(["published", "current"])


@contextmanager
def instance_of(root: Path) -> Iterator[dg.DagsterInstance]:
    """The workspace's own Dagster instance."""
    with dg.DagsterInstance.from_config(str(root / ".bellwether" / "dagster")) as instance:
        yield instance


def last_run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    return instance.get_run_records(limit=1)[0].dagster_run


def check_results(instance: dg.DagsterInstance, run_id: str) -> dict[str, dg.AssetCheckEvaluation]:
    """Results of the checks of a run by ``asset: check``."""
    entries = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    found = [entry.dagster_event.event_specific_data for entry in entries if entry.dagster_event]
    return {f"{result.asset_key.to_user_string()}: {result.check_name}": result for result in found}


@pytest.fixture(scope="module")
def definitions(demo: BuiltWorkspace) -> dg.Definitions:
    return build_defs(demo.root)


@pytest.fixture(scope="module")
def nodes(definitions: dg.Definitions) -> dict[str, Any]:
    """The assets of the demo company by key."""
    graph = definitions.resolve_asset_graph()
    return {key.to_user_string(): graph.get(key) for key in graph.get_all_asset_keys()}


class TestDefinitions:
    """What Dagster shows of the demo company."""

    def test_assets_and_their_groups(self, nodes: Mapping[str, Any]) -> None:
        assert {key: node.group_name for key, node in nodes.items()} == expected_groups()

    def test_jobs_schedules_and_sensors(self, definitions: dg.Definitions) -> None:
        assert [job.name for job in definitions.jobs] == ["daily"]
        assert [(s.name, s.job_name, s.cron_schedule, s.execution_timezone) for s in definitions.schedules] == [
            ("daily", "daily", "0 6 * * *", "Europe/Berlin"),
            ("lookback", "daily", "0 3 * * 0", "Europe/Berlin"),
        ]
        assert [sensor.name for sensor in definitions.sensors] == ["deliver_alerts", "tell_failures", "heartbeat"]
        assert {sensor.default_status for sensor in definitions.sensors} == {dg.DefaultSensorStatus.RUNNING}
        daily = definitions.resolve_job_def("daily")
        assert {key.to_user_string() for key in daily.asset_layer.executable_asset_keys} == set(expected_groups())

    def test_every_asset_has_owner_description_and_kind(self, nodes: Mapping[str, Any]) -> None:
        for key, node in nodes.items():
            assert node.description, key
            assert node.kinds, key
            team = "data" if node.group_name in ("closing", "kpi", "published") else node.group_name
            assert node.owners == [f"team:{team}"], key

    def test_only_kpi_values_has_partitions(self, nodes: Mapping[str, Any]) -> None:
        partitioned = {key: node.partitions_def for key, node in nodes.items() if node.partitions_def}
        assert list(partitioned) == ["mart/kpi_values"]
        assert partitioned["mart/kpi_values"].get_first_partition_key() == "2024-07-01"
        assert all(node.backfill_policy == dg.BackfillPolicy.single_run() for node in nodes.values())

    def test_lineage_runs_from_every_mapped_table_to_the_published_snapshot(
        self, demo: BuiltWorkspace, nodes: Mapping[str, Any]
    ) -> None:
        children: dict[str, set[str]] = {key: set() for key in nodes}
        for key, node in nodes.items():
            for parent in node.parent_keys:
                children[parent.to_user_string()].add(key)

        def downstream(key: str, without: frozenset[str] = frozenset()) -> set[str]:
            found, waiting = set(), [key]
            while waiting:
                new = children[waiting.pop()] - found - without
                found |= new
                waiting += new
            return found

        # Everything leads to the published snapshot in the end; mapped tables by way of their entity and its KPIs, too,
        # not just because they decide which days are closed.
        assert [key for key in nodes if "published/current" not in {key, *downstream(key)}] == []
        closing = frozenset({"mart/clock", "mart/source_watermarks"})
        ws = load_workspace(demo.root)
        for source in ws.sources.values():
            for entity, mapping in source.entities.items():
                for table in mapping_tables(source, mapping):
                    reached = downstream(f"raw_{source.name}/{table}", without=closing)
                    expected = {f"staging/stg_mapped__{entity}", "mart/kpi_values", "mart/alerts", "published/current"}
                    assert expected <= reached, (source.name, table, expected - reached)

    def test_only_extraction_is_retried(self, definitions: dg.Definitions) -> None:
        retried = {op.op.name: bool(op.op.retry_policy) for op in (*definitions.assets, *definitions.asset_checks)}
        assert {name for name, is_retried in retried.items() if is_retried} == {
            f"extract_{source}" for sources in RAW.values() for source in sources
        }
        assert {"close_days", "dbt_build", "mart__kpi_values", "alerts", "published__current", "check_raw"} <= set(retried)

    def test_schedule_is_on_and_asks_for_one_run(self, definitions: dg.Definitions) -> None:
        schedule = definitions.resolve_schedule_def("daily")
        assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
        at_six = datetime.fromisoformat("2026-07-01T06:00:00+02:00")
        with dg.build_schedule_context(scheduled_execution_time=at_six) as context:
            requests = schedule.evaluate_tick(context).run_requests
        # The window follows from the data: no partition is asked for.
        assert [request.partition_key for request in requests] == [None]

    def test_every_asset_tells_its_rows(self, demo: BuiltWorkspace, nodes: Mapping[str, Any]) -> None:
        with instance_of(demo.root) as instance:
            events = {key: instance.get_latest_materialization_event(node.key) for key, node in nodes.items()}
        rows = {key: event.asset_materialization.metadata.get("dagster/row_count") for key, event in events.items()}
        assert [key for key, count in rows.items() if count is None] == []
        with duckdb.connect(str(demo.published.resolve()), read_only=True) as con:
            for key in (key for key in nodes if key.startswith(("core/", "mart/"))):
                counted = con.execute(f"select count(*) from {key.replace('/', '.')}").fetchone()
                assert rows[key].value == counted[0], key
        with duckdb.connect(str(demo.root / ".bellwether" / "raw.duckdb"), read_only=True) as con:
            for key in (key for key in nodes if key.startswith("raw_")):
                counted = con.execute(f"select count(*) from {key.replace('/', '.')}").fetchone()
                assert rows[key].value == counted[0], key


class TestRetries:
    """A source may be busy for a moment; a wrong name stays wrong."""

    @pytest.mark.parametrize(
        ("error", "attempts"), [(OSError("the share does not answer"), 2), (SourceError("no such column"), 1)]
    )
    def test_extraction(
        self, error: Exception, attempts: int, small_shop: SmallShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from dagster_project.assets import raw

        extract_source, seen = raw.extract_source, []

        def failing_once(*arguments: Any) -> Any:
            seen.append(arguments)
            if len(seen) == 1:
                raise error
            return extract_source(*arguments)

        monkeypatch.setattr(raw, "RETRIES", dg.RetryPolicy(max_retries=raw.RETRIES.max_retries, delay=0.01))
        monkeypatch.setattr(raw, "extract_source", failing_once)
        definitions = build_defs(small_shop.root)
        extraction = [asset for asset in definitions.assets if asset.op.name == "extract_shop"]
        result = dg.materialize(extraction, resources=definitions.resources, raise_on_error=False)
        assert (result.success, len(seen)) == (attempts == 2, attempts)


@dataclass(frozen=True)
class AlertedShop:
    """The small shop after a run with an alert that the webhook did not take."""

    shop: SmallShop
    slack: SlackReceiver
    output: str

    @property
    def messages_in_file(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.shop.root / "alerts.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def alerted(built_small_shop: SmallShop, tmp_path_factory: pytest.TempPathFactory, kpi: Kpi) -> Iterator[AlertedShop]:
    """On its last day the shop has 21 orders after 3 the day before, and the next morning closes that day."""
    shop = SmallShop(tmp_path_factory.mktemp("alerted") / "shop")
    shutil.copytree(built_small_shop.root, shop.root, symlinks=True)
    with SlackReceiver() as slack:
        routes = f"notify:\n  - {{kind: webhook, url: '{slack.url}'}}\n  - {{kind: file, path: alerts.jsonl}}\n"
        shop.settings.write_text(routes + shop.settings.read_text())
        # Revenue moves by 377 % that day: only the orders are beyond their threshold.
        overrides = "version: 1\noverrides:\n  - {id: orders, threshold: 0.5}\n  - {id: gross_revenue, threshold: 5}\n"
        (shop.root / "kpis" / "own.yml").write_text(overrides)
        shop.add(*(f"90{n:02},{LAST_DAY} 12:{n:02}:00,12.00" for n in range(18)))
        shop.add(f"9100,{LAST_DAY + timedelta(1)} 09:00:00,12.00")
        slack.answer = 503
        done = kpi("run", "-w", shop.root)
        assert done.returncode == 0, done.stderr
        yield AlertedShop(shop, slack, done.stdout)


def test_failed_swing_check_names_the_day_and_leaves_the_run_green(alerted: AlertedShop) -> None:
    with instance_of(alerted.shop.root) as instance:
        run = last_run(instance)
        check = check_results(instance, run.run_id)["mart/alerts: daily_swing"]
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert (check.passed, check.severity, check.blocking) == (False, dg.AssetCheckSeverity.WARN, False)
    assert [record.data for record in check.metadata["swings"].records] == [
        {"metric": "orders", "day": "2026-02-28", "value": 21.0, "previous_value": 3.0, "change": 6.0, "threshold": 0.5}
    ]
    assert alerted.shop.read("select metric, day, status from mart.alerts") == [("orders", LAST_DAY, "new")]
    assert "Orders on 2026-02-28: 21, +600.0% against the day before (3)" in " ".join(alerted.output.split())


def test_sensor_delivers_what_is_pending_exactly_once(alerted: AlertedShop) -> None:
    [fingerprint] = [row[0] for row in alerted.shop.read("select fingerprint from mart.alerts")]
    text = "Orders on 2026-02-28: 21, +600.0% against the day before (3). Threshold 50%. It moved in the good direction."
    # The run itself could reach the file only: the webhook was down, three times.
    assert "An alert could not be sent: webhook 127.0.0.1: answered 503" in alerted.output
    assert [message.key for message in alerted.slack.messages] == [fingerprint] * 3
    assert [(line["text"], line["fingerprint"]) for line in alerted.messages_in_file] == [(text, fingerprint)]

    alerted.slack.messages.clear()
    alerted.slack.answer = 200
    assert sensor_says(alerted.shop.root) == "1 alerts sent, 0 failed"
    sent = Message("/services/T0/B0/secret", fingerprint, "application/json", {"text": text})
    assert alerted.slack.messages == [sent]
    assert sensor_says(alerted.shop.root) == "0 alerts sent, 0 failed"
    assert alerted.slack.messages == [sent]
    assert len(alerted.messages_in_file) == 1


def test_two_processes_may_deliver_the_same_alert(alerted: AlertedShop, tmp_path: Path) -> None:
    """`kpi run` and the sensor of `kpi dev` can meet: the one that is later finds the alert marked."""
    shop = SmallShop(tmp_path / "shop")
    shutil.copytree(alerted.shop.root, shop.root, symlinks=True)
    (shop.root / ".bellwether" / "state.db").unlink()
    ws = load_workspace(shop.root)

    def other_process(message: Message) -> None:
        with open_state(ws.state_path) as engine:
            mark_delivered(engine, WebhookRoute(alerted.slack.url).key, message.key)

    alerted.slack.answer, alerted.slack.before_answer = 200, other_process
    try:
        delivery = deliver_pending(ws)
    finally:
        alerted.slack.before_answer = lambda _: None
    assert (delivery.sent, delivery.failed) == (2, [])


def sensor_says(root: Path) -> str:
    """Evaluate the run-status sensor for the last run of a workspace; returns what it reports."""
    sensor = build_defs(root).sensors[0]
    with instance_of(root) as instance:
        run = last_run(instance)
        [event] = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_SUCCESS)
        context = dg.build_run_status_sensor_context(sensor.name, event.dagster_event, instance, run)
        return sensor(context).skip_message


def test_failed_blocking_check_stops_before_publishing(small_shop: SmallShop, kpi: Kpi) -> None:
    # The clock stands on 20 February: the 8 days of orders after it cannot be.
    small_shop.replace(small_shop.settings, "clock: data_end", "clock: 2026-02-20")
    before = small_shop.state()
    done = kpi("run", "-w", small_shop.root)
    assert done.returncode == 1, done.stdout
    assert done.stderr.splitlines()[-1] == (
        "kpi: check core/fct_orders: keys_and_ranges failed: 24 of 177 rows have a business date after today 2026-02-20:"
        " shop order_id 02210 on 2026-02-21, in orders_2026-02.csv. Correct the rows in the source, or leave them out with"
        " `query:` and its where. Nothing was published."
    )
    assert small_shop.state() == before
    with instance_of(small_shop.root) as instance:
        run = last_run(instance)
        check = check_results(instance, run.run_id)["core/fct_orders: keys_and_ranges"]
        assert (check.passed, check.blocking, check.severity) == (False, True, dg.AssetCheckSeverity.ERROR)
        assert run.status == dg.DagsterRunStatus.FAILURE
        done_keys = {event.dagster_event.asset_key for event in instance.all_logs(
            run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)}  # fmt: skip
    assert dg.AssetKey(["core", "fct_orders"]) in done_keys
    assert not {dg.AssetKey(["mart", "kpi_values"]), dg.AssetKey(["mart", "alerts"]), PUBLISHED} & done_keys


@pytest.mark.slow
def test_backfill_of_thirty_days_by_graphql_is_one_run(demo_copy: BuiltWorkspace, tmp_path: Path) -> None:
    with duckdb.connect(str(demo_copy.published.resolve()), read_only=True) as con:
        today, values = con.execute("select (select max(today) from mart.clock), count(*) from mart.kpi_values").fetchone()
    first, last = today - timedelta(days=30), today - timedelta(days=1)
    # The schedule is on, and must not start a run of its own in the minute of this test.
    settings = demo_copy.root / "workspace.yml"
    settings.write_text(settings.read_text().replace('schedule: "0 6 * * *"', 'schedule: "0 6 29 2 *"\nlookback: off'))
    with dagster_server(demo_copy.root, tmp_path / "dagster.log") as server:
        assert server.running_instigators() == {"daily", "deliver_alerts", "tell_failures", "heartbeat"}
        run_id = server.launch_range("daily", first, last)
        runs = server.until(lambda: server.finished_runs({"dagster/asset_partition_range_start": first.isoformat()}), 180)
        assert runs == {run_id: "SUCCESS"}, (tmp_path / "dagster.log").read_text()[-3000:]
    with instance_of(demo_copy.root) as instance:
        events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        keys = {event.dagster_event.asset_key.to_user_string() for event in events}
        days = [event.dagster_event.partition for event in events if event.dagster_event.asset_key.path[-1] == "kpi_values"]
    assert keys == set(expected_groups())
    assert sorted(days) == [(first + timedelta(days=offset)).isoformat() for offset in range(30)]
    # Published anew, with the same values: nothing had changed.
    with duckdb.connect(str(demo_copy.published.resolve()), read_only=True) as con:
        assert con.execute("select count(*) from mart.kpi_values").fetchone() == (values,)
        assert con.execute("select run_id from mart.publish_log order by published_at desc limit 1").fetchone() == (run_id,)
