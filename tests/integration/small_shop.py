"""A company of one table: three orders a day for two months. Small enough to be run again for every kind of bad input."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

WORKSPACE = """\
name: Small shop
timezone: UTC
currency: EUR
history_start: 2026-01-01
clock: data_end
sources:
  shop:
    connector: files
    domain: sales
    path: files
    closes: {by: max_event_time, grace: 6h}
    tables:
      orders: {files: "orders_*"}
    entities:
      orders:
        table: orders
        columns:
          order_id: id
          ordered_at: created_at
          gross_amount: amount
"""
# A model and a test of the workspace's own: no order of this shop is worth more than 1,000 euros.
OWN_MODEL = """\
select
    order_id,
    case when gross_amount > 1000 then 'implausible' else 'plausible' end as verdict
from {{ ref('fct_orders') }}
"""
OWN_TEST = """\
models:
  - name: order_verdicts
    description: One row per order
    columns:
      - name: verdict
        description: Whether the amount can be right
        data_tests:
          - accepted_values:
              arguments: {values: [plausible]}
"""
HEADER = "id,created_at,amount"
LAST_DAY = date(2026, 2, 28)


def orders_of(first: date, last: date) -> list[str]:
    """Lines of the file with the orders of these days: at 9, 12 and 19 o'clock, 10 to 18 euros each."""
    lines = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for place, hour in enumerate((9, 12, 19)):
            moment = datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001 - the file has no zone
            lines.append(f"{day:%m%d}{place},{moment},{10 + day.day % 7 + place}.50")
    return lines


@dataclass(frozen=True)
class State:
    """What a failed run must not touch: the published file, by name and content, and the rows of the raw table."""

    published: tuple[str, str]
    raw_orders: list[tuple]


@dataclass(frozen=True)
class SmallShop:
    """A workspace folder of the small shop."""

    root: Path

    @property
    def settings(self) -> Path:
        return self.root / "workspace.yml"

    @property
    def published(self) -> Path:
        return self.root / "published" / "current.duckdb"

    def write(self) -> None:
        """Everything that its owner would write; nothing is run."""
        for folder in ("files", "models", "kpis"):
            (self.root / folder).mkdir(parents=True)
        self.settings.write_text(WORKSPACE)
        self.model.write_text(OWN_MODEL)
        self.model.with_suffix(".yml").write_text(OWN_TEST)
        self.month(1).write_text("\n".join([HEADER, *orders_of(date(2026, 1, 1), date(2026, 1, 31)), ""]))
        self.month(2).write_text("\n".join([HEADER, *orders_of(date(2026, 2, 1), LAST_DAY), ""]))

    @property
    def model(self) -> Path:
        return self.root / "models" / "order_verdicts.sql"

    def month(self, number: int) -> Path:
        """The file of a month."""
        return self.root / "files" / f"orders_2026-{number:02}.csv"

    def add(self, *lines: str) -> None:
        """Append lines to the file of the second month."""
        with self.month(2).open("a") as file:
            file.writelines(f"{line}\n" for line in lines)

    def replace(self, file: Path, old: str, new: str) -> None:
        """Replace a text that stands exactly once in a file."""
        text = file.read_text()
        assert text.count(old) == 1, (file, old)
        file.write_text(text.replace(old, new))

    def line_of(self, text: str, file: Path | None = None) -> int:
        """Number of the first line that holds ``text``."""
        lines = (file or self.settings).read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    def read(self, sql: str) -> list[tuple]:
        """Ask the published copy."""
        with duckdb.connect(str(self.published.resolve()), read_only=True) as con:
            return con.execute(sql).fetchall()

    def read_raw(self, sql: str) -> list[tuple]:
        """Ask raw.duckdb."""
        with duckdb.connect(str(self.root / ".bellwether" / "raw.duckdb"), read_only=True) as con:
            return con.execute(sql).fetchall()

    def state(self) -> State:
        target = self.published.resolve()
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        return State((target.name, digest), self.read_raw("select * from raw_shop.orders order by all"))

    def orders_on(self, day: date) -> float | None:
        """The published number of orders of a day."""
        rows = self.read(
            "select value from mart.kpi_current where metric = 'orders' and grain = 'day' and segment_dimension = ''"
            f" and period_start = '{day}'"
        )
        return rows[0][0] if rows else None
