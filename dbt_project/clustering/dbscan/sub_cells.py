"""Cells divided into sub-cells, and what lies within ``eps`` of one of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np

from dbt_project.clustering.dbscan.arrays import (
    Counter,
    Floats,
    Integers,
    Mask,
    pairs_of_slices,
    parts_of,
    sorting_order,
)
from dbt_project.clustering.dbscan.grid import DOUBT, RINGS, SHRINK, SLACK, Grid


class SubCells:
    """Points of some cells, sorted by sub-cell row after row: a stretch of a row is a slice.

    Parameters
    ----------
    grid : Grid
        All points, in c cells.
    cells : ndarray of shape (c,)
        The cells in question; there is at least one.
    points : ndarray of shape (p,)
        Numbers of points in these cells. It stays as it is.
    """

    def __init__(self, grid: Grid, cells: Mask, points: Integers) -> None:
        self.grid = grid
        row = _without_gaps(grid.row, cells) * grid.divisions
        column = _without_gaps(grid.column, cells) * grid.divisions
        self._width = int(column.max()) + (1 + RINGS) * grid.divisions
        self._key_of_cell = row * self._width + column
        sub_row, sub_column = np.divmod(np.arange(grid.divisions**2), grid.divisions)
        self._key_of_sub_cell = sub_row * self._width + sub_column
        self._points = points
        self._keys = self.keys(points)
        self._counter = Counter(self._keys)

    def keys(self, points: Integers) -> Integers:
        """Sub-cell of each point, shape (q,); stretches of a row have consecutive keys."""
        keys = np.empty(len(points), dtype=np.int64)
        for part in parts_of(len(points)):
            chosen = points[part]
            keys[part] = self._key_of_cell[self.grid.cell[chosen]]
            keys[part] += self._key_of_sub_cell[self.grid.sub_cell[chosen]]
        return keys

    def slices(self, keys: Integers, row: int, first: int, last: int) -> tuple[Integers, Integers]:
        """Slice of `points` from `first` to `last` columns and `row` rows on from each sub-cell.

        Returns starts and stops, of the shape of `keys`.
        """
        start = keys + row * self._width
        return self._counter.before(start + first), self._counter.before(start + last + 1)

    def grouped(self, points: Integers) -> tuple[Integers, Integers, Integers]:
        """Sort points by sub-cell.

        Parameters
        ----------
        points : ndarray of shape (q,)
            Numbers of points in the cells. It stays as it is.

        Returns
        -------
        points : ndarray of shape (q,)
            The same, sorted.
        keys : ndarray of shape (s,)
            The distinct sub-cells of these, ascending.
        group : ndarray of shape (q,)
            For each of the sorted points the place of its sub-cell in `keys`.
        """
        keys = self.keys(points)
        order = sorting_order(keys)
        keys = keys[order]
        new = np.diff(keys, prepend=-1) != 0
        return points[order], keys[new], np.cumsum(new) - 1

    @cached_property
    def points(self) -> Integers:
        """The points, sorted by sub-cell."""
        return self._points[sorting_order(self._keys)]

    @cached_property
    def x(self) -> Floats:
        """The x coordinates, sorted likewise."""
        return self.grid.x[self.points]

    @cached_property
    def y(self) -> Floats:
        """The y coordinates, sorted likewise."""
        return self.grid.y[self.points]

    def neighbours(
        self, queries: Integers, starts: Integers, stops: Integers
    ) -> Iterator[tuple[Integers, Integers]]:
        """Measure query points against slices.

        Parameters
        ----------
        queries : ndarray of shape (q,)
            Numbers of points.
        starts, stops : ndarray of shape (q,)
            For each of them a slice of the sorted `points`.

        Yields
        ------
        query, place : ndarray of shape (p,)
            Pairs that are neighbours: the place in `queries`, and the place in `points`.
        """
        grid = self.grid
        for query, place in pairs_of_slices(starts, stops - starts):
            asked = queries[query]
            near = grid.near(grid.x[asked] - self.x[place], grid.y[asked] - self.y[place])
            yield query[near], place[near]


def _without_gaps(stripe: Integers, cells: Mask) -> Integers:
    """Renumber stripes of cells so that empty ones between some cells take at most RINGS.

    Both arrays have shape (c,), and so has what is returned; cells that are not chosen get 0.
    """
    used = np.unique(stripe[cells])
    steps = np.minimum(np.diff(used, prepend=used[0] - RINGS), RINGS + 1)
    renumbered = np.zeros(len(stripe), dtype=np.int64)
    renumbered[cells] = np.cumsum(steps)[np.searchsorted(used, stripe[cells])]
    return renumbered


def reach_of(divisions: int) -> list[tuple[int, int, int]]:
    """Reach of ``eps`` around a sub-cell, row by row from the middle.

    Returns tuples of a row, the last column whose points are surely neighbours of all points in
    the sub-cell (-1 if there is none), and the last column with possible neighbours.
    """
    eps = math.sqrt(2) * divisions / (1 - SHRINK)
    steps = np.arange(math.ceil(eps) + 2)
    farthest = (steps + 1 + SLACK) ** 2
    nearest = np.maximum(steps - 1 - SLACK, 0) ** 2
    reach = []
    for row in sorted(range(-int(steps[-1]), int(steps[-1]) + 1), key=abs):
        sure = int((farthest + farthest[abs(row)] < (eps * (1 - DOUBT)) ** 2).sum()) - 1
        possible = int((nearest + nearest[abs(row)] < (eps * (1 + DOUBT)) ** 2).sum()) - 1
        if possible >= 0:
            reach.append((row, sure, possible))
    return reach


def measured_stretches(sure: int, possible: int) -> Iterable[tuple[int, int]]:
    """Stretches of a row whose points must be measured."""
    if sure < 0:
        return [(-possible, possible)]
    return [(-possible, -sure - 1), (sure + 1, possible)]
