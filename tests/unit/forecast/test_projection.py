"""mart.kpi_projection beside targets of every path."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from metrics.forecast import write_projection
from tests.unit.alignment.made_up import company, kpi


def test_a_season_that_cannot_be_told_yet_gives_no_target_and_no_error(tmp_path: Path) -> None:
    target = "  - {from: 2026-01-01, to: 2026-12-31, grain: month, value: %s}"
    shop = company(
        tmp_path,
        kpi("gross_revenue", "targets:", (target % 1200).replace("}", ", path: seasonal}")),
        kpi("orders", "targets:", target % 100),
    )
    shop.set_time(date(2026, 3, 10), date(2026, 3, 9), date(2026, 2, 1))
    assert write_projection(shop.con, shop.ws, shop.catalogue)
    found = dict(
        shop.con.execute("select metric, target from mart.kpi_projection where grain = 'month' order by metric").fetchall()
    )
    assert found == {"gross_revenue": None, "orders": 100}
