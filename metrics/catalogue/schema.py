"""JSON Schemas of the files people write, for editors: `python -m metrics.catalogue.schema` writes those of KPI files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel

from metrics.catalogue.defaults import DefaultsFile
from metrics.catalogue.model import KpiFile

SCHEMA_PATH = Path(__file__).with_name("kpi.schema.json")
DEFAULTS_SCHEMA_PATH = Path(__file__).with_name("defaults.schema.json")


def json_schema(model: type[BaseModel], title: str) -> str:
    """The schema of files of ``model`` as text, the same on every machine."""
    schema = model.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = title
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def schema_text() -> str:
    """The schema as it should be in kpi.schema.json."""
    return json_schema(KpiFile, "Bellwether KPI file")


def defaults_schema_text() -> str:
    """The schema as it should be in defaults.schema.json."""
    return json_schema(DefaultsFile, "Bellwether defaults of KPI files")


SCHEMAS: dict[Path, Callable[[], str]] = {SCHEMA_PATH: schema_text, DEFAULTS_SCHEMA_PATH: defaults_schema_text}


if __name__ == "__main__":
    for path, text in SCHEMAS.items():
        path.write_text(text(), encoding="utf-8")
