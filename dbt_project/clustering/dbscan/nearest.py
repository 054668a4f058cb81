"""How far anomalies lie from the nearest core point, without measuring most core points.

An anomaly has no core point within ``eps``. So the circle around it that touches its nearest core
point has a radius above ``eps`` and no core point inside. Only core points at the rim of a crowd
can be touched by such a circle, as in an alpha shape [1]_. To find the rim, core points are put
into small cells. A cell is *shielded* towards a direction if there is another cell that lies
wholly inside of every circle of radius ``eps`` or more which touches the cell from there: none of
these circles is empty. Cells that are shielded all around are left out, which hold nearly all
points of a large day, and a tree over the points of the others answers exactly.

References
----------
.. [1] H. Edelsbrunner, D. Kirkpatrick, R. Seidel, "On the shape of a set of points in the plane",
   IEEE Transactions on Information Theory 29 (4), 1983.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy.spatial import cKDTree

from dbt_project.clustering.dbscan.arrays import (
    Counter,
    Floats,
    Indices,
    Integers,
    Mask,
    distinct_places,
)
from dbt_project.clustering.dbscan.grid import DOUBT, LARGEST_STRIPE, SHRINK, SLACK, Grid

# The diagonal of a small cell is just under this share of eps, and directions are looked at in so
# many sectors: with finer ones fewer points are left, with coarser ones there is less to look at.
CELL_SHARE = 1 / 16
SECTORS = 8
# Side of a small cell, as a share of eps.
CELL_SIDE = CELL_SHARE / math.sqrt(2) * (1 - SHRINK)
# The farthest cell that can shield: circles of radius eps reach no farther than their diameter.
REACH = math.ceil(2 / CELL_SIDE)


def distance_to_core(points: Floats, core: Mask, anomalies: Indices, eps: float) -> Floats:
    """Measure from each anomaly to the nearest core point.

    Parameters
    ----------
    points : ndarray of shape (n, 2)
        Finite coordinates, whose squares are finite as well. The array stays as it is.
    core : ndarray of shape (n,)
        Which points are core.
    anomalies : ndarray of shape (m,)
        Numbers of points with no core point within `eps`.
    eps : float
        The largest distance between neighbours, in the unit of the coordinates.

    Returns
    -------
    ndarray of shape (m,), float64
        Distances, in the unit of the coordinates; NaN if there is no core point at all.
    """
    if not len(anomalies) or not core.any():
        return np.full(len(anomalies), np.nan)
    rim = _rim(_rows(points, core), eps, _possible_sectors(points))
    distances, _ = cKDTree(rim).query(points[anomalies])
    return np.asarray(distances, dtype=np.float64)


def _rows(points: Floats, chosen: Mask) -> Floats:
    """Copy the chosen points, column after column, which is how a grid reads them."""
    return np.stack([points[chosen, 0], points[chosen, 1]]).T


def _possible_sectors(points: Floats) -> range:
    """Sectors in which one point can lie, seen from another: along a line there are two."""
    if np.ptp(points[:, 1]) == 0:
        return range(0, SECTORS, SECTORS // 2)
    return range(SECTORS)


def _rim(points: Floats, eps: float, sectors: range) -> Floats:
    """Leave out points that no empty circle of radius `eps` or more can touch, and repeated ones.

    Parameters
    ----------
    points : ndarray of shape (n, 2)
        Coordinates of at least one point.
    eps : float
        The least radius, in the same unit.
    sectors : range
        Where the circles' centres can lie, seen from the points they touch.

    Returns
    -------
    ndarray of shape (k, 2)
        The points left, each place once.
    """
    if np.ptp(points, axis=0).max() >= LARGEST_STRIPE * CELL_SIDE * eps:
        return points  # the grid leaves out gaps in so wide a range, so that cells are out of place
    grid = Grid.of(points, eps * CELL_SHARE, min_samples=1)
    left = grid.points_in(_open_cells(grid, sectors))
    one_of, _ = distinct_places(grid.x[left], grid.y[left])
    return points[left[one_of]]


def _open_cells(grid: Grid, sectors: range) -> Mask:
    """Cells that are not shielded towards each of the sectors."""
    # Empty columns at both ends keep a cell from being found in another row.
    width = int(grid.column.max()) + 1 + 2 * REACH
    key = (grid.row + REACH) * width + grid.column + REACH
    counter = Counter(key)
    is_open = np.zeros(len(key), dtype=np.bool_)
    for sector in sectors:
        unshielded = np.flatnonzero(~is_open)
        for row, column in zip(*_shields(sector), strict=True):
            there = key[unshielded] + row * width + column
            unshielded = unshielded[counter.before(there + 1) == counter.before(there)]
        is_open[unshielded] = True
    return is_open


@cache
def _shields(sector: int) -> tuple[Integers, Integers]:
    """Rows and columns from a cell to those that shield it towards a sector, the nearest first.

    A circle of radius r that touches the origin from direction u holds v inside if
    ``v @ v - 2 * r * u @ v`` is negative. That is convex in v, and between the ends of a sector
    nowhere above both ends. So it is negative for all points of two cells and all directions of a
    sector if it is at the corners and at the ends, and a larger r keeps it so.
    """
    steps = np.arange(-REACH, REACH + 1)
    row, column = (each.ravel() for each in np.meshgrid(steps, steps, indexing="ij"))
    radius = (1 - DOUBT) / CELL_SIDE
    is_within = np.ones(len(row), dtype=np.bool_)
    for end in (-0.5, 0.5):
        angle = 2 * math.pi * (sector + end) / SECTORS
        for y in (row - 1 - SLACK, row + 1 + SLACK):
            for x in (column - 1 - SLACK, column + 1 + SLACK):
                along = x * math.cos(angle) + y * math.sin(angle)
                is_within &= x * x + y * y < 2 * radius * along
    shields = np.flatnonzero(is_within)
    nearest_first = np.argsort(row[shields] ** 2 + column[shields] ** 2, kind="stable")
    return row[shields[nearest_first]], column[shields[nearest_first]]
