"""Clusters: connected components of cells with core points."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from dbt_project.clustering.dbscan.arrays import (
    Floats,
    Indices,
    Integers,
    Mask,
    pairs_of_slices,
    parts_of,
    sorting_order,
)
from dbt_project.clustering.dbscan.grid import DOUBT, HALF_RINGS, Grid

NOISE = -1
# Cells with up to FEW_PAIRS pairs of core points between them are compared pair by pair, many such
# cells at once. Others are compared on their own, with a tree if more than MANY_PAIRS are in doubt.
FEW_PAIRS = 2**12
MANY_PAIRS = 2**20


def clusters_of_cells(grid: Grid, core: Mask) -> Indices:
    """Find the cluster of the core points of each cell.

    Parameters
    ----------
    grid : Grid
        The n points, in c cells.
    core : ndarray of shape (n,)
        Which points are core. It stays as it is.

    Returns
    -------
    ndarray of shape (c,)
        Clusters, numbered from 0 by their first core point; NOISE for a cell without any.
    """
    n_points, n_cells = len(core), len(grid.count)
    first = np.full(n_cells, n_points)
    for part in reversed(list(parts_of(n_points))):
        backwards = part.start + np.flatnonzero(core[part])[::-1]
        first[grid.cell[backwards]] = backwards  # of the points in a cell, the last written stays
    cells = np.flatnonzero(first < n_points)
    component = _components(grid, core, cells, first)

    first_of_component = np.full(n_cells, n_points)
    np.minimum.at(first_of_component, component[cells], first[cells])
    cluster_of_component = np.empty(n_cells, dtype=np.intp)
    cluster_of_component[np.argsort(first_of_component, kind="stable")] = np.arange(n_cells)
    cluster = np.full(n_cells, NOISE, dtype=np.intp)
    cluster[cells] = cluster_of_component[component[cells]]
    return cluster


def _components(grid: Grid, core: Mask, cells: Integers, first: Integers) -> Integers:
    """Give each of c cells a component, shape (c,), the same for connected core cells.

    `cells` are the numbers of those with core points, and `first`, of shape (c,), is the number of
    the first core point of each, or the number of points for a cell without any.
    """
    component: Integers = np.arange(len(grid.count))
    open_pairs = []
    for ring in HALF_RINGS:
        joined = []
        for offset in ring:
            pairs = np.vstack(grid.neighbours(cells, *offset))
            pairs = pairs[:, first[pairs[1]] < len(core)]
            pairs = pairs[:, component[pairs[0]] != component[pairs[1]]]
            one, other = first[pairs]
            near = grid.near(grid.x[one] - grid.x[other], grid.y[one] - grid.y[other])
            joined.append(pairs[:, near])
            open_pairs.append(pairs[:, ~near & (grid.count[pairs] > 1).any(axis=0)])
        component = _join(component, np.hstack(joined))
    pairs = np.hstack(open_pairs)
    pairs = pairs[:, component[pairs[0]] != component[pairs[1]]]
    if not pairs.size:
        return component
    return _CorePoints(grid, core, pairs).join(component)


def _join(component: Integers, pairs: Integers) -> Integers:
    """Merge the components of each pair of cells; `component` may be returned as it is.

    `component` has shape (c,) and `pairs` shape (2, p), a cell in either row. Neither is changed.
    """
    if not pairs.size:
        return component
    size = len(component)
    edges = coo_array((np.ones(pairs.shape[1], dtype=np.bool_), component[pairs]), (size, size))
    merged: Integers = connected_components(edges, directed=False)[1]
    return merged[component]


class _CorePoints:
    """Core points of the cells that one pair of points has not joined, cell after cell.

    `cell_pairs` are such pairs of cells, shape (2, p), and `pairs` the same with the cells numbered
    from 0 among those involved. `start` and `size`, one value for each of these, are slices of `x`
    and `y`.
    """

    def __init__(self, grid: Grid, core: Mask, pairs: Integers) -> None:
        involved = np.zeros(len(grid.count), dtype=np.bool_)
        involved[pairs] = True
        points = grid.points_in(involved)
        points = points[core[points]]
        cell = grid.cell[points]
        points = points[sorting_order(cell)]
        self.grid = grid
        self.cell_pairs = pairs
        self.pairs = (np.cumsum(involved) - 1)[pairs]
        self.x, self.y = grid.x[points], grid.y[points]
        self.size = np.bincount(cell, minlength=len(involved))[involved]
        self.start = np.cumsum(self.size) - self.size

    def join(self, component: Integers) -> Integers:
        """Merge the components of cells with core points within ``eps`` of each other.

        Takes and returns shape (c,). The given array stays as it is.
        """
        n_pairs = self.size[self.pairs].prod(axis=0)
        possible = self._boxes_are_near()
        few = possible & (n_pairs <= FEW_PAIRS)
        near = np.zeros(len(few), dtype=np.bool_)
        near[few] = self._any_near(self.pairs[:, few], n_pairs[few])
        component = _join(component, self.cell_pairs[:, near])

        many = np.flatnonzero(possible & ~few)
        sets = _DisjointSets()
        for pair in many[np.argsort(n_pairs[many], kind="stable")]:
            one, other = component[self.cell_pairs[:, pair]]
            if not sets.same(one, other) and self._touch(*self.pairs[:, pair]):
                sets.merge(one, other)
                near[pair] = True
        return _join(component, self.cell_pairs[:, near])

    def _boxes_are_near(self) -> Mask:
        # Rounding keeps order: if the test fails for the gap between two boxes, it fails for every
        # two points in them.
        gaps = []
        for values in (self.x, self.y):
            low = np.minimum.reduceat(values, self.start)[self.pairs]
            high = np.maximum.reduceat(values, self.start)[self.pairs]
            gaps.append(np.maximum(np.maximum(low[0] - high[1], low[1] - high[0]), 0))
        return self.grid.near(*gaps)

    def _any_near(self, pairs: Integers, n_pairs: Integers) -> Mask:
        found = np.zeros(len(n_pairs), dtype=np.bool_)
        for pair, number in pairs_of_slices(np.zeros_like(n_pairs), n_pairs):
            one, other = pairs[:, pair]
            i, j = np.divmod(number, self.size[other])
            i, j = i + self.start[one], j + self.start[other]
            found[pair[self.grid.near(self.x[i] - self.x[j], self.y[i] - self.y[j])]] = True
        return found

    def _touch(self, one: int, other: int) -> bool:
        """Whether two cells have core points within ``eps`` of each other."""
        x1, y1, x2, y2 = (
            values[self.start[cell] : self.start[cell] + self.size[cell]]
            for cell in (one, other)
            for values in (self.x, self.y)
        )
        grid = self.grid
        # From the middle of one cell, step to the nearest point of the other and back. This mostly
        # ends at two points within eps.
        x, y = x1.mean(), y1.mean()
        for _ in range(2):
            nearest = np.argmin((x2 - x) ** 2 + (y2 - y) ** 2)
            x, y = x2[nearest], y2[nearest]
            nearest = np.argmin((x1 - x) ** 2 + (y1 - y) ** 2)
            if grid.near(x1[nearest] - x, y1[nearest] - y):
                return True
            x, y = x1[nearest], y1[nearest]
        # Only points within reach of the other cell's box are in question.
        chosen = grid.near(_outside(x1, x2), _outside(y1, y2))
        x1, y1 = x1[chosen], y1[chosen]
        if not len(x1):
            return False
        chosen = grid.near(_outside(x2, x1), _outside(y2, y1))
        x2, y2 = x2[chosen], y2[chosen]
        if len(x1) > len(x2):
            x1, y1, x2, y2 = x2, y2, x1, y1
        if len(x1) * len(x2) > MANY_PAIRS:
            # The tree rounds in its own way. If that may matter, the test decides.
            tree = cKDTree(np.column_stack([x2, y2]))
            found, _ = tree.query(
                np.column_stack([x1, y1]), distance_upper_bound=grid.eps * (1 + 2 * DOUBT)
            )
            distance = np.asarray(found)
            if (distance <= grid.eps * (1 - DOUBT)).any():
                return True
            chosen = distance <= grid.eps * (1 + DOUBT)
            x1, y1 = x1[chosen], y1[chosen]
        return any(grid.near(x2 - x, y2 - y).any() for x, y in zip(x1, y1, strict=True))


def _outside(values: Floats, others: Floats) -> Floats:
    """Return how far each value lies outside the range of the others."""
    outside: Floats = np.maximum(np.maximum(others.min() - values, values - others.max()), 0)
    return outside


class _DisjointSets:
    """Sets that can be merged (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def _root(self, item: int) -> int:
        path = []
        while item in self._parent:
            path.append(item)
            item = self._parent[item]
        self._parent.update(dict.fromkeys(path, item))
        return item

    def same(self, one: int, other: int) -> bool:
        """Whether two items are in the same set."""
        return self._root(one) == self._root(other)

    def merge(self, one: int, other: int) -> None:
        """Merge the sets of two items that are in different sets."""
        self._parent[self._root(one)] = self._root(other)
