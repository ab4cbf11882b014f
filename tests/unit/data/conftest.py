"""A small demo company, generated once, and the tables of a full-size one without its files."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from data.generator import generate, next_day
from data.generator.frames import World, world_of
from data.generator.generation import simulate
from data.generator.truth import Simulation

SMALL_SCALE, SMALL_DAYS = 0.1, 303


def quiet(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Company:
    """The tables of a full-size company."""

    world: World
    tables: dict[str, pd.DataFrame]
    simulation: Simulation


def company(seed: int, scale: float = 1.0, days: int = 730) -> Company:
    world = world_of(seed, scale, days)
    tables, tickets = simulate(world)
    return Company(world, tables, Simulation(world, tables, tickets))


@pytest.fixture(scope="session")
def full_size() -> Company:
    return company(7)


@pytest.fixture(scope="session")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only: the files of a small company of 303 days."""
    out = tmp_path_factory.mktemp("company")
    generate(out, scale=SMALL_SCALE, days=SMALL_DAYS, say=quiet)
    return out


@pytest.fixture(scope="session")
def files_a_day_later(small_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only: the same company, a day later."""
    out = tmp_path_factory.mktemp("later") / "files"
    shutil.copytree(small_files, out)
    next_day(out, say=quiet)
    return out
