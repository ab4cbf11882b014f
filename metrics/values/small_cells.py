"""Which segment values must not be shown, because few persons are behind them or because they would follow from others.

A *cell* is the value of a metric for one member of a dimension in one period. Pure arithmetic: what the cells hold is read
by others. The rules, repeated until nothing changes:

1. a cell with at least one and fewer than ``least`` persons, or with an unknown number, is hidden;
2. a cell is hidden where a metric that it is computed from is (the rate and its other part would give the part away);
3. where a cell is hidden by 1 or 4, what it is computed from is hidden with it (the parts would give the cell away);
4. of one metric in one period, the hidden cells are two or more and hold ``least`` persons together, whoever is in several
   of them counted once: otherwise the smallest that is still shown is hidden as well, so that the total minus the rest says
   nothing about few persons. Where
   no member with persons is left, those without are hidden too, and where the rule fails even so, the cells follow from
   the total: then it must not be told whose they are (`lone_places`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

Place = tuple[str, str, date]  # metric, dimension, period: the cells that make up one total
# Not judged by itself: nothing about persons, or covered by what it is computed from.
NO_PERSONS = math.inf


class Cell(NamedTuple):
    """One value of a metric by one dimension."""

    metric: str
    dimension: str
    period: date
    member: str


@dataclass(frozen=True)
class Parts:
    """The metrics that a metric is computed from, all the way down. ``is_shifted``: also from other periods than its own."""

    names: frozenset[str] = frozenset()
    is_shifted: bool = False
    is_personal: bool = True


def hidden_cells(
    persons: Mapping[Cell, float | None], parts: Mapping[str, Parts], least: int, repeated: Mapping[Place, float]
) -> set[Cell]:
    """The cells of ``persons`` that are not to be shown. Values: persons in the cell, None where unknown, or NO_PERSONS.

    ``repeated``: by how much the persons of a place's cells, added up, exceed its distinct persons: 0 where nobody is in two
    of them. A place that it does not name may have the same persons in each.
    """
    search = _Search(persons, parts, least, repeated)
    for cell, count in persons.items():
        if count is None or 0 < count < least:
            search.hide(cell, with_parts=True)
    while search.waiting or search.touched:
        search.hide_dependents()
        search.hide_complements()
    return search.hidden & persons.keys()


def lone_places(
    persons: Mapping[Cell, float | None], hidden: Iterable[Cell], least: int, repeated: Mapping[Place, float]
) -> set[Place]:
    """The places whose hidden cells follow from their total: fewer than two, or fewer than ``least`` persons together."""
    found: dict[Place, list[float]] = defaultdict(list)
    for cell in hidden:
        found[cell[:3]].append(persons[cell] or 0)
    return {place for place, counts in found.items() if not _is_protected(counts, least, repeated.get(place, math.inf))}


def _is_protected(counts: Sequence[float], least: int, repeated: float) -> bool:
    """Whether the sum of hidden cells with so many persons each says nothing about few of them.

    They hold at least as many together as the largest of them, and as all without those that may be counted twice.
    """
    return len(counts) > 1 and (max(counts) >= least or sum(counts) - repeated >= least)


@dataclass
class _Search:
    persons: Mapping[Cell, float | None]
    parts: Mapping[str, Parts]
    least: int
    repeated: Mapping[Place, float]
    hidden: set[Cell] = field(default_factory=set)
    waiting: list[Cell] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.members: dict[Place, list[str]] = defaultdict(list)
        self.periods: dict[tuple[str, str, str], list[date]] = defaultdict(list)
        for cell in self.persons:
            self.members[cell[:3]].append(cell.member)
            self.periods[cell.metric, cell.dimension, cell.member].append(cell.period)
        self.dependents: dict[str, list[str]] = defaultdict(list)
        for metric, found in self.parts.items():
            for part in found.names:
                self.dependents[part].append(metric)
        self.touched: set[Place] = set()
        self.hidden_members: dict[tuple[str, date], set[str]] = defaultdict(set)

    def hide(self, cell: Cell, *, with_parts: bool) -> None:
        """Hide a cell, and with it the parts that would give it away; a part that is no cell is seen as a numerator."""
        names = self._personal_parts(cell.metric) if with_parts else ()
        for name in (cell.metric, *names):
            found = cell._replace(metric=name)
            if found not in self.hidden:
                self.hidden.add(found)
                self.waiting.append(found)
                self.touched.add(found[:3])
                self.hidden_members[cell.dimension, cell.period].add(cell.member)

    def hide_dependents(self) -> None:
        """Rule 2, for every cell that was hidden since."""
        while self.waiting:
            cell = self.waiting.pop()
            for metric in self.dependents[cell.metric]:
                for period in self._periods(metric, cell):
                    dependent = Cell(metric, cell.dimension, period, cell.member)
                    if dependent in self.persons:
                        self.hide(dependent, with_parts=False)

    def hide_complements(self) -> None:
        """Rule 4, for the metrics and periods in which a cell was hidden since.

        Those computed from the fewest others come first: where they hide a second cell, rates of them have one, too.
        """
        depth = min((self._depth(place) for place in self.touched), default=0)
        now = sorted(place for place in self.touched if self._depth(place) == depth)
        self.touched.difference_update(now)
        for place in now:
            while (cell := self._complement(place)) is not None:
                self.hide(cell, with_parts=True)

    def _depth(self, place: Place) -> int:
        return len(self.parts.get(place[0], Parts()).names)

    def _periods(self, metric: str, cell: Cell) -> Iterable[date]:
        if self.parts[metric].is_shifted:
            return self.periods.get((metric, cell.dimension, cell.member), ())
        return (cell.period,)

    def _personal_parts(self, metric: str) -> list[str]:
        names = self.parts.get(metric, Parts()).names
        return sorted(name for name in names if self.parts.get(name, Parts()).is_personal)

    def _complement(self, place: Place) -> Cell | None:
        """The cell to hide next; None where what is hidden protects itself, or nothing is left."""
        cells = [Cell(*place, member) for member in self.members.get(place, ())]
        concealed = [cell for cell in cells if cell in self.hidden]
        counts = [self.persons[cell] or 0 for cell in concealed]
        if not concealed or _is_protected(counts, self.least, self.repeated.get(place, math.inf)):
            return None
        shared = self.hidden_members[place[1], place[2]]
        shown = [cell for cell in cells if cell not in self.hidden]
        # Behind a member that nobody is in, nothing can be hidden: such members come last, lest they tell by elimination.
        # Before that, what other metrics hide of the period: hiding two different members would narrow both down.
        return min(shown, key=lambda cell: (*self._rank(cell, shared), cell.member), default=None)

    def _rank(self, cell: Cell, shared: set[str]) -> tuple[bool, bool, float]:
        count = self.persons[cell] or 0
        return not count, cell.member not in shared, count
