"""What ships of goals, pairs, scorecards and sets: it fits its schema, and is complete and in both languages."""

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
from metrics.scorecards import schema as scorecard_schema
from metrics.scorecards.load import SHIPPED
from metrics.scorecards.model import ScorecardFile
from tests.unit.catalogue.test_shipped import DefinedMetrics

REPOSITORY = Path(__file__).resolve().parents[3]


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
