"""The small shop: built once by a real run, copied for every test that breaks something."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.forked import run_kpi
from tests.integration.small_shop import SmallShop


@pytest.fixture(scope="session")
def built_small_shop(tmp_path_factory: pytest.TempPathFactory) -> SmallShop:
    """The small shop after its first run. Read it, do not change it: copy it with ``small_shop``."""
    shop = SmallShop(tmp_path_factory.mktemp("small") / "shop")
    shop.write()
    done = run_kpi("run", "-w", shop.root)
    assert done.returncode == 0, done.stderr + done.stdout
    return shop


@pytest.fixture
def small_shop(built_small_shop: SmallShop, tmp_path: Path) -> SmallShop:
    """A copy of the built small shop that a test may break."""
    shutil.copytree(built_small_shop.root, tmp_path / "shop", symlinks=True)
    return SmallShop(tmp_path / "shop")
