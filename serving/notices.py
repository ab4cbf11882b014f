"""What is to be told about the pipeline, and to whom it was: an outbox in the state store, sent to every route."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from serving.notify import Delivery
from serving.routes import DeliveryError, OpenRoute, Unreachable, open_route
from serving.state import Base, delivered, mark_delivered

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from metrics.workspace import Workspace

# A route that was down longer, or that is new, is not told what has passed.
_WORTH_TELLING = timedelta(days=3)


class Notice(Base):
    """One message about the pipeline. ``key`` is its Idempotency-Key."""

    __tablename__ = "notices"
    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    text: Mapped[str]
    created_at: Mapped[datetime]


class Watch(Base):
    """Since when somebody waits for the first publication; one row."""

    __tablename__ = "watch"
    id: Mapped[int] = mapped_column(primary_key=True)
    since: Mapped[datetime]


def waiting_since(connection: Connection, now: datetime) -> datetime:
    """When the heartbeat was asked for the first time; ``now`` is stored when that is now."""
    connection.execute(insert(Watch).values(id=1, since=now).on_conflict_do_nothing())
    return connection.execute(select(Watch.since).where(Watch.id == 1)).scalar_one()


def deliver_notices(engine: Engine, ws: Workspace, now: datetime) -> Delivery:
    """Send what a route has not accepted yet, oldest first. A route that fails does not stop the others."""
    delivery = Delivery()
    with Session(engine) as session:
        recent = select(Notice).where(Notice.created_at > now - _WORTH_TELLING).order_by(Notice.created_at, Notice.key)
        notices = list(session.scalars(recent))
        session.expunge_all()
    if not notices:
        return delivery
    for configured in ws.notify:
        try:
            with open_route(configured, ws) as route:
                _send(engine, ws, route, notices, delivery)
        except DeliveryError as error:
            delivery.failed.append(f"{configured.kind}: {error}")
    return delivery


def _send(engine: Engine, ws: Workspace, route: OpenRoute, notices: list[Notice], delivery: Delivery) -> None:
    with engine.begin() as connection:
        accepted = delivered(connection, route.key)
    waiting = [notice for notice in notices if notice.key not in accepted]
    for place, notice in enumerate(waiting):
        facts = {"fingerprint": notice.key, "kind": notice.kind, "workspace": ws.name, "created_at": notice.created_at}
        try:
            route.send(facts, notice.text)
        except Unreachable as error:
            delivery.failed.append(f"{route.label}: {error}; {len(waiting) - place} notices wait")
            return
        except DeliveryError as error:
            delivery.failed.append(f"{route.label}: {error}; notice {notice.key}")
            continue
        mark_delivered(engine, route.key, notice.key)
        delivery.sent += 1
