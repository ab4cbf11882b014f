"""Small files written by the tests, and what is proposed for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.suggest import Proposal, suggest_sources
from dagster_project.suggest.proposal import EntityProposal
from dagster_project.suggest.suggesting import Given

Suggest = Callable[..., Proposal]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for data files."""
    made = tmp_path / "exports"
    made.mkdir()
    return made


@pytest.fixture
def suggest(folder: Path) -> Suggest:
    """Propose a mapping for the whole folder."""

    def run(**given: str | int) -> Proposal:
        return suggest_sources([folder], Given(**given), lambda _: None)  # type: ignore[arg-type]

    return run


def entity(proposal: Proposal, name: str) -> EntityProposal:
    """The proposal for one entity, complete or not."""
    return next(found for found in [*proposal.entities, *proposal.incomplete] if found.entity == name)


def expressions(proposal: Proposal, name: str) -> dict[str, object]:
    """Canonical column -> mapped expression."""
    return {column.column: column.expression for column in entity(proposal, name).columns.values()}
