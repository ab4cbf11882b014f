"""From the simulated tables to the files of the demo company: which table lands where, and in which format."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from data.generator import crm, customers, finance, marketing, sales, support, surveys, web
from data.generator.calendar import FIRST_DAY, HORIZON, day_of
from data.generator.frames import World, shown, world_of
from data.generator.support import Tickets
from data.generator.truth import Simulation, truth_of
from data.generator.writers import write_csv_with, write_file, write_sqlite

Say = Callable[[str], None]
STATE_FILE, TRUTH_FILE, CRM_FILE = "state.json", "truth.json", "crm.sqlite"


class GenerationError(Exception):
    """The demo company cannot be generated as asked. ``str(error)`` is the one line to show."""


@dataclass(frozen=True)
class Export:
    """A file, or with ``{month}`` in its path one file per month of the rows' local day."""

    path: str
    changes_back: int = 0  # days: how old a row may be that the newest day still adds or changes
    delimiter: str = ","

    @property
    def table(self) -> str:
        return self.path.split("/")[1].split(".")[0].removesuffix("_{month}")


EXPORTS = (
    Export("ads/ad_performance_{month}.csv", marketing.RESTATED_DAYS),
    Export("web/sessions_{month}.parquet", 2),
    Export("web/touchpoints_{month}.parquet", 2),
    Export("email/campaign_sends.csv"),
    Export("social/posts.jsonl"),
    Export("social/followers.csv"),
    Export("content/published.csv"),
    Export("content/video_views.csv.gz"),
    Export("shop/orders_{month}.csv", 30),
    Export("shop/order_lines_{month}.csv", 3),
    Export("shop/refunds.csv"),
    Export("shop/customers.csv"),
    Export("shop/products.csv"),
    Export("shop/promotions.csv"),
    Export("shop/subscriptions.csv"),
    Export("shop/reviews.jsonl"),
    Export("shop/inventory_movements.parquet"),
    Export("helpdesk/tickets_{month}.jsonl", 90),
    Export("helpdesk/ticket_replies_{month}.jsonl", 3),
    Export("helpdesk/agent_shifts.csv"),
    Export("surveys/csat.csv"),
    Export("surveys/nps.csv", delimiter=";"),
    Export("surveys/brand_recall.csv"),
    Export("surveys/employees.csv"),
    Export("finance/exchange_rates.csv"),
    Export("finance/headcount.xlsx"),
    Export("finance/manual_values.xlsx"),
)
CRM_TABLES = ("leads", "opportunities", "opportunity_stages", "sales_activities", "quotas")


def generate(out_dir: Path, *, scale: float = 1.0, seed: int = 7, days: int = 730, say: Say = print) -> None:
    """Write the whole history of ``days`` days from 2024-07-01 under ``out_dir``, with truth.json and state.json.

    :param scale: 1 = about 400 thousand visits, 12 thousand orders, 6 thousand tickets in two years
    :raises GenerationError: for a scale or a number of days that is out of range
    """
    if not 0 < scale <= 50:
        raise GenerationError(f"scale is {scale}; it must be above 0 and at most 50")
    if not 1 <= days < HORIZON:
        raise GenerationError(f"days is {days}; it must be from 1 to {HORIZON - 1}")
    _clear(out_dir)
    say(f"Demo company: {days} days from {FIRST_DAY}, scale {scale:g}, seed {seed}")
    _write(out_dir, world_of(seed, scale, days), None, say)


def next_day(out_dir: Path, *, say: Say = print) -> date:
    """Add exactly one day: its rows, late rows of the days before, restated ad spend, and what became of older rows.

    :returns: the new last day
    :raises GenerationError: if nothing was generated yet in ``out_dir``
    """
    state_file = out_dir / STATE_FILE
    if not state_file.exists():
        raise GenerationError(
            f"{state_file}: not found. Generate the demo company first: python -m data.generator --out {out_dir}"
        )
    state = json.loads(state_file.read_text(encoding="utf-8"))
    days = int(state["days"]) + 1
    if days >= HORIZON:
        raise GenerationError(f"{state_file}: the history has reached its last possible day, {day_of(HORIZON - 1)}")
    world = world_of(int(state["seed"]), float(state["scale"]), days)
    _write(out_dir, world, world.last_day, say)
    say(f"Demo company: {day_of(world.last_day)} added")
    return day_of(world.last_day)


