"""Two shops that number orders, customers and refunds from the same start, and a help desk that names their customers."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.conftest import Kpi
from tests.integration.test_bad_input import refusal

pytestmark = pytest.mark.integration

HEAD = """\
name: Two shops
timezone: UTC
currency: EUR
history_start: 2026-01-01
clock: data_end
sources:
"""
SHOP = """\
  {name}:
    connector: files
    domain: sales
    timezone: UTC
    path: {name}
    tables:
      orders: {{files: orders.csv}}
      customers: {{files: customers.csv}}
      refunds: {{files: refunds.csv}}
    entities:
      orders: {{table: orders, columns: {{order_id: id, ordered_at: at, customer_id: buyer, gross_amount: total}}}}
      customers: {{table: customers, columns: {{customer_id: id, country: land, email: mail}}}}
      refunds: {{table: refunds, columns: {{refund_id: id, order_id: "order", refunded_at: at, amount: amount}}}}
"""
DESK = """\
  desk:
    connector: files
    domain: support
    timezone: UTC
    path: desk
    tables: {tickets: {files: tickets.csv}}
    entities:
      tickets: {table: tickets, columns: {ticket_id: id, created_at: at, customer_id: "'shop_fr:' || customer"}}
"""
FILES = {
    "shop_de/orders.csv": "id,at,buyer,total\n1001,2026-01-05 09:00:00,1,10\n1002,2026-01-05 12:00:00,2,20\n"
    "1003,2026-01-06 09:00:00,1,30\n1004,2026-01-07 09:00:00,3,40\n",
    "shop_de/customers.csv": "id,land,mail\n1,DE,ann@x.test\n2,AT,bob@x.test\n",
    "shop_de/refunds.csv": "id,order,at,amount\n1,1001,2026-01-06 10:00:00,10\n",
    "shop_fr/orders.csv": "id,at,buyer,total\n1001,2026-01-05 10:00:00,1,100\n1002,2026-01-06 10:00:00,1,200\n"
    "1003,2026-01-06 11:00:00,2,many\n1004,2026-01-07 10:00:00,,400\n",
    "shop_fr/customers.csv": "id,land,mail\n1,FR,cem@x.test\n",
    "shop_fr/refunds.csv": "id,order,at,amount\n1,1002,2026-01-06 12:00:00,50\n",
    "desk/tickets.csv": "id,at,customer\n1,2026-01-05 10:00:00,1\n2,2026-01-07 10:00:00,\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "workspace.yml").write_text(HEAD + SHOP.format(name="shop_de") + SHOP.format(name="shop_fr") + DESK)
    return tmp_path


def test_shared_ids_stop_the_run_and_own_ids_mend_it(root: Path, kpi: Kpi) -> None:
    settings = root / "workspace.yml"
    line = refusal(kpi("run", "-w", root))
    place = settings.read_text().splitlines().index("  shop_fr:") + 1
    assert f"workspace.yml:{place}: customers: 1 id is in both shop_de and shop_fr, for example 1." in line
    assert "write `ids: own` below shop_fr" in line
    assert not any(value in line for value in ("x.test", "DE", "FR"))
    assert not (root / "published").exists()

    settings.write_text(
        settings.read_text().replace("    timezone: UTC\n    path: shop", "    ids: own\n    timezone: UTC\n    path: shop")
    )
    done = kpi("run", "-w", root)
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(root / ".bellwether" / "raw.duckdb"), read_only=True) as con:
        rejected = con.execute("select source, file, line, reason from ops.quarantine").fetchall()
    assert rejected == [("shop_fr", "orders.csv", 4, "'many' is no number")]
    with duckdb.connect(str(root / ".bellwether" / "warehouse.duckdb"), read_only=True) as con:
        orders = con.execute("select order_id, customer_id, country, has_refund from core.fct_orders order by order_id")
        assert orders.fetchall() == [
            ("shop_de:1001", "shop_de:1", "DE", True),
            ("shop_de:1002", "shop_de:2", "AT", False),
            ("shop_de:1003", "shop_de:1", "DE", False),
            ("shop_de:1004", "shop_de:3", "unknown", False),
            ("shop_fr:1001", "shop_fr:1", "FR", False),
            ("shop_fr:1002", "shop_fr:1", "FR", True),
            ("shop_fr:1004", None, "unknown", False),
        ]
        refunds = con.execute("select refund_id, order_id, ordered_on::varchar, country from core.fct_refunds order by 1")
        assert refunds.fetchall() == [
            ("shop_de:1", "shop_de:1001", "2026-01-05", "DE"),
            ("shop_fr:1", "shop_fr:1002", "2026-01-06", "FR"),
        ]
        # The desk keeps its own numbers, and reaches the French customer by an expression.
        tickets = con.execute("select ticket_id, customer_id, country from core.fct_tickets order by 1")
        assert tickets.fetchall() == [("1", "shop_fr:1", "FR"), ("2", None, "unknown")]
    with duckdb.connect(str((root / "published" / "current.duckdb").resolve()), read_only=True) as con:
        found = con.execute(
            "select metric, value from mart.kpi_current where grain = 'day' and segment_dimension = ''"
            " and period_start = '2026-01-05' and metric in ('orders', 'gross_revenue', 'new_customers', 'return_rate')"
        )
        assert dict(found.fetchall()) == {
            "orders": 3,
            "gross_revenue": 130,
            "new_customers": 3,
            "return_rate": pytest.approx(1 / 3),
        }
