"""When the pipeline itself is in trouble: who is told what, and how often. Alerts on KPIs are another matter (notify.py).

An *outage* begins with a failed run, or with a deadline that passed without a publication (a silence), and ends with the
first publication after it. It is told when it begins, when its cause changes, at most once a day while it lasts, and when
it is over. What to say is decided and stored in one transaction before anything is sent; sending is at least once with
the notice's key as Idempotency-Key, so that a receiver that dedupes sees each notice once.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from metrics.errors import RunError
from serving.freshness import Freshness, freshness
from serving.notices import Notice, deliver_notices, waiting_since
from serving.notify import Delivery
from serving.outage_texts import failure_text, recovery_text, silence_text
from serving.state import Base, open_state

if TYPE_CHECKING:
    from metrics.workspace import Workspace

Kind = Literal["failure", "silence"]

# What differs from run to run although the cause is the same: ids, counts, times, lines.
_VOLATILE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{21,}|\d+")


@dataclass(frozen=True)
class FailedRun:
    """A run that failed: its root cause in one line, the step (or ""), and when it ended, naive UTC."""

    run_id: str
    cause: str
    step: str
    failed_at: datetime


class Outage(Base):
    """One stretch of time without a good run. ``ended_at`` is NULL while it lasts."""

    __tablename__ = "outages"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str]
    cause: Mapped[str]
    cause_key: Mapped[str]
    began_at: Mapped[datetime]
    last_run_id: Mapped[str]
    failed_at: Mapped[datetime]
    told_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


def tell_failure(ws: Workspace, failed: FailedRun, now: datetime) -> Delivery:
    """Note a failed run and tell it, unless its cause was told before and today. Safe to call twice for a run."""
    try:
        seen = freshness(ws, now)
    except RunError:
        # What is published cannot be read; that must not keep the failure from being told.
        seen = Freshness(None, None, None, None, is_overdue=False)
    with open_state(ws.state_path) as engine:
        with Session(engine) as session, session.begin():
            _note_failure(session, ws, failed, seen, now)
        return deliver_notices(engine, ws, now)


def tell_silence(ws: Workspace, now: datetime) -> Delivery:
    """The heartbeat: tell, once a day, that the schedule's deadline has passed; and that it is over."""
    with open_state(ws.state_path) as engine:
        with Session(engine) as session, session.begin():
            seen = freshness(ws, now, waiting_since(session.connection(), now))
            if seen.is_overdue:
                _note_silence(session, ws, seen, now)
            else:
                _note_recovery(session, ws, seen, now)
        return deliver_notices(engine, ws, now)


def tell_recovery(ws: Workspace, now: datetime) -> Delivery:
    """After a run that succeeded: tell that the outage is over, if there was one."""
    seen = freshness(ws, now)
    with open_state(ws.state_path) as engine:
        with Session(engine) as session, session.begin():
            _note_recovery(session, ws, seen, now)
        return deliver_notices(engine, ws, now)


def _note_failure(session: Session, ws: Workspace, failed: FailedRun, seen: Freshness, now: datetime) -> None:
    key = f"run-failed:{failed.run_id}"
    outage = _open_outage(session)
    if session.get(Notice, key) or (outage and outage.last_run_id == failed.run_id):
        return
    cause_key = _cause_key(failed.cause)
    if outage is None:
        # The sensor may hear of a failure after a later run has made up for it.
        later = seen.good_at if seen.good_at and seen.good_at > failed.failed_at else None
        _add_outage(session, "failure", failed, cause_key, now, ended_at=later)
        since = None
    elif (outage.kind, outage.cause_key) == ("failure", cause_key):
        since = outage.began_at
        told_today = _day(ws, outage.told_at) == _day(ws, now)
        outage.last_run_id, outage.failed_at, outage.cause = failed.run_id, failed.failed_at, failed.cause
        if told_today:
            return
        outage.told_at, later = now, None
    else:
        outage.kind, outage.cause, outage.cause_key = "failure", failed.cause, cause_key
        outage.last_run_id, outage.failed_at, outage.told_at = failed.run_id, failed.failed_at, now
        since, later = None, None
    text = failure_text(ws, failed.cause, failed.step, failed.run_id, seen.good_at, still_since=since, later=later)
    _add_notice(session.connection(), key, "run_failed", text, now)


def _note_silence(session: Session, ws: Workspace, seen: Freshness, now: datetime) -> None:
    outage = _open_outage(session)
    if outage and _day(ws, outage.told_at) == _day(ws, now):
        # A failure that was told today is why nothing was published.
        return
    due_at = seen.due_at or now
    if outage:
        outage.told_at = now
    else:
        silent = FailedRun("", "", "", due_at)
        _add_outage(session, "silence", silent, "", now)
    _add_notice(session.connection(), f"silence:{_day(ws, now)}", "run_missing", silence_text(ws, seen, due_at), now)


def _note_recovery(session: Session, ws: Workspace, seen: Freshness, now: datetime) -> None:
    outage = _open_outage(session)
    if outage is None or seen.good_at is None or seen.good_at <= outage.failed_at:
        return
    outage.ended_at = seen.good_at
    text = recovery_text(ws, outage.began_at, seen.good_at, outage.cause)
    _add_notice(session.connection(), f"recovered:{outage.id}:{seen.run_id}", "run_recovered", text, now)


def _open_outage(session: Session) -> Outage | None:
    return session.scalars(select(Outage).where(Outage.ended_at.is_(None)).order_by(Outage.id.desc())).first()


def _add_outage(
    session: Session, kind: Kind, failed: FailedRun, cause_key: str, now: datetime, ended_at: datetime | None = None
) -> None:
    session.add(
        Outage(kind=kind, cause=failed.cause, cause_key=cause_key, began_at=failed.failed_at, last_run_id=failed.run_id,
               failed_at=failed.failed_at, told_at=now, ended_at=ended_at)
    )  # fmt: skip


def _add_notice(connection: Connection, key: str, kind: str, text: str, now: datetime) -> None:
    """Two processes may come to the same conclusion: the second finds the notice stored."""
    new = insert(Notice).values(key=key, kind=kind, text=text, created_at=now)
    connection.execute(new.on_conflict_do_nothing())


def _cause_key(cause: str) -> str:
    return hashlib.sha256(_VOLATILE.sub("#", cause).encode()).hexdigest()[:16]


def _day(ws: Workspace, at: datetime) -> date:
    return at.replace(tzinfo=UTC).astimezone(ws.zone).date()
