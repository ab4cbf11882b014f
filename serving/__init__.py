"""What readers touch: published files and notifications. Imports `metrics`, never `dagster_project`."""
