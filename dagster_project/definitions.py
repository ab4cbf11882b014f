"""The code location that Dagster loads: the workspace named by BELLWETHER_WORKSPACE, else the demo company."""

from dagster_project.build import build_defs, workspace_path
from dagster_project.event_log import relax_event_log
from metrics.workspace import load_workspace

relax_event_log(load_workspace(workspace_path()).dagster_home)
defs = build_defs()
