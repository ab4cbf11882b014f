"""The JSON Schemas of the files people write, for editors: `python -m metrics.catalogue.schema` writes kpi.schema.json."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from metrics.catalogue.model import KpiFile

SCHEMA_PATH = Path(__file__).with_name("kpi.schema.json")


def json_schema(model: type[BaseModel], title: str) -> str:
    """The schema of files of ``model`` as text, the same on every machine."""
    schema = model.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = title
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def schema_text() -> str:
    """The schema as it should be in kpi.schema.json."""
    return json_schema(KpiFile, "Bellwether KPI file")


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema_text(), encoding="utf-8")
