"""Dagster assets, one module per layer: raw tables, dbt models, KPI tables, the published snapshot.

Put here what turns work done elsewhere into assets; keep the work itself out.
"""
