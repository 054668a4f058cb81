"""Border points: those that are not core, within ``eps`` of a core point."""

from __future__ import annotations

import numpy as np

from dbt_project.clustering.dbscan.arrays import Indices, Integers, Mask, distinct_places
from dbt_project.clustering.dbscan.clusters import NOISE
from dbt_project.clustering.dbscan.grid import Grid
from dbt_project.clustering.dbscan.sub_cells import SubCells, measured_stretches, reach_of

NOTHING = np.iinfo(np.intp).max


def label_border(
    grid: Grid, core: Mask, cluster: Indices, others: Integers, labels: Indices
) -> None:
    """Give each point that is not core the lowest cluster with a core point within ``eps``.

    Parameters
    ----------
    grid : Grid
        The n points, in c cells.
    core : ndarray of shape (n,)
        Which points are core.
    cluster : ndarray of shape (c,)
        Cluster of the core points of each cell. NOISE for a cell without core points.
    others : ndarray of shape (m,)
        Numbers of the points that are not core.
    labels : ndarray of shape (n,)
        Changed in place: the border points among `others` get their cluster, the rest keep their
        labels.
    """
    has_core = cluster != NOISE
    others = others[grid.around(has_core)[grid.cell[others]]]
    if not len(others):
        return
    has_other = np.zeros(len(cluster), dtype=np.bool_)
    has_other[grid.cell[others]] = True
    nearby = grid.around(has_other)
    targets = grid.points_in(has_core & nearby)
    targets = targets[core[targets]]
    sub_cells = SubCells(grid, nearby, targets)
    clusters = _Lowest(cluster[grid.cell[sub_cells.points]])
    others, keys, group = sub_cells.grouped(others)

    lowest = np.full(len(keys), NOTHING)
    for row, sure, _ in reach_of(grid.divisions):
        if sure >= 0:
            slices = sub_cells.slices(keys, row, -sure, sure)
            np.minimum(lowest, clusters.within(*slices), out=lowest)

    one_of, place = distinct_places(grid.x[others], grid.y[others])
    queries, group = others[one_of], group[one_of]
    lowest = lowest[group]
    for row, sure, possible in reach_of(grid.divisions):
        for first, last in measured_stretches(sure, possible):
            start, stop = sub_cells.slices(keys, row, first, last)
            lower = clusters.within(start, stop)[group] < lowest
            start, stop = start[group], stop[group]
            for query, target in sub_cells.neighbours(queries, np.where(lower, start, stop), stop):
                np.minimum.at(lowest, query, clusters.values[target])
    lowest = lowest[place]
    found = lowest != NOTHING
    labels[others[found]] = lowest[found]


class _Lowest:
    """Find the lowest value in slices of an array of shape (n,) with long runs of equal values."""

    def __init__(self, values: Integers) -> None:
        self.values = values
        self._run = np.cumsum(np.diff(values, prepend=values[0]) != 0)
        self._padded = np.append(values, NOTHING)

    def within(self, start: Integers, stop: Integers) -> Integers:
        """Return the lowest value in each of m slices, NOTHING for an empty one. Shapes (m,)."""
        lowest = np.full(len(start), NOTHING)
        filled = np.flatnonzero(start < stop)
        start, stop = start[filled], stop[filled]
        lowest[filled] = self.values[start]
        mixed = self._run[start] != self._run[stop - 1]
        if mixed.any():
            bounds = np.column_stack([start[mixed], stop[mixed]]).ravel()
            lowest[filled[mixed]] = np.minimum.reduceat(self._padded, bounds)[::2]
        return lowest
