"""Lines end where a reader of English or Chinese would end them; expectations counted by hand in cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dagster_project.line_breaks import broken


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("between words", 9, ["between", "words"]),
        # the number takes its unit along, though it would fit by itself
        ("target 42.00 EUR: likely", 12, ["target", "42.00 EUR:", "likely"]),
        ("about 51.4 min", 11, ["about", "51.4 min"]),
        ("in 3 days", 5, ["in", "3 day", "s"]),
        # two cells each: five characters in ten cells, whatever spaces come
        ("给几位打 0–6 分的客户打电话", 10, ["给几位打", "0–6 分的客", "户打电话"]),
        # the full stop would be the sixth: the character before it comes along
        ("一二三四五。六", 10, ["一二三四", "五。六"]),
        ("一二三四（五六）", 10, ["一二三四", "（五六）"]),
        ("目标 42.00 EUR，好", 8, ["目标", "42.00 EU", "R，好"]),
        ("到2026年5月为止", 8, ["到2026年", "5月为止"]),
        ("kept\nas it is", 20, ["kept", "as it is"]),
        ("", 10, [""]),
    ],
)
def test_where_lines_end(text: str, width: int, lines: list[str]) -> None:
    assert broken(text, width) == lines


@given(st.text(alphabet="ab 12,.。，（）中文 ENR%", max_size=60), st.integers(4, 30))
def test_nothing_is_lost_and_no_line_is_too_wide(text: str, width: int) -> None:
    lines = broken(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in lines)
