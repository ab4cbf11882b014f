"""``kpi source suggest`` as it is called: output, exit codes, what it refuses, what it never prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from dagster_project.cli import app
from metrics.errors import BellwetherError, SourceError, WorkspaceError
from metrics.workspace import load_workspace

LEADS = "\n".join(
    ["Lead Id,Full Name,Email,Mobile,Created On,Origin",
     *(f"L{n},Ada Lovelace{n},ada{n}@example.com,+49 170 10000{n:02},{n % 28 + 1}/01/2024,Web" for n in range(40)), ""]
)  # fmt: skip


def run(*arguments: str | Path) -> str:
    """Standard output of the command; raises what ``kpi`` would print as one line."""
    result = CliRunner().invoke(app, ["source", "suggest", *map(str, arguments)])
    if isinstance(result.exception, BellwetherError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def leads(folder: Path) -> Path:
    file = folder / "crm_leads.csv"
    file.write_text(LEADS)
    return file


def test_every_mapped_line_says_how_sure_it_is(leads: Path) -> None:
    text = run(leads)
    mapped = yaml.safe_load(text)["sources"]["exports"]["entities"]["leads"]["columns"]
    assert mapped == {
        "lead_id": '"Lead Id"',
        "created_at": '"Created On"',
        "email": "Email",
        "phone": "Mobile",
        "channel": "Origin",
    }
    for column in mapped:
        line = next(line for line in text.splitlines() if line.strip().startswith(f"{column}:"))
        assert line.partition("  # ")[2].split(":")[0] in {"high", "medium", "low"}
    assert "# not mapped: Full Name" in text


@pytest.mark.parametrize("output", ["yaml", "json"])
def test_personal_values_are_never_printed(leads: Path, output: str) -> None:
    text = run(leads, "--format", output)
    assert not any(value in text for value in ("ada1", "example.com", "Lovelace", "+49"))


def test_json_for_machines(leads: Path) -> None:
    found = json.loads(run(leads, "--format", "json"))
    columns = {column["column"]: column for column in found["sources"][0]["entities"][0]["columns"]}
    assert columns["lead_id"]["raw"] == ["crm_leads.Lead Id"]
    assert columns["lead_id"]["confidence"] == "high"


def test_a_new_workspace_loads_and_is_not_overwritten(leads: Path, tmp_path: Path) -> None:
    new = tmp_path / "my_company"
    run(leads.parent, "--new", new, "--currency", "EUR")
    ws = load_workspace(new)
    assert (ws.name, ws.currency, ws.sources["exports"].path) == ("My Company", "EUR", "../exports")
    (new / "workspace.yml").write_text("mine")
    with pytest.raises(WorkspaceError, match=r"is there already.*--force"):
        run(leads.parent, "--new", new)
    assert (new / "workspace.yml").read_text() == "mine"
    run(leads.parent, "--new", new, "--force", "--name", "Acme: & Söhne #1")
    assert load_workspace(new).name == "Acme: & Söhne #1"


def test_strange_names_of_files_and_columns_are_quoted(folder: Path) -> None:
    data = folder / "it's # 100%: [new]"
    data.mkdir()
    rows = [f"{n},2024-01-{n % 28 + 1:02},{n}.5" for n in range(30)]
    (data / "orders [x] *.csv").write_text("\n".join(['"Order ""Id""","order: date #1",Total', *rows, ""]))
    mapped = yaml.safe_load(run(data))["sources"]
    source = next(iter(mapped.values()))
    assert source["entities"]["orders"]["columns"]["order_id"] == '"Order ""Id"""'
    assert [path.name for path in data.glob(next(iter(source["tables"].values()))["files"])] == ["orders [x] *.csv"]


def test_a_missing_required_column_is_a_todo(leads: Path, folder: Path) -> None:
    (folder / "ticket_comments.csv").write_text(
        "\n".join(["id,ticket_id,created_at,public", *(f"{n},{n % 9},2024-01-{n % 28 + 1:02},true" for n in range(40)), ""])
    )
    text = run(folder)
    assert "TODO author_kind: required, not found" in text
    assert set(yaml.safe_load(text)["sources"]["exports"]["entities"]) == {"leads"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "like no entity"),
        ("id,ticket_id,created_at,public\n1,2,2024-01-01,true\n2,2,2024-01-01,true\n", "has no column for author_kind"),
        ("id,created_at\n", "holds a header and no rows"),
    ],
)
def test_no_entity_is_one_line(folder: Path, content: str, said: str) -> None:
    (folder / "ticket_comments.csv").write_text(content)
    with pytest.raises(SourceError, match=said) as error:
        run(folder)
    assert "\n" not in str(error.value)


