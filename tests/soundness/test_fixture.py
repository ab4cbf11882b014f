"""The committed semantic manifest is what dbt makes of ``project/`` today, and names no machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.soundness.conftest import MANIFEST

PROJECT = Path(__file__).parent / "project"


@pytest.mark.integration
def test_dbt_parse_gives_the_committed_manifest(tmp_path: Path) -> None:
    """After a change of ``project/``, copy the new file over the old one."""
    dbt = Path(sys.executable).with_name("dbt")
    folders = ["--project-dir", PROJECT, "--profiles-dir", PROJECT, "--target-path", tmp_path, "--log-path", tmp_path]
    environment = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    done = subprocess.run(
        [dbt, "parse", *folders], capture_output=True, text=True, check=False, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout
    found, committed = _by_name(tmp_path / "semantic_manifest.json"), _by_name(MANIFEST)
    assert found == committed


def _by_name(path: Path) -> dict[str, Any]:
    """The manifest with its lists in the order of names: dbt writes them in the order in which it read the files."""
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {**raw, **{part: sorted(raw[part], key=lambda item: item["name"]) for part in ("semantic_models", "metrics")}}


def test_the_committed_manifest_names_no_machine() -> None:
    text = MANIFEST.read_text(encoding="utf-8")
    assert str(Path.home()) not in text
    assert '"/' not in text
