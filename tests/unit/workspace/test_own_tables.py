"""Channel rules and promotions, from workspace.yml and from tables beside it: what they say, and where a mistake stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import duckdb
import openpyxl
import pytest

from metrics.errors import WorkspaceError
from metrics.workspace import load_workspace, mapping_vars
from tests.unit.workspace.conftest import HEAD, SHOP

Write = Callable[..., Path]


def fits(pattern: str, text: str, write_workspace: Write) -> bool:
    """Whether a rule's pattern fits a source, as SQL decides it."""
    ws = load_workspace(write_workspace(f"{HEAD}channel_rules: [{{source: '{pattern}', channel: x}}]\n{SHOP}"))
    like = mapping_vars(ws)["channel_rules"][0]["patterns"]["source"]
    return duckdb.execute("select lower(trim(?)) like ? escape '!'", [text, like]).fetchone() == (True,)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("google*", "Google", True),
        ("google*", " google.de ", True),
        ("google*", "my google", False),
        ("*news?etter*", "The Newsletter 3", True),
        ("50%_off!", "50%_off!", True),
        ("50%_off!", "50 xoff!", False),
        ("*", "", True),
        ("FACEBOOK", "facebook", True),
    ],
)
def test_patterns(write_workspace: Write, pattern: str, text: str, expected: bool) -> None:
    assert fits(pattern, text, write_workspace) is expected


def test_a_list_and_a_table_say_the_same(write_workspace: Write) -> None:
    rules = (
        "channel_rules:\n  - {source: Google, medium: cpc, channel: Paid Search}\n  - {campaign: 'n_*', channel: e-mail}\n"
    )
    listed = mapping_vars(load_workspace(write_workspace(HEAD + rules + SHOP)))["channel_rules"]
    assert listed == [
        {"patterns": {"source": "google", "medium": "cpc"}, "channel": "paid_search"},
        {"patterns": {"campaign": "n!_%"}, "channel": "e_mail"},
    ]
    folder = write_workspace(HEAD + "channel_rules: rules.csv\n" + SHOP)
    (folder / "rules.csv").write_text("source;medium;campaign;channel\nGoogle;cpc;;Paid Search\n;;n_*;e-mail\n")
    assert mapping_vars(load_workspace(folder))["channel_rules"] == listed


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("  - {channel: x}", "workspace.yml:6: channel_rules[0] needs a pattern for source, medium or campaign"),
        ("  - {sorce: a, channel: x}", "workspace.yml:6: channel_rules[0] has no key 'sorce'. Did you mean 'source'"),
        ("  - {source: a}", "workspace.yml:6: channel_rules[0] needs the key 'channel'"),
        (
            "  - {source: a, channel: x}\n  - {source: A, channel: y}",
            "workspace.yml:7: this rule asks for the same as workspace.yml:6",
        ),
    ],
)
def test_mistakes_in_listed_rules(write_workspace: Write, rules: str, expected: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        load_workspace(write_workspace(f"{HEAD}channel_rules:\n{rules}\n{SHOP}"))
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("channel_rules", "sorce,channel\na,x\n", "t.csv:1: unknown column 'sorce'. Did you mean 'source'?"),
        ("channel_rules", "source\na\n", "t.csv:1: has no column 'channel'."),
        ("channel_rules", "source,channel\na,x\nb,\n", "t.csv:3: the cell of 'channel' is empty."),
        ("channel_rules", "source,channel\n,x\n", "t.csv:2: needs a pattern for source, medium or campaign"),
        ("channel_rules", 'source,channel\n"a\n",x\nb,x\nb,y\n', "t.csv:5: asks for the same as t.csv:4, which wins."),
        ("channel_rules", "source,channel\na,x,y\n", "t.csv:2: has 3 cells, the header names 2 columns."),
        ("promotions", "promotion,from,to\nSale,1.8.2026,2026-08-02\n",
         "t.csv:2: 'from' is '1.8.2026', should be a date such as 2024-12-31."),
        ("promotions", "promotion,from,to\nSale,2026-08-03,2026-08-02\n",
         "t.csv:2: ends on 2026-08-02, before it starts on 2026-08-03."),
        ("promotions", "promotion,from,to\nSale,2026-08-01,2026-08-05\nSale,2026-08-05,2026-08-09\n",
         "t.csv:3: 'Sale' overlaps itself at t.csv:2."),
        ("promotions", "", "t.csv:1: has no column 'promotion'."),
        ("promotions", None, "t.csv: there is no such file"),
    ],
)  # fmt: skip
def test_mistakes_in_tables(write_workspace: Write, key: str, text: str | None, expected: str) -> None:
    folder = write_workspace(f"{HEAD}{key}: t.csv\n{SHOP}")
    if text is not None:
        (folder / "t.csv").write_text(text)
    with pytest.raises(WorkspaceError) as caught:
        load_workspace(folder)
    assert str(caught.value).startswith(expected)


def test_a_table_lies_in_the_workspace(write_workspace: Write) -> None:
    with pytest.raises(WorkspaceError, match=r"workspace.yml:5: promotions names '../t.csv', which lies outside"):
        load_workspace(write_workspace(f"{HEAD}promotions: ../t.csv\n{SHOP}"))


def test_promotions_from_csv_and_excel(write_workspace: Write) -> None:
    folder = write_workspace(f"{HEAD}promotions: t.csv\n{SHOP}")
    (folder / "t.csv").write_text(
        "promotion,from,to,channel\nSale,2026-08-01,2026-08-05,email\n\nFair,2026-09-01,2026-09-01,\n"
    )
    listed = load_workspace(folder).known_promotions
    assert [(one.promotion, one.from_, one.to, one.channel) for one in listed] == [
        ("Sale", dt.date(2026, 8, 1), dt.date(2026, 8, 5), "email"),
        ("Fair", dt.date(2026, 9, 1), dt.date(2026, 9, 1), None),
    ]
    book = openpyxl.Workbook()
    book.active.append(["promotion", "from", "to", "channel"])
    book.active.append(["Sale", dt.date(2026, 8, 1), "2026-08-05", "email"])
    book.active.append([])
    book.active.append(["Fair", dt.datetime(2026, 9, 1), dt.date(2026, 9, 1), None])  # noqa: DTZ001 - Excel knows no zone
    book.save(folder / "t.xlsx")
    write_workspace(f"{HEAD}promotions: t.xlsx\n{SHOP}")
    assert load_workspace(folder).known_promotions == listed


def test_an_excel_mistake_names_its_row(write_workspace: Write) -> None:
    folder = write_workspace(f"{HEAD}promotions: t.xlsx\n{SHOP}")
    book = openpyxl.Workbook()
    for row in (["promotion", "from", "to"], ["Sale", dt.date(2026, 8, 1), dt.date(2026, 8, 2)], [], ["Fair", "soon", None]):
        book.active.append(row)
    book.save(folder / "t.xlsx")
    with pytest.raises(WorkspaceError, match=r"^t.xlsx:4: the cell of 'to' is empty"):
        load_workspace(folder)
