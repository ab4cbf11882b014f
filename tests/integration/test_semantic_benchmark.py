"""The semantic benchmark on a small star schema: every answer is the hand-written one, and a wrong one is not timed."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from benchmarks.semantic import engines, star
from benchmarks.semantic.shapes import SHAPES, Shape
from metrics.semantic import SemanticLayer

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> star.Star:
    return star.build(tmp_path_factory.mktemp("star"), "40k", lambda text: None)


@pytest.fixture(scope="module")
def con(small: star.Star) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(small.database), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_engine_gives_the_values_of_the_hand_written_statement(
    shape: Shape, small: star.Star, con: duckdb.DuckDBPyConnection
) -> None:
    given = engines.statements(shape, SemanticLayer.from_manifest(small.manifest))
    kept = engines.agreeing(con, shape, given)
    assert kept.sql == given.sql
    assert con.execute(given.sql[engines.BY_HAND]).fetchall()


def test_a_wrong_value_is_told_and_not_timed(con: duckdb.DuckDBPyConnection) -> None:
    shape = SHAPES[0]
    wrong = engines.by_hand(shape).replace("count(*)", "count(*) + (count(*) % 2)")
    kept = engines.agreeing(con, shape, engines.Statements({"hand": engines.by_hand(shape), "peer": wrong}, {}))
    assert "peer" not in kept.sql
    assert kept.refused["peer"].startswith("wrong: ")


def test_the_data_is_made_once(small: star.Star) -> None:
    told: list[str] = []
    star.build(small.folder.parent, "40k", told.append)
    assert len(told) == 1
    assert "is there" in told[0]
