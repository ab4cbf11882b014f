"""Files that cannot be written: no right to, read-only, disk full. Said in one line, and where possible before a run."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from metrics.errors import RunError
from metrics.workspace.model import Workspace

_MEND = {
    errno.EACCES: "Give this user the right to read and write it (`ls -ld` shows whose it is)",
    errno.EPERM: "Give this user the right to read and write it (`ls -ld` shows whose it is)",
    errno.EROFS: "It lies on a file system that is mounted read-only: mount it for writing, or move the workspace",
    errno.ENOSPC: "Free space on the disk",
    errno.EDQUOT: "Free space: the quota of this user is used up",
    errno.EFBIG: "It is larger than a file of this user may be (`ulimit -f`): raise the limit",
    errno.EEXIST: "A file lies where a folder belongs: move it away",
    errno.ENOTDIR: "A file lies where a folder belongs: move it away",
    errno.EISDIR: "A folder lies where a file belongs: move it away",
}


def storage_problem(error: OSError) -> str | None:
    """Say in one line which path cannot be used, why, and how to mend it; None for an error of another kind.

    A full disk names no path: the operating system does not say which file it was.
    """
    if error.filename is None and error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO):
        return None
    # Of a copy the second is the file that is written.
    file = error.filename2 or error.filename
    path = f"{os.fsdecode(file)}: " if isinstance(file, str | bytes | os.PathLike) else ""
    reason = os.strerror(error.errno) if error.errno else str(error)
    mend = _MEND.get(error.errno or 0, "Mend it")
    return f"{path}cannot be used: {reason[:1].lower()}{reason[1:]}. {mend}, then try again; nothing is lost."


def check_writable(ws: Workspace) -> None:
    """Check that a run will be able to write, before it takes its time. Raises RunError naming folder or file."""
    for folder in (ws.runtime_dir, ws.dagster_home, ws.published_dir, ws.published_dir / "parquet"):
        # What does not exist yet is made: in the nearest folder that does.
        there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
        if not there.is_dir():
            raise _refusal(there, errno.ENOTDIR)
        _check_access(there, os.W_OK | os.X_OK)
    for file in (ws.warehouse_path, ws.raw_path, ws.state_path):
        if file.exists():
            _check_access(file, os.R_OK | os.W_OK)


def _check_access(path: Path, mode: int) -> None:
    if not os.access(path, mode):
        read_only = bool(os.statvfs(path).f_flag & os.ST_RDONLY)
        raise _refusal(path, errno.EROFS if read_only else errno.EACCES)


def _refusal(path: Path, code: int) -> RunError:
    return RunError(str(storage_problem(OSError(code, os.strerror(code), str(path)))))
