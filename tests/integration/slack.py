"""A receiver of webhooks on this machine that takes what Slack's incoming webhooks take."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Message:
    """One request: its path, Idempotency-Key, content type and JSON body."""

    path: str
    key: str
    content_type: str
    body: dict[str, Any]


class SlackReceiver:
    """Answers every request with ``answer`` and keeps it; ``before_answer`` is called with the request first."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.answer = 200
        self.before_answer: Callable[[Message], None] = lambda _: None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                message = Message(self.path, self.headers["Idempotency-Key"], self.headers["Content-Type"], body)
                receiver.messages.append(message)
                receiver.before_answer(message)
                self.send_response(receiver.answer)
                self.end_headers()
                self.wfile.write(b"ok" if receiver.answer == 200 else b"no")

            def log_message(self, *_: object) -> None:
                """Say nothing on stderr."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/services/T0/B0/secret"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
