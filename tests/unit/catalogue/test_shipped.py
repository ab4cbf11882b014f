"""The KPI files that ship and the demo's targets: complete, in both languages, over metrics that exist."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from metrics.catalogue import Catalogue, Kpi, check_catalogue
from metrics.catalogue.labels import metric_label
from metrics.catalogue.load import NOT_OF_KPIS, SHIPPED

REPOSITORY = Path(__file__).resolve().parents[3]
SEMANTIC = REPOSITORY / "dbt_project" / "models" / "semantic"


class DefinedMetrics:
    """The names and meta of the metrics in dbt's YAML: all that checking KPI files asks of a semantic layer."""

    def __init__(self) -> None:
        self.metrics: dict[str, Any] = {}
        for path in SEMANTIC.glob("*.yml"):
            for metric in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("metrics") or ():
                meta = metric["config"]["meta"]
                self.metrics[metric["name"]] = SimpleNamespace(name=metric["name"], meta=meta, label=metric.get("label"))

    def dimensions(self, metric: str) -> list[str]:
        """The segments that the metric declares."""
        return list(self.metrics[metric].meta.get("segments") or ())


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    ws: Any = SimpleNamespace(root=REPOSITORY / "data" / "demo", mapped_entities=set, small_cells=None)
    layer: Any = DefinedMetrics()
    found, findings = check_catalogue(ws, layer, {})
    assert [str(finding) for finding in findings] == []
    return found


def test_the_shipped_files_and_the_demo_targets_are_clean(catalogue: Catalogue) -> None:
    assert len(catalogue.kpis) >= 18


def kpis() -> list[str]:
    """Ids in the shipped files."""
    files = [path for path in sorted(SHIPPED.glob("*.yml")) if path.stem not in NOT_OF_KPIS]
    return [entry["id"] for path in files for entry in yaml.safe_load(path.read_text())["kpis"]]


@pytest.mark.parametrize("ident", kpis())
def test_texts_are_in_the_language_they_claim(catalogue: Catalogue, ident: str) -> None:
    kpi: Kpi = catalogue.kpis[ident]
    for text in (kpi.title, kpi.description, kpi.question, kpi.playbook):
        assert re.search(r"[\u4e00-\u9fff]", text.zh), text.zh
        assert not re.search(r"[\u4e00-\u9fff]", text.en), text.en
        # half-width punctuation between Chinese characters is a typist's slip
        assert not re.search(r"[\u4e00-\u9fff][,;:?!(]", text.zh), text.zh
    for formula, example, text in (("Formula: ", "Example: ", kpi.description.en), ("公式：", "例如：", kpi.description.zh)):
        assert text.count(formula) == 1, text
        assert text.count(example) == 1, text


def test_the_grade_of_leads_is_called_by_the_same_chinese_name_with_its_parts(catalogue: Catalogue) -> None:
    # what is graded are leads (线索); 销售认可度 would be how well sales itself is regarded
    labels = {name: metric_label(DefinedMetrics().metrics[name]) for name in (  # type: ignore[arg-type]
        "sales_acceptance_score", "sales_rating_points", "rated_leads")}  # fmt: skip
    assert labels["sales_acceptance_score"].zh == catalogue.kpis["sales_acceptance_score"].title.zh
    assert all("线索" in label.zh and "评分" in label.zh for label in labels.values())


def test_every_kpi_has_leading_or_lagging_timing_and_both_exist(catalogue: Catalogue) -> None:
    assert {kpi.timing for kpi in catalogue.kpis.values()} == {"leading", "lagging"}


def test_the_demo_targets_cover_its_history_and_the_current_year(catalogue: Catalogue) -> None:
    with_targets = [kpi for kpi in catalogue.kpis.values() if kpi.targets]
    assert len(with_targets) >= 15
    for kpi in with_targets:
        days = sorted((target.from_, target.to) for target in kpi.targets)
        assert str(days[0][0]) == "2024-07-01", kpi.id
        assert str(days[-1][1]) == "2026-12-31", kpi.id


def test_the_readme_names_every_kpi_once() -> None:
    page = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    table = page.partition("## The KPIs that ship")[2].partition("`kpi docs`")[0]
    assert sorted(re.findall(r"`(\w+)`", table)) == sorted(kpis())
    assert f"{len(kpis())} KPIs, each with" in table
