"""``kpi new``: start a KPI or a workspace by answering questions; every answer can be an option, too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dagster_project.cli_options import WorkspaceOption, day, load

if TYPE_CHECKING:
    from dagster_project.new_kpi import NewTarget
    from dagster_project.words import Words
    from metrics.catalogue.lint import LintReport
    from metrics.workspace import Workspace

new_app = typer.Typer(help="Start a KPI or a workspace by answering questions.", invoke_without_command=True)

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: what is not given gets its default or a TODO.")]
Option = Annotated[str | None, typer.Option(show_default=False)]


@new_app.callback()
def _new(context: typer.Context) -> None:
    """Start a KPI or a workspace by answering questions; nothing is overwritten."""
    if context.invoked_subcommand is None:
        asker = Asker(_english(), yes=False)
        if asker.choice(None, "A KPI or a workspace?", "kpi", ("kpi", "workspace")) == "kpi":
            kpi()
        else:
            workspace()


@dataclass(frozen=True)
class Asker:
    """Takes what was given as an option, else asks; with ``yes`` it takes the default."""

    say: Words
    yes: bool

    def text(self, given: str | None, question: str, default: str = "", **values: str) -> str:
        """One line; "" where nothing is answered. ``values`` go into the braces of the question."""
        if given is not None or self.yes:
            return given if given is not None else default
        return str(typer.prompt(self.say(question, **values), default=default, show_default=bool(default))).strip()

    def choice(self, given: str | None, question: str, default: str, choices: Sequence[str], **values: str) -> str:
        """One of the choices; asked again until it is one. Raises BadParameter for an option that is none."""
        from metrics.errors import did_you_mean

        while True:
            answer = self.text(given, question, default, **values)
            if answer in choices:
                return answer
            problem = f"'{answer}' is none of {', '.join(choices)}.{did_you_mean(answer, choices)}"
            if given is not None or self.yes:
                raise typer.BadParameter(problem)
            typer.echo(problem)

    def names(self, given: str | None, question: str) -> tuple[str, ...]:
        """Names, separated by commas."""
        return tuple(name.strip() for name in self.text(given, question).split(",") if name.strip())

    def texts(self, given: tuple[str | None, str | None], question: str, defaults: tuple[str, str]) -> dict[str, str]:
        """The text in English and Chinese."""
        return {
            "en": self.text(given[0], f"{question} (English)", defaults[0]),
            "zh": self.text(given[1], f"{question} (Chinese)", defaults[1]),
        }

    def day(self, given: str | None, question: str, default: str, option: str) -> date | None:
        """A day, None where nothing is answered; asked again until it is one."""
        while True:
            answer = self.text(given, question, default)
            try:
                return day(answer or None, option)
            except typer.BadParameter as error:
                if given is not None or self.yes:
                    raise
                typer.echo(str(error))


def _english() -> Words:
    from dagster_project.words import Words

    return Words("en")


@new_app.command()
def kpi(
    name: Annotated[str | None, typer.Argument(help="The metric that becomes a KPI: its id.", show_default=False)] = None,
    workspace: WorkspaceOption = None,
    title_en: Option = None,
    title_zh: Option = None,
    description_en: Option = None,
    description_zh: Option = None,
    question_en: Option = None,
    question_zh: Option = None,
    owner: Option = None,
    team: Option = None,
    goals: Annotated[str | None, typer.Option(help="Separated by commas.", show_default=False)] = None,
    level: Annotated[str | None, typer.Option(help="strategic, operational, functional", show_default=False)] = None,
    scope: Annotated[str | None, typer.Option(help="company, team, project", show_default=False)] = None,
    timing: Annotated[str | None, typer.Option(help="leading, lagging", show_default=False)] = None,
    role: Annotated[str | None, typer.Option(help="input, process, output, outcome", show_default=False)] = None,
    parent: Annotated[str | None, typer.Option(help="The KPI that it serves.", show_default=False)] = None,
    guardrails: Annotated[str | None, typer.Option(help="Separated by commas.", show_default=False)] = None,
    target: Annotated[str | None, typer.Option(help="The value to reach.", show_default=False)] = None,
    target_grain: Annotated[str | None, typer.Option(help="day, week, month, quarter", show_default=False)] = None,
    target_from: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD.", show_default=False)] = None,
    target_to: Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD.", show_default=False)] = None,
    baseline_until: Annotated[str | None, typer.Option(help="Only measured until this day.", show_default=False)] = None,
    playbook_en: Option = None,
    playbook_zh: Option = None,
    review: Annotated[str | None, typer.Option(help="weekly, monthly, quarterly, yearly", show_default=False)] = None,
    file: Annotated[Path | None, typer.Option(help="Default: kpis/<id>.yml of the workspace.", show_default=False)] = None,
    yes: Yes = False,
) -> None:
    """Make a metric a KPI of the workspace: asks for what a KPI file holds, writes it, checks it.

    Examples:  kpi new kpi refunds -w clients/acme   |   kpi new kpi refunds --owner Nora --team sales --yes
    """
    from dagster_project.dbt_runner import ensure_manifest
    from dagster_project.new_kpi import TO_DO, NewKpi, refuse_known, write_kpi
    from dagster_project.words import Words
    from serving.published import lint_definitions

    ws = load(workspace)
    ensure_manifest(ws)
    report = lint_definitions(ws)
    ask = Asker(Words(ws.language), yes)
    ident = ask.text(name, "Which metric becomes a KPI (its id)?")
    refuse_known(report, ident)
    label, known = report.checked.catalogue.title(ident), report.checked.defaults
    todo, both = (TO_DO, TO_DO), (label.en, label.zh)
    _hint(ask, "Teams", known.teams)
    answers = NewKpi(
        id=ident,
        title=ask.texts((title_en, title_zh), "Title", both),
        description=ask.texts((description_en, description_zh), "What it is, with an example", todo),
        question=ask.texts((question_en, question_zh), "The question it answers", todo),
        owner=ask.text(owner, "Who answers for it?", TO_DO),
        team=ask.text(team, "Team"),
        goals=ask.names(goals, "Goals that it serves, separated by commas"),
        level=ask.choice(level, "Level (strategic, operational, functional)", "operational", _choices("level")),
        scope=ask.choice(scope, "Scope (company, team, project)", "team", _choices("scope")),
        timing=ask.choice(timing, "Timing (leading, lagging)", "lagging", _choices("timing")),
        role=ask.choice(role, "Role (input, process, output, outcome)", "outcome", _choices("role")),
        parent=ask.text(parent, "The KPI that it serves"),
        guardrails=ask.names(guardrails, "What must not get worse for it, separated by commas"),
        target=(first := _target(ask, report, ident, (target, target_grain, target_from, target_to))),
        baseline_until=None if first else _baseline(ask, baseline_until),
        playbook=ask.texts((playbook_en, playbook_zh), "What to do when it is off track", todo),
        review=ask.choice(review, "Review (weekly, monthly, quarterly, yearly)", "monthly", _choices("review")),
    )
    written, found = write_kpi(ws, answers, file or ws.root / "kpis" / f"{ident}.yml")
    typer.echo(ask.say("{file}: written.", file=written))
    for one in found:
        typer.echo(f"  {ask.say(one.severity)}: {one.where}: {one.in_language(ws.language)} [{one.rule}]")
    _next(ask, ws, written)


def _hint(ask: Asker, what: str, names: Sequence[str]) -> None:
    if not ask.yes and names:
        typer.echo(f"{ask.say(what)}: {', '.join(names)}")


def _choices(field: str) -> tuple[str, ...]:
    from typing import get_args

    from metrics.catalogue import Kpi

    return get_args(Kpi.model_fields[field].annotation)


def _target(
    ask: Asker, report: LintReport, metric: str, given: tuple[str | None, str | None, str | None, str | None]
) -> NewTarget | None:
    """The first target; None where no value is given."""
    from dagster_project.new_kpi import NewTarget
    from metrics.workspace import machine_now

    value, grain, first, last = given
    number = _number(ask, value)
    if number is None:
        return None
    year = (report.today or machine_now().date()).year
    kept = report.checked.catalogue.grains(metric)
    start = ask.day(first, "First day of the target", f"{year}-01-01", "--target-from")
    end = ask.day(last, "Last day of the target", f"{year}-12-31", "--target-to")
    if start is None or end is None:
        raise typer.BadParameter("a target needs a first and a last day.")
    default = "month" if "month" in kept else kept[-1]
    asked = ask.choice(grain, "Grain of the target ({grains})", default, kept, grains=", ".join(kept))
    return NewTarget(number, start, end, asked)


def _number(ask: Asker, given: str | None) -> float | None:
    while True:
        answer = ask.text(given, "The value to reach, in the metric's unit (a share as 0.03); empty for none")
        if not answer:
            return None
        number = _finite(answer)
        if number is not None:
            return number
        problem = f"--target '{answer}' is no number such as 0.03 or 1200."
        if given is not None or ask.yes:
            raise typer.BadParameter(problem)
        typer.echo(problem)


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _baseline(ask: Asker, given: str | None) -> date | None:
    return ask.day(given, "Without a target: measured only, until which day? Empty for none", "", "--baseline-until")


def _next(ask: Asker, ws: Workspace, written: Path) -> None:
    say = ask.say
    if "TODO" in written.read_text(encoding="utf-8").partition("kpis:")[2]:
        typer.echo(say("Next: fill in the lines with TODO, then kpi validate -w {folder} and kpi run -w {folder}.",
                       folder=ws.root))  # fmt: skip
    else:
        typer.echo(say("Next: kpi validate -w {folder}, then kpi run -w {folder}.", folder=ws.root))


@new_app.command()
def workspace(
    folder: Annotated[Path | None, typer.Argument(help="The new folder.", show_default=False)] = None,
    name: Annotated[str | None, typer.Option(help="Name of the company.", show_default=False)] = None,
    language: Annotated[str | None, typer.Option(help="en or zh", show_default=False)] = None,
    timezone: Annotated[str | None, typer.Option(help="For example Europe/Berlin.", show_default=False)] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code, for example EUR.", show_default=False)] = None,
    history_start: Annotated[str | None, typer.Option(help="First day of every KPI.", show_default=False)] = None,
    files: Annotated[str | None, typer.Option(help="Folder with your exports.", show_default=False)] = None,
    yes: Yes = False,
) -> None:
    """Start a workspace: workspace.yml, and kpis/ for targets and defaults.

    Examples:  kpi new workspace clients/acme   |   kpi new workspace clients/acme --name Acme --currency EUR --yes
    """
    from dagster_project.new_workspace import NewWorkspace, write_workspace
    from dagster_project.words import Words
    from metrics.workspace import machine_now

    ask = Asker(_english(), yes)
    given = ask.text(str(folder) if folder else None, "Folder of the new workspace")
    if not given:
        raise typer.BadParameter("give the folder of the new workspace.")
    place = Path(given)
    start: Any = ask.day(history_start, "First day of every KPI", f"{machine_now().year - 1}-01-01", "--history-start")
    answers = NewWorkspace(
        name=ask.text(name, "Name of the company", " ".join(place.name.replace("_", " ").split()).title()),
        language=ask.choice(language, "Language (en, zh)", "en", ("en", "zh")),
        timezone=ask.text(timezone, "Time zone", "UTC"),
        currency=ask.text(currency, "Currency (ISO 4217)", "EUR"),
        history_start=start,
        files=ask.text(files, "Folder with your exports, relative to the workspace", "exports"),
    )
    written = write_workspace(answers, place)
    say = Words(answers.language)
    for one in written:
        typer.echo(say("{file}: written.", file=one))
    exports = place / answers.files
    typer.echo(say("Next: put your exports into {exports}, map them with kpi source suggest {exports}, "
                   "then kpi validate -w {folder} and kpi run -w {folder}.", exports=exports, folder=place))  # fmt: skip
