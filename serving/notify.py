"""Deliver new alerts of the published run to every route: at least once, with the fingerprint as a stable key.

An alert is marked only after a route has accepted it. A crash in between sends it again with the same Idempotency-Key,
so that a receiver that dedupes sees one. A route that fails does not stop the others; what it missed waits for the next
time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from metrics.warehouse import open_published
from serving.routes import DeliveryError, Unreachable, open_route
from serving.state import deliver_from, delivered, mark_delivered, open_state

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from metrics.workspace import Workspace
    from serving.routes import OpenRoute

# a route that is used for the first time does not get the alerts of months past
_NEW_ROUTE_DAYS = timedelta(days=7)


@dataclass
class Delivery:
    """What one call delivered. ``failed``: one line per route that is down and per alert that a route refused."""

    sent: int = 0
    failed: list[str] = field(default_factory=list)


def deliver_pending(ws: Workspace, say: Callable[[str], None] = lambda _: None) -> Delivery:
    """Send every new alert of `published/current.duckdb` that a route has not accepted yet, oldest day first."""
    delivery = Delivery()
    if not ws.notify or not ws.published_current.exists():
        return delivery
    today, alerts = _new_alerts(ws)
    with open_state(ws.state_path) as engine:
        for configured in ws.notify:
            try:
                route = open_route(configured, ws)
            except DeliveryError as error:
                delivery.failed.append(f"{configured.kind}: {error}")
                continue
            with route:
                _deliver(engine, route, alerts, today, ws.language, delivery)
    for line in delivery.failed:
        say(f"not delivered: {line}")
    return delivery


def _new_alerts(ws: Workspace) -> tuple[date | None, list[dict[str, Any]]]:
    with open_published(ws) as con:
        clock = con.execute("select max(today) from mart.clock").fetchone()
        answer = con.execute(
            "select * from mart.alerts where status = 'new' and withdrawn_at is null order by day, metric, fingerprint"
        )
        names = [column[0] for column in answer.description or ()]
        return (clock[0] if clock else None), [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _deliver(
    engine: Engine,
    route: OpenRoute,
    alerts: list[dict[str, Any]],
    today: date | None,
    language: str,
    delivery: Delivery,
) -> None:
    with engine.begin() as connection:
        first_day = deliver_from(connection, route.key, (today or date.min + _NEW_ROUTE_DAYS) - _NEW_ROUTE_DAYS)
        accepted = delivered(connection, route.key)
    waiting = [alert for alert in alerts if alert["day"] >= first_day and alert["fingerprint"] not in accepted]
    for place, alert in enumerate(waiting):
        try:
            route.send(alert, alert["message_zh" if language == "zh" else "message_en"])
        except Unreachable as error:
            # the route is down: trying each alert in turn would only take longer
            delivery.failed.append(f"{route.label}: {error}; {len(waiting) - place} alerts wait for the next run")
            return
        except DeliveryError as error:
            delivery.failed.append(f"{route.label}: {error}; alert on {alert['metric']} of {alert['day']}")
            continue
        mark_delivered(engine, route.key, alert["fingerprint"])
        delivery.sent += 1
