"""Orchestration only: assets, checks, schedules, sensors, connectors and the command line. No arithmetic of KPIs lives here."""
