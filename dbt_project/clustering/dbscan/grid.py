"""Points of the plane in square cells whose diagonal is just under ``eps``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dbt_project.clustering.dbscan.arrays import (
    Counter,
    Floats,
    Indices,
    Integers,
    Mask,
    integers_for,
    number_keys,
    parts_of,
)

Scalar = TypeVar("Scalar", bound=np.generic)

# Cells are smaller than eps / sqrt(2) by the share SHRINK. It outweighs SLACK, twice what rounding
# can move a point by, in sub-cells: three roundings of a number below LARGEST_STRIPE (of one below
# 128 times the number of points, where gaps are left out) move it by less than 2**-18.
SHRINK = 2.0**-16
SLACK = 2.0**-17
LARGEST_STRIPE = 2**31 - 1
# The test rounds a sum of two squares by some 1e-16 of it; within this share of eps, ask the test.
DOUBT = 1e-9
# Neighbours lie at most this many cells apart.
RINGS = 2
# A cell gets about one sub-cell for this many of the `min_samples` points, and not more than
# MOST_DIVISIONS squared.
DIVISION_POINTS = 6
MOST_DIVISIONS = 32

# Half of the cells around a cell, nearest first. The other half has the same pairs from the other
# side. When the nearest cells are joined, most of the farther ones are already joined.
HALF_RINGS = (
    ((0, 1), (1, 0)),
    ((1, 1), (1, -1)),
    ((0, 2), (2, 0), (1, 2), (2, 1), (1, -2), (2, -1), (2, 2), (2, -2)),
)
OFFSETS = tuple(
    (sign * row, sign * column) for ring in HALF_RINGS for row, column in ring for sign in (1, -1)
)


@dataclass(frozen=True)
class Grid:
    """Points in square cells of `divisions` by `divisions` sub-cells.

    Only occupied cells are kept, numbered row by row.

    Attributes
    ----------
    x, y : ndarray of shape (n,)
        Coordinates of the points; views of what was given where its columns are contiguous.
    eps : float
        The largest distance between neighbours, in the same unit.
    divisions : int
        Sub-cells along the side of a cell.
    cell, sub_cell : ndarray of shape (n,)
        Where each point is: its cell, and the number of the sub-cell within that.
    row, column, count : ndarray of shape (c,)
        Where each cell is, and how many points it has.
    """

    x: Floats
    y: Floats
    eps: float
    divisions: int
    cell: Integers
    sub_cell: Integers
    row: Integers
    column: Integers
    count: Integers

    @classmethod
    def of(cls, points: Floats, eps: float, min_samples: int) -> Grid:
        """Put points into cells.

        Parameters
        ----------
        points : ndarray of shape (n, 2)
            At least one point, with finite coordinates. The array stays as it is.
        eps : float
            The largest distance between neighbours; a cell's diagonal is just under it.
        min_samples : int
            The more points make a core point, the finer cells are divided.
        """
        x = np.ascontiguousarray(points[:, 0])
        y = np.ascontiguousarray(points[:, 1])
        divisions = _divisions(min_samples)
        side = eps / math.sqrt(2) * (1 - SHRINK) / divisions
        rows, columns = _stripes(y, side, divisions), _stripes(x, side, divisions)
        height, width = (int(stripe.max()) // divisions + 1 for stripe in (rows, columns))
        key = np.empty(len(x), dtype=integers_for(height * width))
        sub_cell = np.empty(len(x), dtype=np.int16)
        for part in parts_of(len(x)):
            row, sub_row = np.divmod(rows[part], divisions)
            column, sub_column = np.divmod(columns[part], divisions)
            key[part] = row.astype(key.dtype) * width + column
            sub_cell[part] = sub_row * divisions + sub_column
        del rows, columns
        occupied, cell, count = number_keys(key, height * width)
        row, column = np.divmod(occupied, width)
        return cls(x, y, eps, divisions, cell, sub_cell, row, column, count)

    def points_in(self, cells: Mask) -> Indices:
        """Return the numbers of the points in the chosen cells, ascending. `cells`: shape (c,)."""
        parts = parts_of(len(self.x))
        found = [part.start + np.flatnonzero(cells[self.cell[part]]) for part in parts]
        return np.concatenate(found)

    def spread(self, values: NDArray[Scalar]) -> NDArray[Scalar]:
        """Give each point the value of its cell: from shape (c,) to shape (n,)."""
        spread: NDArray[Scalar] = np.empty(len(self.x), dtype=values.dtype)
        for part in parts_of(len(self.x)):
            spread[part] = values[self.cell[part]]
        return spread

    @cached_property
    def _counter(self) -> Counter:
        return Counter(self._key(self.row, self.column))

    def _key(self, row: Integers, column: Integers) -> Integers:
        # Empty columns at both ends keep a cell's neighbour from being found in another row.
        width = int(self.column.max()) + 1 + 2 * RINGS
        return (row + RINGS) * width + column + RINGS

    def neighbours(self, cells: Integers, row: int, column: int) -> tuple[Integers, Integers]:
        """Return those of `cells` with a cell `row` rows and `column` columns on, and that cell.

        `row` and `column` are at most RINGS. Takes numbers of cells and returns two arrays of them,
        of equal length.
        """
        key = self._key(self.row[cells] + row, self.column[cells] + column)
        before = self._counter.before(key)
        exists = self._counter.before(key + 1) > before
        return cells[exists], before[exists]

    def around(self, chosen: Mask) -> Mask:
        """Return the cells with a chosen cell within RINGS, including these. Shapes (c,)."""
        near = chosen.copy()
        cells = np.flatnonzero(chosen)
        for row, column in OFFSETS:
            near[self.neighbours(cells, row, column)[1]] = True
        return near

    def near(self, dx: Floats, dy: Floats) -> Mask:
        """Whether points that differ by `dx` and `dy` are neighbours: the test that decides."""
        within: Mask = dx * dx + dy * dy <= self.eps * self.eps
        return within


def _divisions(min_samples: int) -> int:
    """Sub-cells along the side of a cell: few points in each where the density is critical."""
    divisions = math.sqrt(max(1.0, min_samples / DIVISION_POINTS))
    return min(1 << round(math.log2(divisions)), MOST_DIVISIONS)


def _stripes(values: Floats, side: float, divisions: int) -> Integers:
    """Return the stripe of width `side` in which each value lies, from 0. Shapes (n,)."""
    low, high = values.min(), values.max()
    scale = 1 / side
    if (high - low) * scale < LARGEST_STRIPE:
        stripe = np.empty(len(values), dtype=np.int32)
        for part in parts_of(len(values)):
            stripe[part] = (values[part] - low) * scale
        return stripe
    # So wide a range has gaps, which need no stripes: each stretch between gaps is numbered from
    # its own start, which also keeps the numbers exact.
    order = np.argsort(values)
    ascending = values[order]
    gap = np.flatnonzero(np.diff(ascending) * scale > (RINGS + 2) * divisions) + 1
    starts = np.concatenate([[0], gap])
    lengths = np.diff(starts, append=len(values))
    local = ((ascending - np.repeat(ascending[starts], lengths)) * scale).astype(np.int64)
    used = local[starts + lengths - 1] + 1 + (RINGS + 1) * divisions
    wide = np.empty(len(values), dtype=np.int64)
    wide[order] = local + np.repeat(np.cumsum(used) - used, lengths)
    return wide
