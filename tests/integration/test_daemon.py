"""``kpi daemon`` as a service manager starts it: a real tick of the schedule, a real sensor, a real receiver."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.integration.slack import SlackReceiver
from tests.integration.small_shop import LAST_DAY, SmallShop

pytestmark = [pytest.mark.integration, pytest.mark.slow]

# A tick comes within a minute; everything else takes seconds, on a machine that does nothing else.
PATIENCE_SECONDS = 400


@contextmanager
def daemon(shop: SmallShop, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [Path(sys.executable).with_name("kpi"), "daemon", "-w", shop.root]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def until(answer: Callable[[], Any], log: Path) -> Any:
    """The first answer that is not empty."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = answer()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"no answer; the daemon says:\n{log.read_text()[-3000:]}")


def test_a_tick_runs_the_day_and_a_failed_run_is_told_once(small_shop: SmallShop, tmp_path: Path) -> None:
    log, home = tmp_path / "daemon.log", small_shop.root / ".bellwether" / "dagster"
    with SlackReceiver() as slack:
        settings = small_shop.settings.read_text()
        every_minute = f'schedule: "* * * * *"\nlookback: off\nnotify: [{{kind: webhook, url: "{slack.url}"}}]\n'
        small_shop.settings.write_text(every_minute + settings)
        small_shop.add(f"9001,{LAST_DAY} 20:00:00,5.00")
        assert small_shop.orders_on(LAST_DAY) == 3
        with daemon(small_shop, log) as process:
            until((home / "workspace.yaml").exists, log)
            launch_one_that_fails(home, small_shop.root)
            with dg.DagsterInstance.from_config(str(home)) as instance:
                good = until(lambda: runs_of_the_schedule(instance), log)
                failed = until(lambda: instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE])), log)
                until(lambda: slack.messages, log)
            process.terminate()
            process.wait(60)
    # The tick of the schedule has run the day, and its values are published.
    assert {run.job_name for run in good} == {"daily"}
    assert small_shop.orders_on(LAST_DAY) == 4
    published = {run_id for (run_id,) in small_shop.read("select run_id from mart.publish_log")}
    assert {run.run_id for run in good} & published
    # The run that failed was told, once, by the sensor.
    [failed_run] = failed
    told = [message for message in slack.messages if message.key.startswith("run-failed:")]
    assert [message.key for message in told] == [f"run-failed:{failed_run.run_id}"]
    text = told[0].body["text"]
    assert text.startswith(f"{small_shop.root / 'nowhere'}: there is no workspace.yml."), text
    assert f"Small shop: a run failed (run {failed_run.run_id[:8]})" in text
    assert {message.key.partition(":")[0] for message in slack.messages} <= {"run-failed", "recovered"}


def launch_one_that_fails(home: Path, root: Path) -> None:
    """Put a run in the queue, as the web page does, of a workspace that is not there."""
    config = {"resources": {"workspace": {"config": {"path": str(root / "nowhere")}}}}
    command = [sys.executable, "-m", "dagster", "job", "launch", "-w", str(home / "workspace.yaml"), "-j", "daily",
               "--config-json", json.dumps(config)]  # fmt: skip
    environment = {**os.environ, "DAGSTER_HOME": str(home), "BELLWETHER_WORKSPACE": str(root)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def runs_of_the_schedule(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """The runs that a tick of the daily schedule has started and that have succeeded."""
    asked = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], tags={"dagster/schedule_name": "daily"})
    return list(instance.get_runs(asked))
