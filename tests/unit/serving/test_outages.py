"""A failed run is told once, root cause first; a day without a run is told once a day; and so is the end of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from metrics.errors import RunError, WorkspaceError
from metrics.values import ensure_tables
from metrics.warehouse import open_warehouse
from metrics.workspace import Workspace, load_workspace
from serving import routes
from serving.freshness import freshness, note_checked
from serving.outages import FailedRun, tell_failure, tell_recovery, tell_silence
from serving.publish import publish
from tests.unit.serving.test_notify import Receiver, workspace

SIX = datetime.fromisoformat("2026-07-01 04:00")  # 06:00 in Berlin, when the schedule is due
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CAUSE = "workspace.yml:14: shop.orders: no file 'orders_*' in files. It holds: order_2026-07.csv"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(routes, "_BACKOFF_SECONDS", 0.01)
    found = Receiver()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def ws(tmp_path: Path, receiver: Receiver) -> Workspace:
    """A workspace in Berlin that runs at six and tells the receiver."""
    workspace(tmp_path, f"{{kind: webhook, url: '{receiver.url}'}}")
    settings = tmp_path / "workspace.yml"
    settings.write_text(settings.read_text().replace("timezone: UTC", 'timezone: Europe/Berlin\nschedule: "0 6 * * *"'))
    return load_workspace(tmp_path)


def published(ws: Workspace, at: datetime, run_id: str = "good") -> None:
    """A run has published at this time."""
    with open_warehouse(ws) as con:
        ensure_tables(con)
        con.execute("insert into mart.publish_log values (?, ?, 0, null)", [run_id, at])
    publish(ws, run_id)


def failed(run_id: str, at: datetime, cause: str = CAUSE, step: str = "extract_shop") -> FailedRun:
    return FailedRun(run_id, cause, step, at)


def texts(receiver: Receiver) -> list[str]:
    return [body["text"] for _, body in receiver.requests]


class TestFailure:
    def test_it_is_told_once_root_cause_first(self, ws: Workspace, receiver: Receiver) -> None:
        published(ws, SIX - DAY)
        for _ in range(2):
            tell_failure(ws, failed("5f0c91a2-run", SIX), SIX)
        [(key, body)] = receiver.requests
        assert key == "run-failed:5f0c91a2-run"
        cause, _, rest = body["text"].partition("\n")
        assert cause == CAUSE
        assert rest == (
            f"{ws.name}: a run failed (step extract_shop, run 5f0c91a2). Readers keep the version of 2026-06-30 06:00 CEST."
            f" Mend the cause, then `kpi run -w {ws.root}`; the log: `kpi dev -w {ws.root}`."
        )

    def test_the_same_cause_is_told_at_most_once_a_day(self, ws: Workspace, receiver: Receiver) -> None:
        # 23:30 and 00:30 in Berlin are two days, although they are the same day in London.
        times = [SIX, SIX + HOUR, SIX + 17.5 * HOUR, SIX + 18.5 * HOUR, SIX + 19 * HOUR]
        for number, at in enumerate(times):
            tell_failure(ws, failed(f"run-{number}", at), at)
        assert [key for key, _ in receiver.requests] == ["run-failed:run-0", "run-failed:run-3"]
        assert texts(receiver)[1].startswith(f"Still failing since 2026-07-01 06:00 CEST: {CAUSE}\n")

    def test_another_cause_is_news(self, ws: Workspace, receiver: Receiver) -> None:
        tell_failure(ws, failed("a", SIX, "24 of 177 rows repeat a key"), SIX)
        tell_failure(ws, failed("b", SIX + HOUR, "25 of 180 rows repeat a key"), SIX + HOUR)
        tell_failure(ws, failed("c", SIX + 2 * HOUR, "the disk is full", ""), SIX + 2 * HOUR)
        tell_failure(ws, failed("d", SIX + 3 * HOUR, "25 of 180 rows repeat a key"), SIX + 3 * HOUR)
        assert [key for key, _ in receiver.requests] == ["run-failed:a", "run-failed:c", "run-failed:d"]
        assert texts(receiver)[1].startswith(
            f"the disk is full\n{ws.name}: a run failed (run c). Nothing was published yet."
        )

    def test_after_a_success_the_same_cause_is_news_again(self, ws: Workspace, receiver: Receiver) -> None:
        tell_failure(ws, failed("a", SIX), SIX)
        published(ws, SIX + HOUR)
        for _ in range(2):
            tell_recovery(ws, SIX + HOUR)
        tell_failure(ws, failed("b", SIX + 2 * HOUR), SIX + 2 * HOUR)
        assert [key.partition(":")[0] for key, _ in receiver.requests] == ["run-failed", "recovered", "run-failed"]
        assert texts(receiver)[1] == (
            f"Recovered: {ws.name} published again at 2026-07-01 07:00 CEST, after trouble since 2026-07-01 06:00 CEST."
            f" It was: {CAUSE}"
        )

    def test_a_publication_before_the_failure_is_no_recovery(self, ws: Workspace, receiver: Receiver) -> None:
        published(ws, SIX - HOUR)
        tell_failure(ws, failed("a", SIX), SIX)
        tell_recovery(ws, SIX + HOUR)
        assert [key for key, _ in receiver.requests] == ["run-failed:a"]

    def test_a_failure_that_a_later_run_has_made_up_for_opens_nothing(self, ws: Workspace, receiver: Receiver) -> None:
        published(ws, SIX + HOUR)
        tell_failure(ws, failed("a", SIX), SIX + 2 * HOUR)
        tell_recovery(ws, SIX + 2 * HOUR)
        [text] = texts(receiver)
        assert text.endswith("a later one succeeded at 2026-07-01 07:00 CEST. Nothing to do.")

    def test_a_route_that_was_down_is_told_later_with_the_same_key(self, ws: Workspace, receiver: Receiver) -> None:
        receiver.answers = [503] * 3
        delivery = tell_failure(ws, failed("a", SIX), SIX)
        assert delivery.failed == ["webhook 127.0.0.1: answered 503; 1 notices wait"]
        published(ws, SIX - HOUR)
        assert tell_silence(ws, SIX + HOUR).sent == 1
        assert [key for key, _ in receiver.requests] == ["run-failed:a"] * 4

    def test_a_published_file_that_cannot_be_read_does_not_silence_it(self, ws: Workspace, receiver: Receiver) -> None:
        ws.published_dir.mkdir()
        ws.published_current.write_text("not a database")
        assert tell_failure(ws, failed("a", SIX), SIX).sent == 1

    def test_it_speaks_the_language_of_the_workspace(self, tmp_path: Path, receiver: Receiver) -> None:
        ws = workspace(tmp_path, f"{{kind: webhook, url: '{receiver.url}'}}", language="zh")
        tell_failure(ws, failed("a", SIX), SIX)
        assert texts(receiver)[0].startswith(
            f"{CAUSE}\n{ws.name}：运行失败（步骤 extract_shop，运行 a）。尚未发布任何内容。"
        )

    def test_a_file_gets_facts_for_machines(self, tmp_path: Path) -> None:
        ws = workspace(tmp_path, "{kind: file, path: alerts.jsonl}")
        tell_failure(ws, failed("a", SIX), SIX)
        [line] = [json.loads(text) for text in (tmp_path / "alerts.jsonl").read_text().splitlines()]
        assert (line["kind"], line["fingerprint"], line["workspace"]) == ("run_failed", "run-failed:a", ws.name)


class TestHeartbeat:
    def test_a_day_without_a_run_is_told_once_a_day(self, ws: Workspace, receiver: Receiver) -> None:
        """Published at six: the next run is due at six tomorrow, and late two hours after that."""
        published(ws, SIX)
        for hours in (1, 25.9, 26.1, 27, 49, 51):
            tell_silence(ws, SIX + hours * HOUR)
        assert [key for key, _ in receiver.requests] == ["silence:2026-07-02", "silence:2026-07-03"]
        assert texts(receiver)[0] == (
            f"No successful run: {ws.name} should have published by 2026-07-02 08:00 CEST, the last was at"
            f" 2026-07-01 06:00 CEST.\nSee whether the scheduler is running (`kpi daemon -w {ws.root}`), then"
            f" `kpi run -w {ws.root}`."
        )
        published(ws, SIX + 52 * HOUR, "again")
        assert tell_silence(ws, SIX + 53 * HOUR).sent == 1
        assert texts(receiver)[-1].startswith(f"Recovered: {ws.name} published again at 2026-07-03 10:00 CEST")

    def test_a_failure_that_was_told_today_is_not_told_as_silence_too(self, ws: Workspace, receiver: Receiver) -> None:
        published(ws, SIX - DAY)
        tell_failure(ws, failed("a", SIX), SIX)
        tell_silence(ws, SIX + 5 * HOUR)
        assert [key for key, _ in receiver.requests] == ["run-failed:a"]

    def test_a_new_workspace_is_given_its_first_day(self, ws: Workspace, receiver: Receiver) -> None:
        for hours in (1, 20, 25.9, 26.1):
            tell_silence(ws, SIX + hours * HOUR)
        [text] = texts(receiver)
        assert "should have published by 2026-07-02 08:00 CEST, there was none so far" in text

    def test_finding_nothing_new_is_a_good_run(self, ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        published(ws, SIX)
        monkeypatch.setattr("serving.freshness.machine_now", lambda: SIX + 20 * HOUR)
        note_checked(ws)
        seen = freshness(ws, SIX + 26.1 * HOUR)
        # Known to be up to date at 02:00: due at six, as before.
        assert (seen.good_at, seen.is_overdue) == (SIX + 20 * HOUR, True)
        monkeypatch.setattr("serving.freshness.machine_now", lambda: SIX + 24 * HOUR)
        note_checked(ws)
        assert not freshness(ws, SIX + 49 * HOUR).is_overdue

    def test_a_weekly_schedule_may_be_silent_for_a_week(self, ws: Workspace) -> None:
        settings = ws.root / "workspace.yml"
        weekly = settings.read_text().replace('"0 6 * * *"', '"0 6 * * 1"') + "publish_within: 1d\n"
        settings.write_text(weekly)
        ws = load_workspace(ws.root)
        monday = datetime.fromisoformat("2026-07-06 04:05")
        published(ws, monday)
        # Due on the next Monday at 04:00 UTC, late a day after.
        late = datetime.fromisoformat("2026-07-14 04:00")
        assert freshness(ws, late).due_at == late
        assert not freshness(ws, late).is_overdue
        assert freshness(ws, late + timedelta(seconds=1)).is_overdue

    def test_the_end_of_summer_time_makes_the_day_longer(self, ws: Workspace) -> None:
        """Six o'clock is 04:00 UTC on 24 October and 05:00 UTC on the 25th."""
        published(ws, datetime.fromisoformat("2026-10-24 04:03"))
        assert freshness(ws, SIX).due_at == datetime.fromisoformat("2026-10-25 07:00")

    def test_a_published_file_that_cannot_be_read_is_one_line(self, ws: Workspace) -> None:
        ws.published_dir.mkdir()
        ws.published_current.write_text("not a database")
        with pytest.raises(RunError, match=r"current\.duckdb: cannot be opened"):
            freshness(ws, SIX)
        ws.published_current.unlink()
        duckdb.connect(str(ws.published_current)).close()
        with pytest.raises(RunError, match=r"current\.duckdb cannot be read .* Publish again"):
            freshness(ws, SIX)


@pytest.mark.parametrize("cron", ["99 6 * * *", "0 6 31 2 *", "every day at 6 sharp"])
def test_a_schedule_that_is_never_due_is_an_error(cron: str, ws: Workspace) -> None:
    settings = ws.root / "workspace.yml"
    settings.write_text(settings.read_text().replace('"0 6 * * *"', f'"{cron}"'))
    line = settings.read_text().splitlines().index(f'schedule: "{cron}"') + 1
    with pytest.raises(WorkspaceError, match=rf"workspace\.yml:{line}: schedule '{cron}'".replace("*", r"\*")):
        load_workspace(ws.root)
