"""Where the parts of the product lie. The product is the repository, installed editable; nothing else knows its folders."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DBT_PROJECT_DIR = REPOSITORY / "dbt_project"
DEFAULT_WORKSPACE = REPOSITORY / "data" / "demo"
