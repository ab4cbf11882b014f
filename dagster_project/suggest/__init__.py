"""Proposes the mapping of files that nobody has described yet: what ``kpi source suggest`` does.

sniff -> profile -> names -> candidates -> derive, joins, repeats -> source -> render. Reads files, writes nothing but what
``writing`` is asked to write. Knows no dagster; proposals name columns and shares, never a value that could be personal.
"""

from dagster_project.suggest.proposal import Proposal, SourceProposal
from dagster_project.suggest.suggesting import suggest_sources

__all__ = ["Proposal", "SourceProposal", "suggest_sources"]
