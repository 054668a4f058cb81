"""Labels of a day's rides, as the table that the warehouse takes."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dbt_project.clustering import cluster_rides, standardize

MEASURES = ("ride_dist", "ride_time")


def label_rides(
    rides: Mapping[str, NDArray[np.generic]],
    features: Sequence[str],
    eps: float,
    min_samples: int,
    min_samples_share: float,
) -> pd.DataFrame:
    """Cluster a day's rides on the features that the configuration names.

    Parameters
    ----------
    rides
        Columns ``record_number``, ``ride_dist`` (miles) and ``ride_time`` (hours), each of shape
        ``(n,)``, in the order of the records, which decides how clusters are numbered.
    features
        One or both of ``ride_dist`` and ``ride_time``.
    eps, min_samples, min_samples_share
        See `dbt_project.clustering.cluster_rides`.

    Returns
    -------
    pandas.DataFrame
        ``record_number``, ``label`` (-1 for an anomaly) and both measures standardised, one row
        a ride.

    Raises
    ------
    ValueError
        If a feature is none of the two.
    """
    unknown = [feature for feature in features if feature not in MEASURES]
    if unknown or not features:
        raise ValueError(
            f"clustering_features must name one or both of {', '.join(MEASURES)}, "
            f"not {list(features)}"
        )
    n_rides = len(rides["record_number"])
    # A constant second column changes no distance, so that one feature can be clustered as two.
    columns = [*(rides[name] for name in features), np.zeros(n_rides)][:2]
    labels, clustered = cluster_rides(np.column_stack(columns), eps, min_samples, min_samples_share)
    standardized = {name: standardize(rides[name]) for name in MEASURES if name not in features}
    standardized |= zip(features, clustered.T, strict=False)
    return pd.DataFrame(
        {
            "record_number": rides["record_number"],
            "label": labels.astype(np.int32),
            **{f"{name}_standardized": standardized[name] for name in MEASURES},
        }
    )
