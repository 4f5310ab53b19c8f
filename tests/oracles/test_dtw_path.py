"""The path of DTW against all paths of tiny clips, and against the fast distance."""

import numpy as np
import pytest

from resound.distances.dtw import LOCAL_COSTS, dtw
from resound.distances.dtw_path import align
from resound.errors import ParameterError
from tests.oracles.test_dtw_plain import all_paths, inside_band, local_costs


def clips(n, m, dims=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, dims)), rng.normal(size=(m, dims))


@pytest.mark.parametrize("local_cost", LOCAL_COSTS)
@pytest.mark.parametrize("band", [None, 0.25, 0.0])
@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (4, 4), (5, 3)])
def test_no_path_costs_less(local_cost, band, shape):
    x, y = clips(*shape)
    costs = np.where(inside_band(*shape, band), local_costs(x, y, local_cost), np.inf)
    least = min(sum(costs[cell] for cell in path) for path in all_paths(*shape))
    found = align(x, y, local_cost=local_cost, band=band)
    np.testing.assert_allclose(found.costs, costs, rtol=1e-12, atol=1e-12)
    assert found.distance == pytest.approx(least, rel=1e-12)
    assert [tuple(cell) for cell in found.path] in all_paths(*shape)
    assert sum(costs[tuple(cell)] for cell in found.path) == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize("local_cost", LOCAL_COSTS)
@pytest.mark.parametrize("band", [None, 0.1])
def test_its_distance_is_that_of_dtw(local_cost, band):
    x, y = clips(40, 31, dims=5)
    expected = dtw(x, y, local_cost=local_cost, band=band, dtype="float64")
    assert align(x, y, local_cost=local_cost, band=band).distance == pytest.approx(expected)


def test_of_equal_paths_the_diagonal_is_taken():
    path = align(np.zeros((4, 1)), np.zeros((4, 1))).path
    assert path.tolist() == [[i, i] for i in range(4)]


def test_wrong_clips_are_named():
    with pytest.raises(ParameterError, match=r"x of shape \(3,\) must be one clip"):
        align(np.zeros(3), np.zeros((3, 1)))
    with pytest.raises(ParameterError, match="local_cost='manhattan'"):
        align(np.zeros((3, 1)), np.zeros((3, 1)), local_cost="manhattan")
    with pytest.raises(ParameterError, match="y: clip 0 holds NaN"):
        align(np.zeros((3, 1)), np.full((3, 1), np.nan))
