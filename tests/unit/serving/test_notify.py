"""Delivery: once per route, again after a failure with the same key, one route's trouble is not another's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from metrics.alerts.events import Alert, fingerprint
from metrics.values import ensure_tables
from metrics.values.rows import insert_rows
from metrics.warehouse import open_warehouse
from metrics.workspace import Workspace, load_workspace
from metrics.workspace.clock import machine_now
from serving import routes
from serving.notify import deliver_pending
from serving.publish import publish
from tests.unit.values.company import WORKSPACE

TODAY = date(2026, 6, 30)


class Receiver:
    """A real HTTP server; ``answers`` are the status codes of the next requests, 200 after them."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.headers["Idempotency-Key"], json.loads(body)))
                code = receiver.answers.pop(0) if receiver.answers else 200
                self.send_response(code)
                if code == 429:
                    self.send_header("Retry-After", "0" if receiver.answers == [] else "600")
                self.end_headers()
                self.wfile.write(b"no such hook" if code == 404 else b"ok")

            def log_message(self, *_: object) -> None:
                """Say nothing on stderr."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook/secret"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def keys(self) -> list[str]:
        """The Idempotency-Key of each request."""
        return [key for key, _ in self.requests]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(routes, "_BACKOFF_SECONDS", 0.01)
    found = Receiver()
    yield found
    found.server.shutdown()
    found.server.server_close()


def workspace(root: Path, *notify: str, language: str = "en") -> Workspace:
    """A workspace with these routes."""
    listed = "".join(f"  - {route}\n" for route in notify)
    text = WORKSPACE.replace("  - {kind: file, path: alerts.jsonl}\n", listed)
    (root / "workspace.yml").write_text(text.replace("timezone", f"language: {language}\ntimezone", 1))
    return load_workspace(root)


def alert(metric: str, day: date, status: str = "new") -> Alert:
    return Alert(
        fingerprint(metric, day, "", "literal", "down"), metric, day, "", "", "literal", 1.0, 2.0, -0.5, 0.15, 9, "down", False,
        "warning", status, f"{metric} fell", f"{metric} 下降", "Owner",  # type: ignore[arg-type]
    )  # fmt: skip


def publish_alerts(ws: Workspace, run_id: str, *alerts: Alert) -> None:
    """A published run that found these alerts."""
    with open_warehouse(ws) as con:
        ensure_tables(con)
        con.execute("delete from mart.clock")
        con.execute("insert into mart.clock values (?, timestamp '2026-06-30')", [TODAY])
        insert_rows(con, "mart.alerts", [(*event.row(), run_id, machine_now(), None) for event in alerts])
    publish(ws, run_id)


YESTERDAY = alert("orders", TODAY - timedelta(days=1))
BEFORE = alert("revenue", TODAY - timedelta(days=2))


def test_each_new_alert_is_sent_once_to_each_route(tmp_path: Path, receiver: Receiver) -> None:
    ws = workspace(tmp_path, f"{{kind: webhook, url: '{receiver.url}'}}", "{kind: file, path: out/alerts.jsonl}")
    publish_alerts(ws, "a", YESTERDAY, BEFORE, alert("ctr", date(2026, 1, 1), "historic"))
    first = deliver_pending(ws)
    assert (first.sent, first.failed) == (4, [])
    assert receiver.requests == [
        (BEFORE.fingerprint, {"text": "revenue fell"}),
        (YESTERDAY.fingerprint, {"text": "orders fell"}),
    ]
    lines = [json.loads(line) for line in (tmp_path / "out" / "alerts.jsonl").read_text().splitlines()]
    assert [(line["metric"], line["text"], line["day"]) for line in lines] == [
        ("revenue", "revenue fell", "2026-06-28"),
        ("orders", "orders fell", "2026-06-29"),
    ]
    assert deliver_pending(ws).sent == 0
    publish_alerts(ws, "b", alert("sessions", TODAY))
    assert deliver_pending(ws).sent == 2


def test_the_text_is_in_the_workspace_language(tmp_path: Path, receiver: Receiver) -> None:
    ws = workspace(tmp_path, f"{{kind: webhook, url: '{receiver.url}'}}", language="zh")
    publish_alerts(ws, "a", YESTERDAY)
    deliver_pending(ws)
    assert receiver.requests[0][1] == {"text": "orders 下降"}


def test_trouble_that_passes_is_tried_again_with_the_same_key(tmp_path: Path, receiver: Receiver) -> None:
    ws = workspace(tmp_path, f"{{kind: webhook, url: '{receiver.url}'}}")
    publish_alerts(ws, "a", YESTERDAY)
    receiver.answers = [503, 429]
    assert deliver_pending(ws).sent == 1
    assert receiver.keys == [YESTERDAY.fingerprint] * 3


def test_a_route_that_is_down_gets_the_alerts_with_the_next_run(tmp_path: Path, receiver: Receiver) -> None:
    ws = workspace(tmp_path, f"{{kind: webhook, url: '{receiver.url}'}}", "{kind: file, path: alerts.jsonl}")
    publish_alerts(ws, "a", YESTERDAY, BEFORE)
    receiver.answers = [500] * 3
    said: list[str] = []
    delivery = deliver_pending(ws, said.append)
    assert delivery.sent == 2
    assert delivery.failed == ["webhook 127.0.0.1: answered 500; 2 alerts wait for the next run"]
    assert said == [f"not delivered: {delivery.failed[0]}"]
    assert "secret" not in delivery.failed[0]
    assert deliver_pending(ws).sent == 2
    assert len((tmp_path / "alerts.jsonl").read_text().splitlines()) == 2


def test_a_receiver_that_asks_for_much_patience_is_left_for_the_next_run(tmp_path: Path, receiver: Receiver) -> None:
    ws = workspace(tmp_path, f"{{kind: webhook, url: '{receiver.url}'}}")
    publish_alerts(ws, "a", YESTERDAY)
    receiver.answers = [429, 429]
    assert deliver_pending(ws).failed == ["webhook 127.0.0.1: answered 429; 1 alerts wait for the next run"]
    assert len(receiver.requests) == 1


def test_a_refusal_is_not_repeated_and_does_not_stop_the_rest(tmp_path: Path, receiver: Receiver) -> None:
    ws = workspace(tmp_path, f"{{kind: webhook, url: '{receiver.url}'}}")
    publish_alerts(ws, "a", YESTERDAY, BEFORE)
    receiver.answers = [404]
    delivery = deliver_pending(ws)
    assert delivery.sent == 1
    assert delivery.failed == ["webhook 127.0.0.1: answered 404: no such hook; alert on revenue of 2026-06-28"]
    assert len(receiver.requests) == 2


def test_nobody_listening_is_one_line(tmp_path: Path, receiver: Receiver) -> None:
    ws = workspace(tmp_path, "{kind: webhook, url: 'http://127.0.0.1:9/hook'}", "{kind: webhook, url: 'not a url'}")
    publish_alerts(ws, "a", YESTERDAY)
    assert deliver_pending(ws).failed == [
        "webhook 127.0.0.1: no answer (ConnectError); 1 alerts wait for the next run",
        "webhook: the webhook's url is not an http(s) address; set it in workspace.yml or its variable",
    ]


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    ws = workspace(tmp_path, "{kind: file, path: taken}")
    (tmp_path / "taken").mkdir()
    publish_alerts(ws, "a", YESTERDAY)
    assert deliver_pending(ws).failed == ["file: taken cannot be written (Is a directory)"]


def test_a_new_route_does_not_get_the_alerts_of_months_past(tmp_path: Path, receiver: Receiver) -> None:
    ws = workspace(tmp_path, f"{{kind: webhook, url: '{receiver.url}'}}")
    publish_alerts(ws, "a", YESTERDAY, alert("orders", date(2026, 5, 1)))
    assert deliver_pending(ws).sent == 1
    assert receiver.keys == [YESTERDAY.fingerprint]


def test_nothing_published_or_no_route_delivers_nothing(tmp_path: Path) -> None:
    ws = workspace(tmp_path, "{kind: file, path: alerts.jsonl}")
    assert deliver_pending(ws).sent == 0
    assert not ws.state_path.exists()