def simulate(world: World) -> tuple[dict[str, pd.DataFrame], Tickets]:
    """Simulate every table, with the rows that later exports will show, and the plans of the tickets."""
    visits = web.simulate_visits(world)
    orders = sales.simulate_orders(world, visits)
    order_rows = sales.order_table(world, orders, visits)
    customer_of_visit = np.zeros(len(visits.day), dtype=np.int64)
    customer_of_visit[orders.visit] = orders.customer
    sessions = web.sessions_table(world, visits, customer_of_visit)
    customer_rows = customers.customer_table(world, orders)
    tickets = support.simulate_tickets(world, customer_rows)
    tables = {
        "sessions": sessions,
        "touchpoints": web.touchpoints_table(world, visits, sessions),
        **marketing.marketing_tables(world),
        "orders": order_rows,
        "order_lines": sales.line_table(orders, order_rows),
        "refunds": sales.refund_table(world, orders),
        "products": sales.product_table(),
        "promotions": sales.promotion_table(world),
        "customers": customer_rows,
        "subscriptions": customers.subscription_table(world, customer_rows),
        "reviews": customers.review_table(world, orders),
        "inventory_movements": customers.inventory_table(world, orders),
        **crm.crm_tables(world),
        **support.support_tables(world, tickets),
        **surveys.survey_tables(world, tickets, customer_rows),
        **finance.finance_tables(world),
    }
    return tables, tickets


def _clear(out_dir: Path) -> None:
    """Remove the files of an earlier, perhaps longer history; whatever else lies there stays."""
    for export in EXPORTS:
        for path in out_dir.glob(export.path.format(month="*")):
            path.unlink()
    (out_dir / STATE_FILE).unlink(missing_ok=True)


def _write(out_dir: Path, world: World, only_new: int | None, say: Say) -> None:
    """Write all files, or with ``only_new`` those that the day of this number can have changed."""
    tables, tickets = simulate(world)
    counts: dict[str, int] = {}
    for export in EXPORTS:
        written = _write_export(out_dir, world, export, tables[export.table], only_new, counts)
        say(f"  {export.path}: {written:,} rows")
    rows = write_sqlite({name: shown(tables[name], world.last_day) for name in CRM_TABLES}, out_dir / CRM_FILE)
    counts.update({f"{CRM_FILE}#{name}": count for name, count in rows.items()})
    say(f"  {CRM_FILE}: {sum(rows.values()):,} rows in {len(rows)} tables")
    _write_json(out_dir / TRUTH_FILE, truth_of(Simulation(world, tables, tickets), counts))
    state = {
        "seed": world.seed,
        "scale": world.scale,
        "days": world.days,
        "first_day": str(FIRST_DAY),
        "last_day": str(day_of(world.last_day)),
    }
    _write_json(out_dir / STATE_FILE, state)


def _write_export(
    out_dir: Path, world: World, export: Export, table: pd.DataFrame, only_new: int | None, counts: dict[str, int]
) -> int:
    frame = shown(table, world.last_day)
    if "{month}" not in export.path:
        path = out_dir / export.path
        counts[export.path] = (
            write_file(frame, path) if export.delimiter == "," else write_csv_with(frame, path, export.delimiter)
        )
        return counts[export.path]
    months = world.calendar.month[frame["_day"].to_numpy()]
    oldest = 0 if only_new is None else int(world.calendar.month[max(only_new - export.changes_back, 0)])
    for month in np.unique(world.calendar.month[: world.days]):
        rows = np.flatnonzero(months == month)
        name = export.path.format(month=f"{month // 100}-{month % 100:02d}")
        counts[name] = len(rows)
        if month >= oldest and len(rows):
            write_file(frame.iloc[rows], out_dir / name)
    return len(frame)


def _write_json(path: Path, content: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
