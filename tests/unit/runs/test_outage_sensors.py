"""The sensors that watch the pipeline, evaluated on real failed runs of a small job."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dagster_project.automation.outages import failure_sensor, heartbeat_sensor
from dagster_project.failures import expected_errors
from dagster_project.root_cause import RootCause, stored_root_cause
from metrics.errors import RunError, SourceError
from metrics.values import ensure_tables
from metrics.warehouse import open_warehouse
from metrics.workspace import Workspace, load_workspace, machine_now
from serving.publish import publish
from tests.unit.values.company import WORKSPACE


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """Tells a file."""
    (tmp_path / "workspace.yml").write_text(WORKSPACE)
    return load_workspace(tmp_path)


def told(ws: Workspace) -> list[dict[str, Any]]:
    file = ws.root / "alerts.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def run_that_fails(instance: dg.DagsterInstance, job: dg.JobDefinition) -> dg.ExecuteInProcessResult:
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    return result


def missing_file() -> dg.JobDefinition:
    @dg.op
    def extract_shop() -> None:
        with expected_errors():
            raise SourceError("workspace.yml:14: shop.orders: no file 'orders_*'")

    @dg.op(ins={"start": dg.In(dg.Nothing)})
    def dbt_build() -> None:
        raise AssertionError("is never reached")

    @dg.job
    def daily() -> None:
        dbt_build(extract_shop())

    return daily


def test_the_failure_sensor_tells_the_root_cause_once(ws: Workspace) -> None:
    sensor = failure_sensor(ws)
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_that_fails(instance, missing_file())
        event = next(event for event in result.all_events if event.event_type == dg.DagsterEventType.RUN_FAILURE)
        context = dg.build_run_status_sensor_context(sensor.name, event, instance, result.dagster_run).for_run_failure()
        for _ in range(2):
            sensor(context)
    [notice] = told(ws)
    assert notice["fingerprint"] == f"run-failed:{result.run_id}"
    assert notice["text"].startswith(
        "workspace.yml:14: shop.orders: no file 'orders_*'\n"
        f"Small shop: a run failed (step extract_shop, run {result.run_id[:8]}). Nothing was published yet."
    )


def test_settings_that_became_unreadable_do_not_silence_it(ws: Workspace) -> None:
    sensor = failure_sensor(ws)
    (ws.root / "workspace.yml").write_text("name: [")
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_that_fails(instance, missing_file())
        event = next(event for event in result.all_events if event.event_type == dg.DagsterEventType.RUN_FAILURE)
        sensor(dg.build_run_status_sensor_context(sensor.name, event, instance, result.dagster_run).for_run_failure())
    assert len(told(ws)) == 1


def test_the_heartbeat_sensor_tells_of_a_missing_run(ws: Workspace) -> None:
    sensor = heartbeat_sensor(ws)
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance=instance) as context:
        assert sensor(context).skip_message == "0 notices sent, 0 failed"
        with open_warehouse(ws) as con:
            ensure_tables(con)
            con.execute("insert into mart.publish_log values ('old', ?, 0, null)", [machine_now() - timedelta(hours=27)])
        publish(ws, "old")
        assert [sensor(context).skip_message for _ in range(2)] == ["1 notices sent, 0 failed", "0 notices sent, 0 failed"]
    assert told(ws)[0]["kind"] == "run_missing"


class TestRootCause:
    """Of runs that another process has carried out, from Dagster's store."""

    def of(self, job: dg.JobDefinition) -> RootCause:
        with dg.DagsterInstance.ephemeral() as instance:
            return stored_root_cause(instance, run_that_fails(instance, job).run_id)

    def test_a_step(self) -> None:
        assert self.of(missing_file()) == RootCause("workspace.yml:14: shop.orders: no file 'orders_*'", "extract_shop")

    def test_an_unexpected_error_names_the_step(self) -> None:
        @dg.job
        def daily() -> None:
            @dg.op
            def close_days() -> None:
                raise ZeroDivisionError("division by zero")

            close_days()

        found = self.of(daily)
        assert found.step == "close_days"
        assert found.message == "Step close_days failed: ZeroDivisionError: division by zero"

    def test_a_resource(self) -> None:
        class Locked(dg.ConfigurableResource):
            def setup_for_execution(self, context: dg.InitResourceContext) -> None:
                raise RunError("the workspace is locked by process 7")

        @dg.op
        def extract_shop(workspace: Locked) -> None:
            pass

        @dg.job(resource_defs={"workspace": Locked()})
        def daily() -> None:
            extract_shop()

        assert self.of(daily) == RootCause("the workspace is locked by process 7")

    def test_a_blocking_check(self) -> None:
        @dg.asset
        def orders() -> None: ...

        @dg.asset_check(asset=orders, blocking=True)
        def keys() -> dg.AssetCheckResult:
            return dg.AssetCheckResult(passed=False, description="2 of 9 rows repeat a key")

        @dg.asset(deps=[orders])
        def values() -> None: ...

        definitions = dg.Definitions(assets=[orders, values], asset_checks=[keys])
        with dg.DagsterInstance.ephemeral() as instance:
            job = definitions.get_implicit_global_asset_job_def()
            found = stored_root_cause(instance, run_that_fails(instance, job).run_id)
        assert found.message == "check orders: keys failed: 2 of 9 rows repeat a key. Nothing was published."
