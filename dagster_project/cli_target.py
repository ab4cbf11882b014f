"""``kpi target``: which value to aim at next, and how likely it is to get there."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli_options import OutputFormat, WorkspaceOption, day, load

if TYPE_CHECKING:
    from serving.target_advice import GivenBenchmark

By = Annotated[str | None, typer.Option("--by", help="Day by which it is to be reached; default: the third open period.")]
Grain = Annotated[str | None, typer.Option(help="week, month or quarter; default: that of the KPI's latest target.")]
Benchmark = Annotated[str | None, typer.Option(help="What others reach, in the unit of the KPI: 0.03 or 3% for 3 %.")]
Source = Annotated[str | None, typer.Option(help="Who says so, and when: a number without a source is no benchmark.")]
Output = Annotated[OutputFormat, typer.Option("--output", "--format", "-f", help="table, csv or json.")]


def target(
    kpi: str,
    by: By = None,
    grain: Grain = None,
    benchmark: Benchmark = None,
    source: Source = None,
    workspace: WorkspaceOption = None,
    output: Output = OutputFormat.table,
) -> None:
    """Suggest the next target of a KPI: three steps, each with how likely it is if nothing changes.

    From its own history, the benchmark of its file (or --benchmark with --source) and its drivers. Nothing is written:
    the last lines are ready to paste into a file in kpis/.

    Example:  kpi target conversion_rate --by 2026-12-31 --benchmark 0.03 --source "Littledata 2023, 2,800 shops"
    """
    from dagster_project.target_view import print_advice
    from serving.target_advice import target_advice

    given = _benchmark(benchmark, source)
    ws = load(workspace)
    print_advice(target_advice(ws, kpi, day(by, "--by"), grain, given), output, ws)


def _benchmark(text: str | None, source: str | None) -> GivenBenchmark | None:
    from serving.target_advice import GivenBenchmark

    if text is None and source is None:
        return None
    if text is None or source is None:
        raise typer.BadParameter("--benchmark and --source belong together: give the number and who published it.")
    text = unicodedata.normalize("NFKC", text)  # a full-width 3％ from a Chinese keyboard is 3%
    is_percent = text.rstrip().endswith("%")
    try:
        number = float(text.rstrip().removesuffix("%"))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise typer.BadParameter(f"--benchmark is '{text}', expected a number such as 0.03.")
    return GivenBenchmark(number / 100 if is_percent else number, source, is_percent)
