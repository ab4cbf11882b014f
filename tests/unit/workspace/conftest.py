"""A workspace.yml in a temporary folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

HEAD = """\
name: Small shop
timezone: Europe/Berlin
currency: EUR
history_start: 2024-01-01
"""
SHOP = """\
sources:
  shop:
    connector: files
    domain: sales
    tables:
      orders: {files: orders.csv}
      lines: {files: lines.csv}
    entities:
      orders:
        table: orders
        columns: {order_id: id, ordered_at: created_at, gross_amount: price - discount}
"""


@pytest.fixture
def write_workspace(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes workspace.yml from its text and returns its folder."""

    def write(text: str = HEAD + SHOP) -> Path:
        (tmp_path / "workspace.yml").write_text(text, encoding="utf-8")
        return tmp_path

    return write
