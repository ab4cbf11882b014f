"""docs/semantic-layer.md: every example on the page runs on the demo company."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import duckdb
import pytest

from metrics.semantic import Query, SemanticLayer
from metrics.workspace import load_workspace
from tests.conftest import REPOSITORY, BuiltWorkspace, Kpi

pytestmark = pytest.mark.integration
PAGE = (REPOSITORY / "docs" / "semantic-layer.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^    (kpi .*)$", PAGE, re.MULTILINE)


@pytest.fixture
def manifest_path(demo: BuiltWorkspace, tmp_path: Path) -> Path:
    """The published manifest with the two metrics of the page's YAML, in the form that dbt gives them."""
    published = demo.root / "published" / "parquet" / "current" / "semantic_manifest.json"
    raw = json.loads(published.read_text(encoding="utf-8"))
    visits = next(item for item in raw["semantic_models"] if item["name"] == "web_sessions")
    second = {"time_granularity": "second"}
    visits["dimensions"].append({"name": "started_at", "type": "time", "expr": None, "type_params": second})
    visits["measures"].append({"name": "visits_started", "agg": "sum", "expr": "1", "agg_time_dimension": "started_at"})
    window = {"cumulative_type_params": {"window": {"count": 28, "granularity": "day"}}}
    raw["metrics"] += [
        {"name": "visits_started", "type": "simple", "type_params": {"measure": {"name": "visits_started"}}},
        {"name": "gross_revenue_28d", "type": "cumulative", "type_params": {"measure": {"name": "gross_revenue"}, **window}},
    ]
    path = tmp_path / "semantic_manifest.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


def test_the_clock_of_the_workspace_gives_its_business_dates(demo: BuiltWorkspace, manifest_path: Path) -> None:
    """Timestamps in the zone of the workspace fall on the days that the models have written as business_date."""
    layer = SemanticLayer.from_manifest(manifest_path)
    zone = load_workspace(demo.root).timezone
    day = ["metric_time__day"]
    with duckdb.connect(demo.published, read_only=True) as con:
        clock = con.execute(layer.compile(Query(["visits_started"], day, order_by=day, timezone=zone))).fetchall()
        dates = con.execute(layer.compile(Query(["sessions"], day, order_by=day))).fetchall()
        utc = con.execute(layer.compile(Query(["visits_started"], day, order_by=day))).fetchall()
    assert clock == dates
    assert utc != dates
    assert len(dates) > 600


def test_the_python_examples_run(demo: BuiltWorkspace, manifest_path: Path) -> None:
    """In the order of the page: later ones use the names of earlier ones."""
    with duckdb.connect(demo.published, read_only=True) as con:
        names: dict[str, Any] = {"con": con, "manifest_path": manifest_path}
        for example in PYTHON:
            exec(example, names)
    assert len(PYTHON) >= 5
    assert len(names["rows"]) >= 3


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_run(command: str, demo: BuiltWorkspace, kpi: Kpi) -> None:
    done = kpi(*shlex.split(command)[1:], "-w", demo.root)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 2
