"""Core points: those with enough points within ``eps``."""

from __future__ import annotations

import numpy as np

from dbt_project.clustering.dbscan.arrays import Integers, Mask, distinct_places
from dbt_project.clustering.dbscan.grid import OFFSETS, Grid
from dbt_project.clustering.dbscan.sub_cells import SubCells, measured_stretches, reach_of


def core_points(grid: Grid, min_samples: int) -> Mask:
    """Find the core points.

    Parameters
    ----------
    grid : Grid
        The n points.
    min_samples : int
        The number of points within ``eps``, the point itself included, that makes a point core.

    Returns
    -------
    ndarray of shape (n,)
    """
    core = grid.spread(grid.count >= min_samples)
    undecided = _undecided_cells(grid, min_samples)
    if not undecided.any():
        return core
    nearby = grid.around(undecided)
    sub_cells = SubCells(grid, nearby, grid.points_in(nearby))
    queries, keys, group = sub_cells.grouped(grid.points_in(undecided))

    sure_count = np.zeros(len(keys), dtype=np.int64)
    possible_count = np.zeros(len(keys), dtype=np.int64)
    for row, sure, possible in reach_of(grid.divisions):
        start, stop = sub_cells.slices(keys, row, -possible, possible)
        possible_count += stop - start
        if sure >= 0:
            start, stop = sub_cells.slices(keys, row, -sure, sure)
            sure_count += stop - start
    core[queries[(sure_count >= min_samples)[group]]] = True

    measured = ((sure_count < min_samples) & (possible_count >= min_samples))[group]
    queries, group = queries[measured], group[measured]
    one_of, place = distinct_places(grid.x[queries], grid.y[queries])
    count = sure_count[group[one_of]]
    _measure(sub_cells, queries[one_of], keys, group[one_of], count, min_samples)
    core[queries[(count >= min_samples)[place]]] = True
    return core


def _measure(
    sub_cells: SubCells,
    queries: Integers,
    keys: Integers,
    group: Integers,
    count: Integers,
    enough: int,
) -> None:
    """Measure neighbours and add them to the count of each query point, until there are enough.

    `queries` are numbers of points, shape (q,). `group`, of the same shape, is the place of each in
    `keys`. `count`, of the same shape, is changed in place.
    """
    short = np.arange(len(queries))
    for row, sure, possible in reach_of(sub_cells.grid.divisions):
        for first, last in measured_stretches(sure, possible):
            start, stop = sub_cells.slices(keys, row, first, last)
            of = group[short]
            for query, _ in sub_cells.neighbours(queries[short], start[of], stop[of]):
                np.add.at(count, short[query], 1)
        short = short[count[short] < enough]


def _undecided_cells(grid: Grid, min_samples: int) -> Mask:
    """Find the cells, shape (c,), that are too sparse alone but have enough points around them."""
    undecided = grid.count < min_samples
    around = grid.count.copy()
    cells = np.flatnonzero(undecided)
    for row, column in OFFSETS:
        having, neighbour = grid.neighbours(cells, row, column)
        around[having] += grid.count[neighbour]
    return undecided & (around >= min_samples)
