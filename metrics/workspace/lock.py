"""The lock of a workspace: one run at a time owns its warehouse."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from metrics.errors import RunError
from metrics.workspace.clock import machine_now
from metrics.workspace.model import Workspace

WAIT_SECONDS = 60.0


@contextmanager
def workspace_lock(ws: Workspace, run_id: str, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the exclusive lock of a workspace. Raises RunError, naming the holder, after ``wait_seconds``.

    The operating system frees the lock when its process ends, however it ends.
    """
    ws.runtime_dir.mkdir(parents=True, exist_ok=True)
    holder_path = ws.lock_path.with_name("lock.holder.json")
    lock = FileLock(ws.lock_path)
    try:
        lock.acquire(timeout=wait_seconds, poll_interval=0.1)
    except Timeout as error:
        raise RunError(
            f"the workspace {ws.root} is locked by {_holder(holder_path)}; waited {wait_seconds:g} s. "
            "Wait until that run has finished, then try again."
        ) from error
    try:
        holder = {"pid": os.getpid(), "run_id": run_id, "since": machine_now().isoformat(timespec="seconds")}
        holder_path.write_text(json.dumps(holder), encoding="utf-8")
        yield
    finally:
        holder_path.unlink(missing_ok=True)
        lock.release()


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "another run"
    return f"process {holder['pid']} (run {holder['run_id']}, since {holder['since']} UTC)"
