"""Scorecard files, sets and objectives: mistakes are one line each; what ships is complete and in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from metrics.alignment import schema as alignment_schema
from metrics.alignment.load import SHIPPED_GOALS, SHIPPED_PAIRS
from metrics.scorecards import check_scorecards
from metrics.scorecards import schema as scorecard_schema
from metrics.scorecards.load import SHIPPED
from metrics.scorecards.model import ScorecardFile
from tests.unit.alignment.made_up import company
from tests.unit.catalogue.test_shipped import DefinedMetrics

REPOSITORY = Path(__file__).resolve().parents[3]

CARD = """version: 1
scorecards:
  - id: shop
    title: {en: Shop, zh: 网店}
    description: {en: The shop, zh: 网店}
    owner: Head of sales
    items:
      - {kpi: orders, weight: 60}
      - {kpi: csat, weight: 40}
"""


@pytest.mark.parametrize(("broken", "line", "message"), [
    (CARD.replace("weight: 40", "weight: 30"), 3, "shop: weights add up to 90. Make them add up to 1 or 100."),
    (CARD.replace("kpi: orders", "kpi: order"), 8, "scorecard shop: kpi names unknown metric 'order'. Did you mean 'orders'"),
    (CARD.replace("kpi: csat", "kpi: orders"), 3, "shop: 'orders' is listed twice. Remove one, or give each a 'name'."),
    (CARD.replace("weight: 60}", "weight: 60, segment: {chanel: email}}"), 8,
     "scorecard shop: orders has no values by 'chanel'. Did you mean 'channel'?"),
    (CARD.replace("kpi: csat", "kpi: revenue_growth, grain: week"), 9,
     "scorecard shop: revenue_growth has no values by week, only by month."),
    (CARD.replace("weight: 60}", "weight: 60, curve: {flor: 1}}"), 8, "shop: unknown field 'flor'. Did you mean 'floor'?"),
    (CARD.replace("weight: 60}", "weight: 60, curve: {points: [[2, 0], [1, 9]]}}"), 8,
     "shop: the first numbers of 'points' must rise, each given once."),
    (CARD.replace("weight: 60}", "weight: 60, curve: {points: [[off, 0], [1, 9]]}}"), 8,
     "shop: 'points' is false (YAML's word for no and off, too), expected a number such as 0.15."),
    (CARD.replace("weight: 60}", "weight: 60, curve: {floor: 010}}"), 8,
     "scorecards[0].items[0].curve.floor is 010, which YAML reads as 8. Write 10, or put it in quotes if it is a text."),
    (CARD.replace("weight: 60}", "weight: 60, weight_rule: {metric: sesions}}"), 8,
     "scorecard shop: metric names unknown metric 'sesions'. Did you mean 'sessions'?"),
    (CARD.replace("weight: 60}", "weight: 60, weight_rule: {metric: sessions, floor: 0.8, cap: 0.7}}"), 8,
     "shop: floor (0.8) must not be above cap (0.7)."),
    (CARD.replace("weight: 60}", "weight: 60, weight_rule: {metric: revenue_growth}}")
     .replace("    owner:", "    grain: week\n    owner:"), 9,
     "scorecard shop: revenue_growth has no values by week, only by month, so that its weight rule would never work."),
    (CARD + CARD.split("scorecards:\n")[1], 10, "scorecard 'shop' is already defined at"),
])  # fmt: skip
def test_a_mistake_in_a_scorecard_is_one_line(tmp_path: Path, broken: str, line: int, message: str) -> None:
    shop = company(tmp_path)
    (tmp_path / "scorecards").mkdir()
    (tmp_path / "scorecards" / "own.yml").write_text(broken, encoding="utf-8")
    found = [str(finding) for finding in check_scorecards(shop.ws, shop.catalogue)[1]]
    assert any(f"scorecards/own.yml:{line}: {message}" in text for text in found), found


def test_a_scorecard_of_a_workspace_takes_the_place_of_the_one_that_ships(tmp_path: Path) -> None:
    shop = company(tmp_path)
    (tmp_path / "scorecards").mkdir()
    (tmp_path / "scorecards" / "own.yml").write_text(CARD.replace("id: shop", "id: company"), encoding="utf-8")
    found, findings = check_scorecards(shop.ws, shop.catalogue)
    assert findings == []
    assert [item.kpi for item in found.cards["company"].items] == ["orders", "csat"]
    assert len(found.cards) == 5


OKRS = """version: 1
objectives:
  - id: grow
    title: {en: Grow, zh: 增长}
    owner: Head of sales
    from: 2026-04-01
    to: 2026-06-30
    key_results:
      - {kpi: orders}
    floors:
      - {kpi: csat}