ORDER_AMOUNTS = {
    "SFr. 12.50": "60 of 60 values are not read as amounts, such as 'SFr. 12.50'",
    "FR. 12.50": "60 of 60 values are not read as amounts, such as 'FR. 12.50'",
    "kr 1.250": "which of dot and comma stands before the cents is not certain in its values",
}


@pytest.mark.parametrize("amount", ORDER_AMOUNTS)
def test_the_column_that_would_have_been_the_amount_says_why_it_is_none(folder: Path, amount: str) -> None:
    rows = [f"{1000 + n};2024-01-{n % 28 + 1:02} 10:00:00;{amount}" for n in range(60)]
    orders = folder / "orders.csv"
    orders.write_text("\n".join(["order_id;ordered_at;total", *rows, ""]))
    with pytest.raises(SourceError) as error:
        run(folder)
    assert f"orders is like orders, but has no column for gross_amount (total: {ORDER_AMOUNTS[amount]})." in str(error.value)


def test_one_value_that_is_no_amount_is_told_and_not_shown_where_it_may_be_personal(folder: Path) -> None:
    rows = [f"{1000 + n};2024-01-{n % 28 + 1:02} 10:00:00;€ {n + 10},50" for n in range(60)]
    orders = folder / "orders.csv"
    for odd, shown in (("ann.b@example.com", "a text of 17 characters"), ("free.", "'free.'")):
        orders.write_text("\n".join(["order_id;ordered_at;gross_amount", *rows, f"9;2024-01-09 10:00:00;{odd}", ""]))
        with pytest.raises(SourceError) as error:
            run(folder)
        assert f"1 of 61 values is not read as an amount: {shown})" in str(error.value)
        assert "example.com" not in str(error.value)


def test_a_column_that_is_refused_is_a_todo_beside_what_is_found(leads: Path, folder: Path) -> None:
    rows = [f"{1000 + n};2024-01-{n % 28 + 1:02} 10:00:00;Rs. 12.50" for n in range(60)]
    (folder / "orders.csv").write_text("\n".join(["order_id;ordered_at;gross_amount", *rows, ""]))
    text = run(folder)
    told = "gross_amount: gross_amount: 60 of 60 values are not read as amounts, such as 'Rs. 12.50'"
    assert text.count(told) == 1
    assert f"TODO {told}; map it by hand" in " ".join(text.replace("#", "").split())


def test_a_table_like_no_entity_says_which_column_was_refused(folder: Path) -> None:
    rows = [f"{number // 2};SFr. 12.50" for number in range(40)]
    (folder / "export.csv").write_text("\n".join(["order_id;total", *rows, ""]))
    with pytest.raises(SourceError) as error:
        run(folder)
    assert "(total: 40 of 40 values are not read as amounts, such as 'SFr. 12.50')" in str(error.value)


def test_a_path_that_does_not_exist(folder: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        run(folder / "nothing.csv")


def test_wrong_options_are_refused(leads: Path) -> None:
    for option, value in (("--timezone", "Europe/Berlln"), ("--currency", "euro")):
        result = CliRunner().invoke(app, ["source", "suggest", str(leads), option, value])
        assert result.exit_code == 2


def test_the_summary_counts_lines_and_names_unused_files(leads: Path, folder: Path, tmp_path: Path) -> None:
    (folder / "rooms.csv").write_text("order_id,floor\n" + "".join(f"A{n},{n % 3}\n" for n in range(20)))
    said = run(folder, "--new", tmp_path / "shop", "--currency", "EUR", "--timezone", "UTC")
    text = (tmp_path / "shop" / "workspace.yml").read_text()
    marked = [line for line in text.splitlines()[1:] if "CHECK" in line]
    assert "CHECK" in text.splitlines()[0]
    assert f"\n{len(marked)} lines to CHECK" in said
    assert "  rooms.csv: like no entity: lacks " in said


def test_working_hours_are_a_line_to_change_where_tickets_are_answered(leads: Path, folder: Path, tmp_path: Path) -> None:
    run(leads, "--new", tmp_path / "without")
    assert "business_hours" not in (tmp_path / "without" / "workspace.yml").read_text()
    rows = [f"{n},2024-01-{n % 28 + 1:02} 10:00:00,email" for n in range(40)]
    (folder / "tickets.csv").write_text("\n".join(["ticket_id,created_at,channel", *rows, ""]))
    run(folder, "--new", tmp_path / "with")
    file = tmp_path / "with" / "workspace.yml"
    before = load_workspace(tmp_path / "with").business_hours
    lines = file.read_text().splitlines()
    written = [line.removeprefix("# ") if line.startswith("# business_hours:") else line for line in lines]
    assert written != lines
    file.write_text("\n".join([*written, ""]))
    # Without its # the line is valid, and what it says is what holds without it.
    assert load_workspace(tmp_path / "with").business_hours == before
