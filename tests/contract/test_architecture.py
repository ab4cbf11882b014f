"""The rooms of the tree: which way imports point, who may import what is heavy, who may read the machine's clock."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("metrics", "serving", "dagster_project")
MODULES = sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))
CLOCK = REPOSITORY / "metrics" / "workspace" / "clock.py"
READS_THE_CLOCK = re.compile(r"\b(?:datetime|date|dt\.datetime|dt\.date|Timestamp)\.(?:now|today|utcnow)\(|\btime\.time\(")
SQL_READS_THE_CLOCK = re.compile(r"\bcurrent_(?:date|timestamp|time)\b|\bnow\(\)|\btoday\(\)", re.IGNORECASE)


def imports_of(path: Path) -> set[str]:
    """Top-level names imported anywhere in the module, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("metrics", {"serving", "dagster_project", "dagster", "dbt", "dlt", "great_expectations", "fastapi", "data"}),
        ("serving", {"dagster_project", "dagster", "dbt", "dlt", "great_expectations", "data"}),
    ],
)
def test_imports_point_one_way(package: str, forbidden: set[str]) -> None:
    for path in MODULES:
        if path.is_relative_to(REPOSITORY / package):
            assert not imports_of(path) & forbidden, f"{path} imports {imports_of(path) & forbidden}"


def test_only_one_module_imports_great_expectations() -> None:
    users = {str(p.relative_to(REPOSITORY)) for p in MODULES if "great_expectations" in imports_of(p)}
    assert users == {"dagster_project/checks/gx.py"}


def test_only_the_clock_reads_the_machines_clock() -> None:
    readers = [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path in MODULES
        if path != CLOCK
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if READS_THE_CLOCK.search(line.split("#")[0])
    ]
    assert not readers


def test_no_model_reads_the_machines_clock() -> None:
    readers = [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path in (REPOSITORY / "dbt_project").rglob("*.sql")
        if "target" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if SQL_READS_THE_CLOCK.search(line.split("--")[0])
    ]
    assert not readers


@pytest.mark.parametrize("module", ["dagster_project.cli", "metrics.workspace", "metrics.semantic"])
def test_light_modules_stay_light(module: str) -> None:
    heavy = ("great_expectations", "dbt", "dlt", "dagster", "pandas")
    code = f"import sys, {module}; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert out.stdout.strip() == "[]"


def test_modules_stay_readable() -> None:
    long = {
        str(path.relative_to(REPOSITORY)): lines for path in MODULES if (lines := len(path.read_text().splitlines())) > 350
    }
    assert not long


def test_nothing_names_a_machine_or_a_registry() -> None:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=REPOSITORY).stdout
    pattern = re.compile(r"(^|[^A-Za-z0-9_.$}])/(home|root|work|Users)/[A-Za-z.]|pypi\.org|pythonhosted|registry\.npmjs")
    text = {".py", ".sql", ".yml", ".yaml", ".toml", ".md", ".txt", ".sh", ".json", ".cfg", ""}
    hits = [
        name
        for name in tracked.splitlines()
        if Path(name).suffix in text
        and (REPOSITORY / name).is_file()
        and Path(name) != Path(__file__).relative_to(REPOSITORY)
        and pattern.search((REPOSITORY / name).read_text(errors="ignore"))
    ]
    assert not hits
