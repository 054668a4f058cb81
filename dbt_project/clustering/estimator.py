"""The clustering as a scikit-learn estimator.

It is a separate module, because importing scikit-learn takes a second and the nightly build does
not need it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClusterMixin

from dbt_project.clustering.dbscan import dbscan


class GridDBSCAN(ClusterMixin, BaseEstimator):
    """DBSCAN of points in the plane: scikit-learn's labels, memory linear in the number of points.

    You can use it in place of ``sklearn.cluster.DBSCAN`` with its euclidean metric, for points with
    two columns. `dbt_project.clustering.dbscan` says how it works.

    Parameters
    ----------
    eps : float, default=0.3
        The largest distance between neighbours, in the unit of the coordinates.
    min_samples : int, default=10
        The number of points within `eps`, the point itself included, that makes a point core.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,), int64
        The cluster of every point, -1 for anomalies.
    core_sample_indices_ : ndarray of shape (n_core_samples,), int64
        The core points, in ascending order.
    n_features_in_ : int
        The number of columns seen by `fit`: 2.

    Examples
    --------
    >>> GridDBSCAN(eps=1.0, min_samples=3).fit_predict([[0, 0], [0, 1], [1, 0], [9, 9]])
    array([ 0,  0,  0, -1])
    """

    def __init__(self, eps: float = 0.3, min_samples: int = 10) -> None:
        self.eps = eps
        self.min_samples = min_samples

    def fit(self, X: ArrayLike, y: object = None) -> GridDBSCAN:
        """Cluster the points.

        Parameters
        ----------
        X : array-like of shape (n_samples, 2)
            Finite coordinates. There may be no points at all.
        y : ignored
            Present by the convention of scikit-learn.

        Returns
        -------
        GridDBSCAN
            The estimator itself.

        Raises
        ------
        ValueError
            If `X` has another shape or a value that is not finite, `eps` is not between 1e-140
            and 1e150, or `min_samples` is less than 1.
        """
        self.labels_, core = dbscan(X, self.eps, self.min_samples)
        self.core_sample_indices_ = np.flatnonzero(core)
        self.n_features_in_ = 2
        return self
