"""entities.yml is the one source: what is generated from it is current, and the facts carry what it names."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.contract.dbt_project_runs import PROJECT

ENTITIES: dict[str, Any] = yaml.safe_load((PROJECT / "entities.yml").read_text(encoding="utf-8"))["entities"]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_entities", PROJECT / "generate_entities.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_files_are_current(generator: ModuleType) -> None:
    stale = [
        str(path)
        for path, text in generator.generated_files(ENTITIES).items()
        if not (PROJECT / path).is_file() or (PROJECT / path).read_text(encoding="utf-8") != text
    ]
    assert not stale, f"run `python dbt_project/generate_entities.py`; stale: {stale}"


def test_no_model_of_a_removed_entity_is_left(generator: ModuleType) -> None:
    expected = {path.name for path in generator.generated_files(ENTITIES)}
    found = [
        *(PROJECT / "models/staging/mapped").glob("stg_*"),
        *(PROJECT / "models/intermediate").glob("*__unioned.*"),
    ]
    assert {path.name for path in found} <= expected


@pytest.mark.parametrize("name", ENTITIES)
def test_entity_is_sound(name: str) -> None:
    entity = ENTITIES[name]
    columns = entity["columns"]
    assert set(entity["key"]) <= set(columns)
    for column in entity["key"]:
        assert columns[column].get("required") or "default" in columns[column], f"the key column {column} may be null"
    if entity["kind"] == "event":
        assert columns[entity["business_date"]]["type"] in ("date", "timestamp")


@pytest.mark.parametrize("name", ENTITIES)
def test_what_is_reconciled_is_there(name: str) -> None:
    spec, columns = ENTITIES[name].get("reconcile", {}), ENTITIES[name]["columns"]
    models = {path.stem: yaml.safe_load(path.read_text())["models"][0] for path in (PROJECT / "models/core").rglob("*.yml")}
    # Every event that has a fact is followed into it; whatever is money needs its currency.
    assert spec.get("fact", {}).get("model") == (f"fct_{name}" if f"fct_{name}" in models else None)
    assert ("amount" in spec) == ("currency" in columns and ENTITIES[name]["kind"] == "event")
    assert ("amount" in spec) == ("amount" in spec.get("fact", {}))
    if "amount" in spec:
        assert columns[spec["amount"]]["type"] == "decimal"
    for part in ("fact", "metric"):
        if part in spec:
            found = {column["name"] for column in models[spec[part]["model"]]["columns"]}
            for word in ("rows", "amount"):
                assert word not in spec[part] or set(re.findall(r"[a-z]\w+", spec[part][word])) <= found | {"coalesce"}


def test_every_entity_reaches_a_core_model() -> None:
    core = "\n".join(
        path.read_text(encoding="utf-8") for path in (PROJECT / "models").rglob("*.sql") if path.parent != Path()
    )
    unused = [name for name in ENTITIES if f"ref('int_{name}__unioned')" not in core]
    assert not unused
