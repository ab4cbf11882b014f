"""Expectations as Dagster asset checks. A blocking check stops the run before anything is published.

Each check computes a small table in SQL and hands it to Great Expectations; ``gx`` is the only module that imports it.
"""
