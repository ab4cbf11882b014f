"""JSON Schemas of scorecard files and okrs.yml, for editors: `python -m metrics.scorecards.schema` writes them."""

from __future__ import annotations

from pathlib import Path

from metrics.catalogue.schema import json_schema
from metrics.scorecards.model import ScorecardFile
from metrics.scorecards.okr_model import OkrFile

_FOLDER = Path(__file__).parent


def schema_texts() -> dict[Path, str]:
    """Each schema file with what it should hold."""
    return {
        _FOLDER / "scorecards.schema.json": json_schema(ScorecardFile, "Bellwether scorecards and sets"),
        _FOLDER / "okrs.schema.json": json_schema(OkrFile, "Bellwether objectives and key results"),
    }


if __name__ == "__main__":
    for path, text in schema_texts().items():
        path.write_text(text, encoding="utf-8")
