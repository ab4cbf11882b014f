"""`kpi diff`: an edit, two commits, two files; the numbers are those of the files, and the workspace stays as it is."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
from collections import defaultdict
from io import StringIO
from pathlib import Path

import pytest

from tests.conftest import Kpi
from tests.integration.small_shop import SmallShop

pytestmark = pytest.mark.integration

LARGE = """\
metrics:
  - name: large_orders
    label: Large orders
    description: Orders of a size
    type: simple
    type_params: {measure: orders}
    filter: "{{ Dimension('large__amount') }} >= LIMIT"
    config: {meta: {unit: count, direction: up, additivity: additive, segments: []}}
"""
MODEL = """\
semantic_models:
  - name: large
    model: ref('fct_orders')
    defaults: {agg_time_dimension: business_date}
    entities: [{name: large, type: primary, expr: order_id}]
    dimensions:
      - {name: business_date, type: time, type_params: {time_granularity: day}}
      - {name: amount, type: categorical, expr: gross_amount}
    measures: [{name: large_orders, agg: sum, expr: "1"}]
"""


def definition(limit: int) -> str:
    return MODEL + LARGE.replace("measure: orders", "measure: large_orders").replace("LIMIT", str(limit))


def by_month(shop: SmallShop, limit: float) -> dict[str, int]:
    """Orders of at least ``limit`` euros by month, counted in the files."""
    counted: dict[str, int] = defaultdict(int)
    for number in (1, 2):
        with shop.month(number).open() as file:
            for row in csv.DictReader(file):
                counted[row["created_at"][:7]] += float(row["amount"]) >= limit
    return counted


def git(shop: SmallShop, *arguments: str) -> str:
    command = ["git", "-C", str(shop.root), "-c", "user.name=A", "-c", "user.email=a@example.com", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def content(root: Path) -> dict[str, str]:
    """Every file of the workspace with its hash."""
    files = [path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def shop(small_shop: SmallShop) -> SmallShop:
    """The small shop in a repository with two commits: the limit of a large order is 12 euros, then 15; 17 is not committed."""
    own = small_shop.root / "semantic" / "large.yml"
    own.parent.mkdir()
    git(small_shop, "init", "--quiet", "--initial-branch=main")
    for limit in (12, 15):
        own.write_text(definition(limit))
        git(small_shop, "add", "workspace.yml", "models", "semantic")
        git(small_shop, "commit", "--quiet", "-m", f"large is {limit}")
    own.write_text(definition(17))
    return small_shop


def months(shop: SmallShop, old: float, new: float) -> dict[str, tuple[int, int]]:
    before, after = by_month(shop, old), by_month(shop, new)
    return {f"{month}-01": (before[month], after[month]) for month in before}


def test_an_edit_against_the_last_commit(shop: SmallShop, kpi: Kpi) -> None:
    before = content(shop.root)
    done = kpi("diff", "HEAD", ".", "-w", shop.root, "--grain", "month", "-f", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {value["period_start"]: (value["old"], value["new"]) for value in found["values"]} == months(shop, 15, 17)
    (metric,) = found["metrics"]
    assert (metric["metric"], metric["compared"], metric["changed"]) == ("large_orders", 2, 2)
    texts = [change["text"] for change in metric["changes"]]
    assert texts == ["filter: {{ Dimension('large__amount') }} >= 15 -> {{ Dimension('large__amount') }} >= 17"]
    assert found["sql_files_that_differ"] == []
    assert content(shop.root) == before
    assert "Reading the definitions of commit" in done.stderr


def test_two_commits_and_sql_that_differs(shop: SmallShop, kpi: Kpi) -> None:
    shop.model.write_text(shop.model.read_text().replace("1000", "900"))
    git(shop, "commit", "--quiet", "-a", "-m", "large is 17")
    done = kpi("diff", "HEAD~2", "HEAD", "-w", shop.root, "--grain", "month", "--from", "2026-02-01")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert all(len(line) <= 100 for line in lines)
    assert "large_orders: 1 of 1 values change" in lines
    old, new = months(shop, 12, 17)["2026-02-01"]
    row = next(line.split() for line in lines if line.startswith("large_orders month"))
    assert row == ["large_orders", "month", "2026-02", str(old), str(new), f"{new / old - 1:+.1%}"]
    assert "The SQL of the tables differs too: workspace/models/order_verdicts.sql." in " ".join(lines)


def test_two_files_of_one_definition(shop: SmallShop, kpi: Kpi, tmp_path: Path) -> None:
    old, new = tmp_path / "old.yml", tmp_path / "new.yml"
    old.write_text(definition(12))
    added = LARGE.replace("measure: orders", "measure: large_orders").replace("LIMIT", "18").split("\n", 1)[1]
    new.write_text(definition(15) + added.replace("name: large_orders", "name: few"))
    done = kpi("diff", old, new, "-w", shop.root)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith(f"kpi: {new}: dbt could not read the models: ")
    assert "Large orders" in done.stderr.splitlines()[-1]  # one label for two metrics
    new.write_text(definition(15) + added.replace("name: large_orders", "name: few").replace("Large orders", "Few"))
    done = kpi("diff", old, new, "-w", shop.root, "--grain", "month", "-f", "csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(StringIO(done.stdout)))
    assert {row["metric"] for row in rows} == {"large_orders"}
    assert {row["period_start"]: (float(row["old"]), float(row["new"])) for row in rows} == months(shop, 12, 15)
    done = kpi("diff", old, new, "-w", shop.root, "--metric", "few")
    assert "few: only in B" in done.stdout.splitlines()
    done = kpi("diff", old, new, "-w", shop.root, "--metric", "fewer")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == "kpi: neither side has a metric 'fewer'. Did you mean 'few'?"


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        (
            ("nowhere", "."),
            "'nowhere' is neither a commit nor a file nor a folder. Give one of them, '.' for the files as they",
        ),
        (("missing.yml", "."), "missing.yml: there is no such file."),
        ((".", "workspace.yml"), "defines no metric and no semantic model"),
        ((".", "broken.yml"), "broken.yml:3: is no YAML:"),
    ],
)
def test_what_cannot_be_read_is_one_line(shop: SmallShop, kpi: Kpi, sides: tuple[str, str], said: str) -> None:
    (shop.root / "broken.yml").write_text("metrics:\n  - [\n")
    done = kpi("diff", *sides, "-w", shop.root, cwd=shop.root)
    assert done.returncode == 1
    line = [one for one in done.stderr.splitlines() if one.startswith("kpi: ")]
    assert len(line) == 1
    assert said in line[0]
    assert "Traceback" not in done.stderr


def test_a_published_edit_is_shown_as_a_break(shop: SmallShop, kpi: Kpi) -> None:
    """The two definitions have a number each; `kpi show` says since when the second holds and what it changed."""
    (shop.root / "semantic" / "large.yml").write_text(definition(12))
    assert kpi("run", "-w", shop.root).returncode == 0
    (shop.root / "semantic" / "large.yml").write_text(definition(17))
    done = kpi("diff", "-w", shop.root, "--grain", "month", "-f", "json")
    told = {value["period_start"]: (value["old"], value["new"]) for value in json.loads(done.stdout)["values"]}
    assert told == months(shop, 12, 17)
    assert kpi("run", "-w", shop.root).returncode == 0
    published = shop.read(
        """select period_start::text, arg_min(value, valid_from), arg_max(value, valid_from), max(definition_version)
        from mart.kpi_history where metric = 'large_orders' and grain = 'month' and segment_dimension = '' group by 1"""
    )
    assert {start: (old, new) for start, old, new, _ in published} == told
    assert {version for *_, version in published} == {2}
    shown = json.loads(kpi("show", "large_orders", "-w", shop.root, "-f", "json").stdout)
    (one,) = shown["breaks"]
    assert one["changes_en"].endswith(">= 12 -> {{ Dimension('large__amount') }} >= 17")
    text = kpi("show", "large_orders", "-w", shop.root, "--language", "both").stdout
    assert "New definition" in text
    assert "are not comparable" in " ".join(text.split())
    assert "不可比" in "".join(text.split())
    assert all(len(line) <= 100 for line in text.splitlines())


def test_a_file_that_lacks_days_is_said_by_show_and_query(small_shop: SmallShop, kpi: Kpi) -> None:
    kept = [line for line in small_shop.month(2).read_text().splitlines() if "2026-02-11" not in line]
    small_shop.month(2).write_text("\n".join([*kept, ""]))
    assert kpi("run", "-w", small_shop.root).returncode == 0
    shown = json.loads(kpi("show", "orders", "-w", small_shop.root, "-f", "json").stdout)
    assert {value["period_start"]: value["missing_days"] for value in shown["values"]} == {"2026-01-01": 0, "2026-02-01": 1}
    assert shown["gaps"] == ["2026-02-11"]
    text = kpi("show", "orders", "-w", small_shop.root).stdout
    note = "days without data: closed days without the rows that were to be expected. Is a file missing?"
    assert note in " ".join(text.split())
    done = kpi("query", "orders", "--by", "metric_time__week", "--from", "2026-02-02", "-w", small_shop.root)
    assert done.stderr.splitlines()[-1] == (
        "orders: 1 closed day that it covers lacks the rows that were to be expected: 2026-02-11. Is a file missing?"
    )
    done = kpi("query", "orders", "--by", "metric_time__day", "--to", "2026-02-10", "-w", small_shop.root)
    assert "lacks" not in done.stderr
