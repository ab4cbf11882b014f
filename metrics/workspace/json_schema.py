"""The published JSON Schema of workspace.yml, for editors: ``python -m metrics.workspace.json_schema`` writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from metrics.workspace.entities import load_entities
from metrics.workspace.model import Workspace

SCHEMA_FILE = Path(__file__).with_name("workspace.schema.json")


def workspace_schema() -> dict[str, Any]:
    """Return the JSON Schema, with the names of the canonical entities and their columns."""
    schema = Workspace.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Bellwether workspace"
    entities = schema["$defs"]["Source"]["properties"]["entities"]
    mapping = entities.pop("additionalProperties")
    entities["additionalProperties"] = False
    entities["properties"] = {
        name: {
            **mapping,
            "description": entity.grain,
            "properties": {"columns": {"propertyNames": {"enum": list(entity.columns)}}},
        }
        for name, entity in load_entities().items()
    }
    return schema


def schema_text() -> str:
    return json.dumps(workspace_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
