"""The ways in which a semantic layer is silently wrong, one fixture each, with the answer worked out by hand.

``cases/*.yml`` hold tables of a few rows, a semantic manifest over them, questions, the right answers and the wrong ones that
a naive layer gives. Any layer can be run against them: see ``layers.py`` and docs/correctness.md.
"""
