"""The semantic KPI layer: workspace, metric compiler, KPI catalogue, values, alerts.

Imports nothing of ``dagster_project`` or ``serving``, no dagster and no web framework.
"""
