"""DTW against librosa.sequence.dtw, whose default steps and weights are ours."""

import numpy as np
import pytest

from resound.distances.dtw import dtw
from resound.evaluation.reference import librosa


def clips(n, m, dims=13):
    rng = np.random.default_rng([n, m, dims])
    return rng.normal(size=(n, dims)), rng.normal(size=(m, dims))


def detour(n, m):
    """Return clips whose cheapest path leaves the diagonal so far that each radius counts."""
    x, y = (np.linspace(0, 1, length)[:, np.newaxis] for length in (n, m))
    return x**4, y ** (1 / 4)


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cosine"])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 6), (30, 30), (30, 47), (47, 30)])
def test_equals_librosa(metric, n, m):
    x, y = clips(n, m)
    expected = librosa.sequence.dtw(x.T, y.T, metric=metric, backtrack=False)[-1, -1]
    local_cost = {"sqeuclidean": "squared"}.get(metric, metric)
    assert dtw(x, y, local_cost=local_cost, dtype="float64") == pytest.approx(expected, rel=1e-12)
    assert dtw(x, y, local_cost=local_cost) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("n", "m"), [(30, 30), (30, 47), (47, 30)])
@pytest.mark.parametrize("radius", [0, 1, 5, 20])
def test_band_is_that_of_librosa_with_one_frame_more(n, m, radius):
    x, y = detour(n, m)
    theirs = (radius + 1) / min(n, m)
    expected = librosa.sequence.dtw(
        x.T, y.T, backtrack=False, global_constraints=True, band_rad=theirs
    )[-1, -1]
    found = dtw(x, y, band=radius / max(n, m), dtype="float64")
    assert found == pytest.approx(expected, rel=1e-12)
