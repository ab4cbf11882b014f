"""``kpi run`` tells its terminal; ``kpi run --unattended``, from cron, tells the workspace's routes as well."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Kpi
from tests.integration.small_shop import LAST_DAY, SmallShop

pytestmark = pytest.mark.integration


def told(shop: SmallShop) -> list[dict[str, Any]]:
    file = shop.root / "told.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_failure_is_sent_only_when_unattended_and_a_good_run_ends_it(small_shop: SmallShop, kpi: Kpi) -> None:
    small_shop.settings.write_text("notify: [{kind: file, path: told.jsonl}]\n" + small_shop.settings.read_text())
    small_shop.replace(small_shop.settings, "gross_amount: amount", "gross_amount: amonut")
    attended = kpi("run", "-w", small_shop.root)
    assert attended.returncode == 1
    assert told(small_shop) == []

    done = kpi("run", "-w", small_shop.root, "--unattended")
    assert done.returncode == 1
    cause = done.stderr.splitlines()[-1].removeprefix("kpi: ")
    assert "Did you mean 'amount'?" in cause
    [failure] = told(small_shop)
    assert failure["kind"] == "run_failed"
    first, second = failure["text"].split("\n")
    assert first == cause
    assert second.startswith("Small shop: a run failed (step extract_shop, run ")

    small_shop.replace(small_shop.settings, "gross_amount: amonut", "gross_amount: amount")
    small_shop.add(f"9001,{LAST_DAY} 20:00:00,5.00")
    assert kpi("run", "-w", small_shop.root).returncode == 0
    assert [notice["kind"] for notice in told(small_shop)] == ["run_failed", "run_recovered"]
    assert told(small_shop)[1]["text"].endswith(f"It was: {cause}")
