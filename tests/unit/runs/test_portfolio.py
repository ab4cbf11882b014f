"""Several workspaces: which are found, what of the environment each is given, and what is said of one that crashed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dagster_project.portfolio import find_workspaces, label, outcome_of, own_environment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (
        ("zenith", "connection: postgresql://u:${ZENITH_PASSWORD}@db/x\npath: ${HOME}/a"),
        ("north/acme", "url: ${ACME_HOOK}\nother: ${SHARED_DATA}"),
        ("acme/published", "a copy of a setting"),
        ("acme/.bellwether", "a copy of a setting"),
        ("basel", "path: ${SHARED_DATA}"),
    ):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "workspace.yml").write_text(text)
    return tmp_path


def test_they_are_found_by_name_and_not_where_a_run_writes(folder: Path) -> None:
    found = find_workspaces(folder)
    assert [label(path, folder) for path in found] == ["basel", "north/acme", "zenith"]
    assert label(folder / "zenith", folder / "zenith") == "zenith"


def test_variables_that_only_another_names_are_not_handed_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"ZENITH_PASSWORD": "z", "ACME_HOOK": "a", "SHARED_DATA": "s", "UNNAMED": "u", "BELLWETHER_WORKSPACE": "other"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = find_workspaces(folder)
    basel, acme, zenith = ({*given} & {*own_environment(path, found)} for path in found)
    assert basel == {"SHARED_DATA", "UNNAMED"}
    assert acme == {"SHARED_DATA", "UNNAMED", "ACME_HOOK"}
    assert zenith == {"UNNAMED", "ZENITH_PASSWORD"}
    # HOME is named by one and needed by all.
    assert all(own_environment(path, found)["HOME"] == os.environ["HOME"] for path in found)


def test_a_process_that_crashed_is_a_failure_with_what_is_known(tmp_path: Path) -> None:
    killed = outcome_of("", "acme", tmp_path, -9, "Computing values", 3.2)
    assert (killed.result, killed.seconds) == ("failed", 3.2)
    assert killed.error == "its process was ended by SIGKILL; the last it said: Computing values"
    assert outcome_of("[{", "acme", tmp_path, 1, "kpi: the disk is full", 1.0).error == "the disk is full"
    assert outcome_of("", "acme", tmp_path, 3, "", 1.0).error == "its process ended with 3; the last it said: nothing"