"""


@pytest.mark.parametrize(("broken", "line", "message"), [
    (OKRS.replace("kpi: csat", "kpi: csatt"), 11, "objective grow: kpi names unknown metric 'csatt'. Did you mean 'csat'"),
    (OKRS.replace("to: 2026-06-30", "to: 2026-03-30"), 3, "grow: objective ends on 2026-03-30, not after it starts on"),
    (OKRS.replace("kpi: orders", "kpi: revenue_growth, grain: week"), 9, "objective grow: revenue_growth has no values by week"),
    (OKRS.replace("    to:", "    parent: grow\n    to:"), 7, "objective grow: parents form a circle: grow -> grow."),
    (OKRS.replace("    to:", "    parent: gro\n    to:"), 7, "objective grow: parent names unknown objective 'gro'. Did you"),
    (OKRS.replace("    key_results:\n      - {kpi: orders}\n", ""), 3, "objective grow has no key result and no objective"),
])  # fmt: skip
def test_a_mistake_in_objectives_is_one_line(tmp_path: Path, broken: str, line: int, message: str) -> None:
    shop = company(tmp_path)
    (tmp_path / "kpis" / "okrs.yml").write_text(broken, encoding="utf-8")
    found = [str(finding) for finding in check_scorecards(shop.ws, shop.catalogue)[1]]
    assert any(f"kpis/okrs.yml:{line}: {message}" in text for text in found), found


def test_scores_of_a_guarded_segment_are_refused(tmp_path: Path) -> None:
    shop = company(tmp_path)
    settings = shop.ws.root / "workspace.yml"
    settings.write_text(settings.read_text() + "small_cells: {dimensions: [channel], person: order, least: 5}\n")
    from metrics.workspace import load_workspace

    (tmp_path / "scorecards").mkdir()
    text = CARD.replace("weight: 60}", "weight: 60, segment: {channel: email}}")
    (tmp_path / "scorecards" / "own.yml").write_text(text, encoding="utf-8")
    found = [str(finding) for finding in check_scorecards(load_workspace(tmp_path), shop.catalogue)[1]]
    assert any("own.yml:8: scorecard shop: small_cells guards channel" in text for text in found), found


@pytest.mark.parametrize("texts", [alignment_schema.schema_texts, scorecard_schema.schema_texts])
def test_the_published_schemas_are_those_of_the_models(texts: Any) -> None:
    for path, text in texts().items():
        assert path.read_text(encoding="utf-8") == text, f"write {path.name} anew with its schema.py"


SHIPPED_FILES = {
    **dict.fromkeys([SHIPPED_GOALS, REPOSITORY / "data/demo/kpis/goals.yml"], "metrics/alignment/goals.schema.json"),
    SHIPPED_PAIRS: "metrics/alignment/pairs.schema.json",
    **dict.fromkeys(sorted(SHIPPED.glob("*.yml")), "metrics/scorecards/scorecards.schema.json"),
    REPOSITORY / "data/demo/kpis/okrs.yml": "metrics/scorecards/okrs.schema.json",
}


@pytest.mark.parametrize("path", SHIPPED_FILES, ids=lambda path: path.name)
def test_files_that_ship_fit_the_schema_that_they_name(path: Path) -> None:
    import jsonschema

    named = re.match(r"# yaml-language-server: \$schema=(\S+)", path.read_text(encoding="utf-8"))
    assert named
    assert (path.parent / named[1]).resolve() == REPOSITORY / SHIPPED_FILES[path]
    schema = json.loads((REPOSITORY / SHIPPED_FILES[path]).read_text(encoding="utf-8"))
    document = json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=str))
    jsonschema.validate(document, schema)


def texts(value: Any) -> Iterator[dict[str, str]]:
    """Every text in two languages of a document."""
    if isinstance(value, dict):
        if set(value) == {"en", "zh"}:
            yield value
        else:
            for part in value.values():
                yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


@pytest.mark.parametrize("path", SHIPPED_FILES, ids=lambda path: path.name)
def test_texts_are_in_the_language_they_claim(path: Path) -> None:
    found = list(texts(yaml.safe_load(path.read_text(encoding="utf-8"))))
    assert found
    for text in found:
        assert not re.search(r"[\u4e00-\u9fff]", text["en"]), text
        assert re.search(r"[\u4e00-\u9fff]", text["zh"]) or text["zh"].isascii(), text
        assert not re.search(r"[\u4e00-\u9fff][,;:?!(]", text["zh"]), text


def named_metrics() -> set[str]:
    files = [
        ScorecardFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in SHIPPED.glob("*.yml")
    ]
    found = {item.kpi for file in files for card in file.scorecards for item in card.items}
    found |= {member.kpi for file in files for one in file.sets for member in one.members}
    for pair in yaml.safe_load(SHIPPED_PAIRS.read_text(encoding="utf-8"))["pairs"]:
        found |= {*pair["left"]["kpis"], *pair["right"]["kpis"]}
    return found


def test_what_ships_names_metrics_that_exist() -> None:
    named = named_metrics()
    assert len(named) > 30
    assert named - set(DefinedMetrics().metrics) == set()


def test_scorecards_and_sets_of_the_product() -> None:
    files = [
        ScorecardFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in SHIPPED.glob("*.yml")
    ]
    cards = {card.id: len(card.items) for file in files for card in file.scorecards}
    assert cards.keys() == {"company", "marketing", "sales", "support", "website"}
    assert cards["company"] == 10
    sets = {one.id: [member.kpi for member in one.members] for file in files for one in file.sets}
    assert sets.pop("heart") == ["csat", "engagement_index", "activation_rate", "retention_rate", "checkout_rate"]
    assert sets == {
        "ecommerce": ["repurchase_rate_30d", "add_to_cart_rate", "return_rate"],
        "saas": ["mrr", "activation_rate", "churn_rate"],
        "content": ["engagement_index", "scroll_depth", "retention_rate"],
        "marketplace": ["orders", "host_response_minutes", "repurchase_rate_30d"],
    }
