"""The JSON Schemas of KPI files and of the defaults file, for editors: `python -m metrics.catalogue.schema` writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel

from metrics.catalogue.defaults import DefaultsFile
from metrics.catalogue.model import KpiFile

SCHEMA_PATH = Path(__file__).with_name("kpi.schema.json")
DEFAULTS_SCHEMA_PATH = Path(__file__).with_name("defaults.schema.json")


def schema_text() -> str:
    """The schema as it should be in kpi.schema.json."""
    return _text(KpiFile, "Bellwether KPI file")


def defaults_schema_text() -> str:
    """The schema as it should be in defaults.schema.json."""
    return _text(DefaultsFile, "Bellwether defaults of KPI files")


SCHEMAS: dict[Path, Callable[[], str]] = {SCHEMA_PATH: schema_text, DEFAULTS_SCHEMA_PATH: defaults_schema_text}


def _text(model: type[BaseModel], title: str) -> str:
    schema = model.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = title
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    for path, text in SCHEMAS.items():
        path.write_text(text(), encoding="utf-8")
