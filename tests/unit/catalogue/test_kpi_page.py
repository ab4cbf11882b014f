"""docs/kpi-files.md says what the code does: every rule, every field, and examples that are clean."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from metrics.catalogue.defaults import DefaultsFile
from metrics.catalogue.model import Kpi, KpiFile, Override, Text
from metrics.catalogue.rulebook import rules
from metrics.catalogue.rules_page import PAGE, page_with, rules_table
from tests.unit.catalogue.test_lint import lint
from tests.unit.values.company import Company, build

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_table_of_rules_is_current() -> None:
    assert page_with(rules_table(rules()), TEXT) == TEXT, "run python -m metrics.catalogue.rules_page"
    assert len(re.findall(r"^\| `[a-z-]+` \| (error|warning) \|", TEXT, re.MULTILINE)) == len(rules())


def test_every_field_is_explained_and_no_other() -> None:
    table = TEXT.partition("| field |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", table, re.MULTILINE)
    assert {name for name, _ in rows} == set(Kpi.model_fields)
    needed = {name for name, field in Kpi.model_fields.items() if field.is_required()}
    assert {name for name, without in rows if without == "needed"} == needed
    defaults = set(DefaultsFile.model_fields["kpi"].annotation.model_fields)  # type: ignore[union-attr]
    assert {name for name, without in rows if without == "defaults file"} == defaults


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return build(tmp_path_factory.mktemp("company"))


def test_the_examples_are_read_and_the_kpi_is_clean(company: Company, tmp_path: Path) -> None:
    kpi, overrides, defaults, hook = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert len(KpiFile.model_validate(yaml.safe_load(kpi)).kpis) == 1
    (override,) = KpiFile.model_validate(yaml.safe_load(overrides)).overrides
    given = {name for name, value in override if value is not None}
    assert given == set(Override.model_fields)
    assert DefaultsFile.model_validate(yaml.safe_load(defaults)).lint.kpis_per_team == 10
    hooks = yaml.safe_load((PAGE.parents[1] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert yaml.safe_load(hook)["repos"][0]["hooks"][0]["id"] == hooks[0]["id"]
    # the small company has no refunds, and tickets of which fewer are better
    known = kpi.replace("id: refunds", "id: tickets_created").replace("EUR", "euros").replace("day, the", "day: the")
    assert [str(found) for found in lint(company, tmp_path, known).findings] == []


def test_every_rule_says_both_languages_and_ends_as_a_sentence() -> None:
    for rule in rules().values():
        assert rule.mend.en.endswith((".", "'")), rule.id
        assert rule.mend.zh.endswith(("。", "」")), rule.id
        names = [sorted(re.findall(r"(?<!\{)\{(\w+)\}", text.en)) for text in (rule.says, rule.mend)]
        assert names == [sorted(re.findall(r"(?<!\{)\{(\w+)\}", text.zh)) for text in (rule.says, rule.mend)], rule.id
    assert Text(en="xx", zh="一一").in_language("zh") == "一一"
