"""The demo company: a seeded simulation of an online shop's marketing, sales and support data, with its truths."""

from __future__ import annotations

from data.generator.generation import GenerationError, generate, next_day

__all__ = ["GenerationError", "generate", "next_day"]
