"""``python -m dagster_project`` is ``kpi``: for processes that start it without knowing where it is installed."""

from dagster_project.cli import main

main()
