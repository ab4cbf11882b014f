"""The lint where people meet it: `kpi validate`, the check in Dagster, the pre-commit hook."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from tests.conftest import REPOSITORY, Kpi
from tests.integration.small_shop import SmallShop
from tests.integration.test_dagster import check_results, instance_of, last_run

# What a shop with orders alone has, each with a target or a time in which it is only measured.
OVERRIDES = "version: 1\noverrides:\n" + "".join(
    f"  - id: {name}\n    targets:\n      - {{from: 2026-01-01, to: 2026-12-31, grain: month, value: {value}}}\n"
    for name, value in {
        "gross_revenue": 1300, "orders": 90, "average_order_value": 14, "repurchase_rate_30d": 0.1, "return_rate": 0.05,
        "on_time_delivery_rate": 0.9, "minutes_ahead_of_promise": 60,
        "average_shipping_cost": 5, "customer_lifetime_value": 60
    }.items()
)  # fmt: skip
WRONG = "version: 1\noverrides:\n  - id: orders\n    targets:\n      - {from: 2026-01-01, grain: month, value: 90}\n"


def write(shop: SmallShop, text: str) -> Path:
    """The KPI file of the shop."""
    file = shop.root / "kpis" / "sales.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def document(kpi: Kpi, shop: SmallShop, *arguments: str) -> dict:
    done = kpi("validate", "-w", shop.root, "--output", "json", *arguments)
    return {**json.loads(done.stdout), "code": done.returncode}


def test_warnings_end_with_0_and_strict_ones_with_1(small_shop: SmallShop, kpi: Kpi) -> None:
    file = write(small_shop, WRONG)
    done = kpi("validate", "-w", small_shop.root)
    line = f"  warning: {file}:5: orders: the target from 2026-01-01 has neither an end nor a day of review. Add 'to:' or"
    assert line in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    strict = kpi("validate", "-w", small_shop.root, "--strict")
    # Each ends with its rule; what is said of workspace.yml and of data files does not count here.
    count = sum(line.startswith("  ") and line.endswith("]") for line in strict.stdout.splitlines())
    assert (strict.returncode, strict.stderr) == (
        1, f"kpi: Small shop: {count} warnings, each listed above: mend the KPI files.\n"
    )  # fmt: skip
    file.write_text(OVERRIDES)
    clean = document(kpi, small_shop, "--strict")
    assert (clean["findings"], clean["errors"], clean["warnings"], clean["code"]) == ([], 0, 0, 0)


def test_machines_get_file_line_rule_and_both_reports(small_shop: SmallShop, kpi: Kpi) -> None:
    file = write(small_shop, WRONG)
    found = document(kpi, small_shop, "--smart", "--coverage")
    (one,) = [one for one in found["findings"] if one["file"] == str(file)]
    assert {name: one[name] for name in ("line", "severity", "rule", "kpi")} == {
        "line": 5, "severity": "warning", "rule": "target-open-ended", "kpi": "orders"
    }  # fmt: skip
    smart = {(row["kpi"], row["criterion"]): row for row in found["smart"]}
    assert smart["orders", "time-bound"] == {
        "kpi": "orders", "criterion": "time-bound", "met": False, "reason": "its target has neither an end nor a day of review"
    }  # fmt: skip
    assert smart["orders", "measurable"]["met"]
    assert "map web_sessions" in smart["sessions", "measurable"]["reason"]
    assert {"dimension", "member", "kpis", "connected", "names"} == set(found["coverage"][0])
    rows = csv.DictReader(io.StringIO(kpi("validate", "-w", small_shop.root, "-f", "csv").stdout))
    assert [row["rule"] for row in rows if row["file"] == str(file)] == ["target-open-ended"]


def test_it_speaks_chinese_where_the_workspace_does(small_shop: SmallShop, kpi: Kpi) -> None:
    small_shop.settings.write_text("language: zh\n" + small_shop.settings.read_text())
    file = write(small_shop, WRONG)
    done = kpi("validate", "-w", small_shop.root, "--strict")
    assert (
        f"  警告: {file}:5: orders：自 2026-01-01 起的目标既没有结束日期也没有复查日期。请写 'to:' 或 'review_on:'。"
        in done.stdout
    )
    assert "个警告，均列在上文：请修正 KPI 文件。" in done.stderr
    smart = kpi("validate", "-w", small_shop.root, "--smart").stdout
    assert "目标既没有结束日期也没有复查日期" in smart


def test_the_check_in_dagster_warns_and_stops_nothing(small_shop: SmallShop, kpi: Kpi) -> None:
    file = write(small_shop, WRONG)
    done = kpi("run", "-w", small_shop.root)
    assert done.returncode == 0, done.stderr
    with instance_of(small_shop.root) as instance:
        run = last_run(instance)
        check = check_results(instance, run.run_id)["mart/dim_kpi: catalogue"]
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert (check.passed, check.severity, check.blocking) == (False, dg.AssetCheckSeverity.WARN, False)
    records = [record.data for record in check.metadata["findings"].records]
    assert len(records) == check.metadata["warnings"].value
    assert {"place": f"{file}:5", "severity": "warning", "rule": "target-open-ended"}.items() <= next(
        record for record in records if record["rule"] == "target-open-ended"
    ).items()
    said = " ".join(done.stdout.split())
    assert f"! mart/dim_kpi: catalogue: {len(records)} warnings: " in said
    assert "kpi validate shows all." in said


def test_a_clean_catalogue_passes_the_check(small_shop: SmallShop, kpi: Kpi) -> None:
    write(small_shop, OVERRIDES)
    done = kpi("run", "-w", small_shop.root)
    assert done.returncode == 0, done.stderr
    with instance_of(small_shop.root) as instance:
        check = check_results(instance, last_run(instance).run_id)["mart/dim_kpi: catalogue"]
    assert (check.passed, check.metadata["warnings"].value, check.metadata["errors"].value) == (True, 0, 0), (
        check.description
    )
    assert "mart/dim_kpi" not in done.stdout


@pytest.mark.parametrize(("text", "code"), [(WRONG, 0), (WRONG.replace("id: orders", "id: ordres"), 1)])
def test_the_entry_of_the_pre_commit_hook(small_shop: SmallShop, text: str, code: int) -> None:
    """As pre-commit calls it: the entry, then the arguments of the repository, in its top folder."""
    (hook,) = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["pass_filenames"], hook["language"]) == (False, "system")
    write(small_shop, text)
    place = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [*shlex.split(hook["entry"]), "--workspace", "shop"]
    done = subprocess.run(
        command, cwd=small_shop.root.parent, env={**os.environ, "PATH": place}, capture_output=True, check=False
    )
    assert done.returncode == code, done.stderr


def test_the_hook_runs_for_the_files_that_it_lints() -> None:
    import re

    (hook,) = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    files = re.compile(hook["files"])
    for path in ("workspace.yml", "clients/acme/workspace.yml", "kpis/own.yml", "a/kpis/targets.csv", "a/semantic/x.yaml",
                 "a/models/orders/x.sql", "a/kpis/targets.xlsx"):  # fmt: skip
        assert files.search(path), path
    for path in ("README.md", "exports/orders.csv", "my_kpis.yml", "notebooks/kpis.py"):
        assert not files.search(path), path
