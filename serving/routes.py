"""The two kinds of route an alert can take: a Slack-compatible webhook and a file of JSON lines."""

from __future__ import annotations

import hashlib
import json
import os
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import urlsplit

import httpx

if TYPE_CHECKING:
    from pathlib import Path

    from metrics.workspace import Workspace

_TIMEOUT_SECONDS = 10.0
_ATTEMPTS = 3
_BACKOFF_SECONDS = 0.5
# a receiver that asks for more patience than this gets the alert with the next run
_LONGEST_WAIT_SECONDS = 20.0


class DeliveryError(Exception):
    """A route refused one alert."""


class Unreachable(DeliveryError):  # noqa: N818 - reads as a state, and callers catch it before its parent
    """A route cannot take any alert now."""


class OpenRoute(Protocol):
    """A route ready to send. ``key`` names it in the state store without its secret, ``label`` for people."""

    key: str
    label: str

    def send(self, alert: dict[str, Any], text: str) -> None:
        """Hand over one alert. Raises DeliveryError or Unreachable."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_route(configured: Any, ws: Workspace) -> OpenRoute:
    """The route of one entry under ``notify:``."""
    if configured.kind == "file":
        return FileRoute(ws.root / configured.path, configured.path)
    return WebhookRoute(configured.url)


class WebhookRoute:
    """POST {"text": ...} as Slack's incoming webhooks take it, with Idempotency-Key; retries what may pass."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unreachable("the webhook's url is not an http(s) address; set it in workspace.yml or its variable")
        self._url = url
        self._client = httpx.Client(timeout=_TIMEOUT_SECONDS)
        # the path of a webhook is its secret: only a hash of it is stored
        self.key = "webhook:" + hashlib.sha256(url.encode()).hexdigest()[:16]
        self.label = f"webhook {parts.hostname}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def send(self, alert: dict[str, Any], text: str) -> None:
        """Post one alert, at most three times."""
        reason = ""
        for attempt in range(_ATTEMPTS):
            wait = _BACKOFF_SECONDS * 2**attempt
            try:
                response = self._client.post(
                    self._url, json={"text": text}, headers={"Idempotency-Key": alert["fingerprint"]}
                )
            except httpx.HTTPError as error:
                reason = f"no answer ({type(error).__name__})"
            else:
                if response.is_success:
                    return
                reason = f"answered {response.status_code}"
                if response.status_code != 429 and response.status_code < 500:
                    raise DeliveryError(f"{reason}: {response.text[:200]}".strip(": "))
                wait = max(wait, _asked_wait(response))
            if wait > _LONGEST_WAIT_SECONDS:
                break
            if attempt + 1 < _ATTEMPTS:
                time.sleep(wait)
        raise Unreachable(reason)


def _asked_wait(response: httpx.Response) -> float:
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else 0.0


class FileRoute:
    """Append one JSON object per line and flush it to disk."""

    def __init__(self, path: Path, shown: str) -> None:
        self.key = f"file:{shown}"
        self.label = f"file {shown}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise Unreachable(f"{shown} cannot be written ({error.strerror})") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def send(self, alert: dict[str, Any], text: str) -> None:
        """Append one alert."""
        try:
            self._file.write(json.dumps({"text": text, **alert}, ensure_ascii=False, default=str) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise Unreachable(f"cannot be written ({error.strerror})") from error
