"""The defaults file: a KPI's own words win over the workspace's defaults, these over the shipped ones; its schema is current."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from metrics.catalogue import Catalogue, check_catalogue, read_lineage
from metrics.catalogue.defaults import DefaultsFile, Limits, read_defaults
from metrics.catalogue.findings import Finding
from metrics.catalogue.load import SHIPPED
from metrics.catalogue.model import Kpi, Watch
from metrics.catalogue.schema import DEFAULTS_SCHEMA_PATH, SCHEMA_PATH, SCHEMAS
from tests.unit.catalogue.test_files import KPI
from tests.unit.values.company import Company, build

REPOSITORY = Path(__file__).resolve().parents[3]
WATCHED = "watched:\n  - {metric: sessions, owner: Marketing}\n"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return build(tmp_path_factory.mktemp("company"))


def read(
    company: Company, root: Path, shipped: str, own: str = "", defaults: str = "", own_defaults: str = ""
) -> tuple[Catalogue, list[Finding]]:
    """The catalogue of these files; "" leaves a file out."""
    texts = {"shipped/a.yml": shipped, "shipped/defaults.yml": defaults, "kpis/b.yml": own,
             "kpis/defaults.yml": own_defaults}  # fmt: skip
    for name, text in texts.items():
        (root / name).parent.mkdir(exist_ok=True)
        if text:
            (root / name).write_text(text, encoding="utf-8")
    ws = company.ws.model_copy()
    ws._root = root
    return check_catalogue(ws, company.layer, read_lineage(company.root / "manifest.json"), root / "shipped")


def test_own_words_win_over_the_workspace_and_these_over_what_ships(company: Company, tmp_path: Path) -> None:
    defaults = "kpi: {threshold: 0.2, minimum_n: 5, alert: bad, review: weekly}\nwatched: {minimum_n: 7, alert: good}\n"
    own_defaults = "kpi: {minimum_n: 50, alert: good}\nwatched: {minimum_n: 8}\n"
    catalogue, findings = read(company, tmp_path, KPI + "    alert: none\n" + WATCHED, "", defaults, own_defaults)
    assert findings == []
    kpi, watch = catalogue.kpis["orders"], catalogue.watched["sessions"]
    # threshold ships, minimum_n is the workspace's, alert the KPI's own, weight is in neither file
    assert (kpi.threshold, kpi.minimum_n, kpi.alert, kpi.review, kpi.weight) == (0.2, 50, "none", "weekly", 1)
    assert (watch.threshold, watch.minimum_n, watch.alert) == (0.15, 8, "good")


def test_an_override_wins_over_the_defaults_of_its_workspace(company: Company, tmp_path: Path) -> None:
    own = "overrides:\n  - {id: orders, threshold: 0.4}\n"
    catalogue, _ = read(company, tmp_path, KPI, own, own_defaults="kpi: {threshold: 0.3, weight: 2}\n")
    assert (catalogue.kpis["orders"].threshold, catalogue.kpis["orders"].weight) == (0.4, 2)


def test_thresholds_are_laid_over_one_by_one(company: Company, tmp_path: Path) -> None:
    defaults = "kpi: {thresholds: {at_risk: 0.9, off_track: 0.7, hysteresis: 0.02}}\n"
    own_defaults = "kpi: {thresholds: {off_track: 0.5}}\n"
    catalogue, findings = read(company, tmp_path, KPI + "    thresholds: {at_risk: 0.6}\n", "", defaults, own_defaults)
    assert findings == []
    lines = catalogue.kpis["orders"].thresholds
    assert (lines.at_risk, lines.off_track, lines.hysteresis) == (0.6, 0.5, 0.02)


def test_lines_that_cross_by_a_default_are_told_at_the_kpi(company: Company, tmp_path: Path) -> None:
    _, findings = read(
        company, tmp_path, KPI + "    thresholds: {at_risk: 0.5}\n", "", "kpi: {thresholds: {off_track: 0.6}}\n"
    )
    assert [str(found).removeprefix(f"{tmp_path}/") for found in findings] == [
        "shipped/a.yml:13: orders: off_track (0.6) must be below at_risk (0.5)."
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("kpi:\n  treshold: 0.2\n", 2, "unknown field 'treshold'. Did you mean 'threshold' or 'thresholds'?"),
        ("kpi:\n  review: dayly\n", 2, "'review' is 'dayly', expected 'weekly', 'monthly', 'quarterly' or 'yearly'."),
        ("lint:\n  kpis_per_team: 0\n", 2, "'kpis_per_team' is '0', expected at least 1."),
        ("team: [grow]\n", 1, "unknown field 'team'. Did you mean 'teams'?"),
        ("teams: [Sales]\n", 1, "'teams[0]' is 'Sales', expected small letters"),
        ("- kpi\n", 1, "expected a mapping with the keys kpi, watched, lint"),
        ("kpi: [\n", 1, "is not valid YAML"),
    ],
)
def test_a_mistake_is_one_line(company: Company, tmp_path: Path, text: str, line: int, message: str) -> None:
    _, (found,) = read(company, tmp_path, KPI, own_defaults=text)
    assert str(found).removeprefix(f"{tmp_path}/").startswith(f"kpis/defaults.yml:{line}: {message}")
    assert found.severity == "error"


def test_the_shipped_file_says_everything_and_the_same_as_the_models() -> None:
    parsed = DefaultsFile.model_validate(yaml.safe_load((SHIPPED / "defaults.yml").read_text(encoding="utf-8")))
    assert not [name for part in (parsed.kpi, parsed.watched, parsed.lint) for name, value in part if value is None]
    given, watched = parsed.kpi.model_dump(), parsed.watched.model_dump()
    entry = yaml.safe_load(KPI)["kpis"][0]
    bare = Kpi.model_validate(entry).model_dump()
    assert {name: bare[name] for name in given} == given
    bare = Watch.model_validate({"metric": "x", "owner": "Nora"}).model_dump()
    assert {name: bare[name] for name in watched} == watched
    assert Limits(**parsed.lint.model_dump()) == Limits()


def test_names_of_a_workspace_are_added(tmp_path: Path) -> None:
    (tmp_path / "defaults.yml").write_text("teams: [logistics]\nabbreviations: [VIP]\n")
    (tmp_path / "goals.yml").write_text(
        "version: 1\ngoals:\n  - {id: go_green, title: {en: Go green, zh: 绿色}}\n"
        "  - {id: ten_percent, title: {en: A tenth more, zh: 增长一成}, kpi: orders}\n"
    )
    found = read_defaults((SHIPPED, tmp_path))
    assert {"logistics", "sales"} <= set(found.teams)
    assert found.goals[0] == "grow_revenue"
    assert found.goals[-1] == "go_green"
    assert {"VIP", "EUR"} <= found.abbreviations


def test_published_schemas_are_current() -> None:
    for path, text in SCHEMAS.items():
        assert path.read_text(encoding="utf-8") == text(), "run python -m metrics.catalogue.schema"


# Files beside the KPI files that are of another shape.
SCHEMA_OF = {
    "defaults.yml": DEFAULTS_SCHEMA_PATH,
    "goals.yml": REPOSITORY / "metrics" / "alignment" / "goals.schema.json",
    "okrs.yml": REPOSITORY / "metrics" / "scorecards" / "okrs.schema.json",
}


def yaml_files() -> list[Path]:
    """Every KPI, defaults, goals and objectives file of the repository."""
    return sorted([*SHIPPED.glob("*.yml"), *REPOSITORY.glob("data/*/kpis/*.yml"), *REPOSITORY.glob("tests/*/*/kpis/*.yml")])


@pytest.mark.parametrize("path", yaml_files(), ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_every_file_names_its_schema_and_is_valid_by_it(path: Path) -> None:
    import json

    expected = SCHEMA_OF.get(path.name, SCHEMA_PATH)
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text(encoding="utf-8"))
    assert named is not None
    assert (path.parent / named[1]).resolve() == expected
    # as an editor reads it: days are texts
    content = json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=str))
    jsonschema.validate(content, json.loads(expected.read_text(encoding="utf-8")))
