"""JSON Schemas of goals.yml and pairs.yml, for editors: `python -m metrics.alignment.schema` writes them."""

from __future__ import annotations

from pathlib import Path

from metrics.alignment.model import GoalFile, PairFile
from metrics.catalogue.schema import json_schema

_FOLDER = Path(__file__).parent


def schema_texts() -> dict[Path, str]:
    """Each schema file with what it should hold."""
    return {
        _FOLDER / "goals.schema.json": json_schema(GoalFile, "Bellwether goals"),
        _FOLDER / "pairs.schema.json": json_schema(PairFile, "Bellwether pairs of KPIs"),
    }


if __name__ == "__main__":
    for path, text in schema_texts().items():
        path.write_text(text, encoding="utf-8")
