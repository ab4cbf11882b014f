"""Proposes the mapping of files that nobody has described yet: what ``kpi source suggest`` does.

sniff, books -> profile -> number_styles -> names -> candidates, rates -> derive, joins, repeats, partial_rows -> sources ->
render. Reads files, writes nothing but what ``writing`` is asked to. Knows no dagster; proposals name columns and shares
only, never a value that could be personal.
"""

from dagster_project.suggest.proposal import Proposal, SourceProposal
from dagster_project.suggest.suggesting import suggest_sources

__all__ = ["Proposal", "SourceProposal", "suggest_sources"]
