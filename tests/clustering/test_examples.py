"""The examples in the docstrings of the clustering show what really comes out."""

import doctest
from types import ModuleType

import pytest

from dbt_project.clustering import estimator, rides
from dbt_project.clustering.dbscan import arrays


@pytest.mark.parametrize("module", [estimator, rides, arrays])
def test_examples(module: ModuleType) -> None:
    results = doctest.testmod(module)
    assert results.attempted
    assert not results.failed
