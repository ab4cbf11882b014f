"""The code location that Dagster loads: the workspace named by BELLWETHER_WORKSPACE, else the demo company."""

from dagster_project.build import build_defs

defs = build_defs()
