"""Deliveries of alerts, kept beside the warehouse in `state.db` (SQLite): they survive a rebuilt warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

from metrics.workspace.clock import machine_now


class Base(DeclarativeBase):
    """All tables of the state store."""


class Route(Base):
    """A route of notification. Alerts of days before ``deliver_from`` are older than the route and not sent to it."""

    __tablename__ = "alert_routes"
    route: Mapped[str] = mapped_column(primary_key=True)
    deliver_from: Mapped[date]
    first_used_at: Mapped[datetime]


class AlertDelivery(Base):
    """One alert that a route has accepted."""

    __tablename__ = "alert_deliveries"
    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    delivered_at: Mapped[datetime]


@contextmanager
def open_state(path: Path) -> Iterator[Engine]:
    """The state store of a workspace, created when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _use_wal)
    try:
        Base.metadata.create_all(engine)
        yield engine
    finally:
        engine.dispose()


def _use_wal(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("pragma journal_mode = wal")
    cursor.execute("pragma busy_timeout = 10000")
    cursor.close()


def deliver_from(connection: Connection, route: str, otherwise: date) -> date:
    """The first day whose alerts the route gets; ``otherwise`` is stored when the route is new."""
    known = connection.execute(select(Route.deliver_from).where(Route.route == route)).scalar_one_or_none()
    if known is not None:
        return known
    new = insert(Route).values(route=route, deliver_from=otherwise, first_used_at=machine_now())
    connection.execute(new.on_conflict_do_nothing())
    return otherwise


def delivered(connection: Connection, route: str) -> set[str]:
    """Fingerprints that the route has accepted."""
    return set(connection.execute(select(AlertDelivery.fingerprint).where(AlertDelivery.route == route)).scalars())


def mark_delivered(engine: Engine, route: str, fingerprint: str) -> None:
    """Note, durably and at once, that the route has accepted an alert. Another process may have done so meanwhile."""
    done = insert(AlertDelivery).values(fingerprint=fingerprint, route=route, delivered_at=machine_now())
    with engine.begin() as connection:
        connection.execute(done.on_conflict_do_nothing())
