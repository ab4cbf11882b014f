"""Orchestration: assets, checks, schedules, sensors, connectors, command line. No arithmetic of KPIs lives here."""
