"""DBSCAN of points in the plane: scikit-learn's labels in linear memory.

DBSCAN [1]_ calls a point *core* when at least ``min_samples`` points, itself included, lie within
``eps`` of it. Core points within ``eps`` of each other share a cluster, other points within ``eps``
of a core point are the border of its cluster, and the rest are anomalies. In the plane no lists of
neighbours are needed for that [2]_ [3]_ [4]_. Points are put into square cells whose diagonal is
just under ``eps``, so that

* a cell of ``min_samples`` points holds core points only, and no distance is measured;
* the core points of a cell share a cluster, so that clusters are connected components of cells;
* points within ``eps`` of a cell lie at most two cells away.

Cells are divided into sub-cells; the larger ``min_samples`` is, the more there are. Sub-cells that
are wholly within ``eps`` of a sub-cell are counted at once, row by row. Sub-cells wholly beyond are
skipped. Only the points of the sub-cells in between are measured.

The grid decides only clear cases, with a margin for the rounding of cell numbers. In all other
cases the test ``dx * dx + dy * dy <= eps * eps`` in float64 decides.

References
----------
.. [1] M. Ester, H.-P. Kriegel, J. Sander, X. Xu, "A density-based algorithm for discovering
   clusters in large spatial databases with noise", KDD 1996.
.. [2] A. Gunawan, "A faster algorithm for DBSCAN", master's thesis, TU Eindhoven, 2013.
.. [3] J. Gan, Y. Tao, "DBSCAN revisited: mis-claim, un-fixability, and approximation",
   SIGMOD 2015.
.. [4] M. de Berg, A. Gunawan, M. Roeloffzen, "Faster DBSCAN and HDBSCAN in low-dimensional
   Euclidean spaces", ISAAC 2017.
"""

from __future__ import annotations

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from dbt_project.clustering.dbscan.arrays import Floats, Indices, Mask
from dbt_project.clustering.dbscan.border import label_border
from dbt_project.clustering.dbscan.clusters import NOISE, clusters_of_cells
from dbt_project.clustering.dbscan.core import core_points
from dbt_project.clustering.dbscan.grid import Grid

__all__ = ["NOISE", "Floats", "Indices", "dbscan", "valid_points"]

# Between these bounds eps * eps and the squares compared with it keep their full precision.
SMALLEST_EPS, LARGEST_EPS = 1e-140, 1e150


def dbscan(points: ArrayLike, eps: float, min_samples: int) -> tuple[Indices, Mask]:
    """Label points by density, as ``sklearn.cluster.DBSCAN`` with its euclidean metric does.

    Clusters are numbered from 0 by their first core point in input order, a border point belongs
    to the lowest-numbered cluster that has a core point within `eps`, and -1 marks anomalies. Two
    points are neighbours if ``dx * dx + dy * dy <= eps * eps`` in float64.

    Parameters
    ----------
    points : array-like of shape (n, 2)
        Finite coordinates. There may be no points at all.
    eps : float
        The largest distance between neighbours, in the unit of the coordinates.
    min_samples : int
        The number of points within `eps`, the point itself included, that makes a point core.

    Returns
    -------
    labels : ndarray of shape (n,), int64
        The cluster of every point, -1 for anomalies.
    core : ndarray of shape (n,), bool
        Which points are core.

    Raises
    ------
    ValueError
        If `points` has another shape or a value that is not finite, `eps` is not between 1e-140
        and 1e150, or `min_samples` is less than 1.
    """
    points = valid_points(points)
    eps, min_samples = _valid_parameters(eps, min_samples)
    if not len(points):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.bool_)
    with np.errstate(over="ignore", under="ignore"):
        grid = Grid.of(points, eps, min_samples)
        core = core_points(grid, min_samples)
        cluster = clusters_of_cells(grid, core)
        labels = grid.spread(cluster)
        others = np.flatnonzero(~core)
        labels[others] = NOISE
        label_border(grid, core, cluster, others, labels)
    return labels, core


def valid_points(values: ArrayLike) -> Floats:
    """Return points as an array of shape (n, 2). A ValueError says what is wrong with them."""
    points = np.asarray(values, dtype=np.float64)
    if points.shape == (0,):
        points = points.reshape(0, 2)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"expected points of shape (n, 2), got an array of shape {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("every coordinate must be a finite number, got NaN or infinity")
    return points


def _valid_parameters(eps: float, min_samples: int) -> tuple[float, int]:
    if not SMALLEST_EPS <= eps <= LARGEST_EPS:
        raise ValueError(f"eps must be between {SMALLEST_EPS} and {LARGEST_EPS}, got {eps!r}")
    if not isinstance(min_samples, Integral) or min_samples < 1:
        raise ValueError(f"min_samples must be a whole number of at least 1, got {min_samples!r}")
    return float(eps), int(min_samples)
