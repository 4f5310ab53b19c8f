"""Pooling of the vectors of a clip: what each way promises."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from resound.errors import ParameterError
from resound.features.extraction import extract_batch, feature_shape
from resound.features.pooling import POOLINGS, pooled

CLIPS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 4)),
    elements=st.floats(-100, 100, width=32),
)


@given(CLIPS, st.sampled_from([name for name in POOLINGS if name != "summary"]))
def test_each_dim_is_pooled_alone(x, pooling):
    def of_dim(values):
        values = [float(value) for value in values]
        return {"mean": sum(values) / len(values), "max": sorted(values)[-1]}[pooling]

    expected = [[[of_dim(clip[:, i]) for i in range(clip.shape[1])]] for clip in x]
    made = pooled(x, pooling)
    assert made.dtype == x.dtype
    np.testing.assert_allclose(made, expected, rtol=1e-6, atol=1e-5)


@given(CLIPS)
def test_a_sequence_that_is_not_pooled_stays(x):
    assert pooled(x, None) is x


def test_an_unknown_pooling_is_an_error():
    with pytest.raises(ParameterError, match=r"pooling='median' .* mean, max, summary"):
        pooled(np.ones((2, 3, 4)), "median")


@given(CLIPS)
def test_a_summary_is_five_numbers_of_each_dim(x):
    made = pooled(x, "summary")
    assert made.dtype == x.dtype
    assert made.shape == (len(x), 1, 5 * x.shape[2])
    for clip, found in zip(x.astype(float), made[:, 0], strict=True):
        expected = [[], [], [], [], []]
        for values in clip.T:
            mean = sum(values) / len(values)
            steps = [b - a for a, b in itertools.pairwise(values)] or [0.0]
            step = sum(steps) / len(steps)
            expected[0].append(mean)
            expected[1].append((sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5)
            expected[2].append(min(values))
            expected[3].append(max(values))
            expected[4].append((sum((s - step) ** 2 for s in steps) / len(steps)) ** 0.5)
        np.testing.assert_allclose(found, np.ravel(expected), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", ["mfcc", "fft", "f0"])
@pytest.mark.parametrize("pooling", list(POOLINGS))
def test_every_feature_can_be_pooled(name, pooling):
    waveforms = np.random.default_rng(0).standard_normal((2, 8000)).astype(np.float32)
    common = {"sample_rate": 8000, "n_fft": 1024, "hop_length": 512}
    frames = extract_batch(name, waveforms, **common)
    made = extract_batch(name, waveforms, pooling=pooling, **common)
    np.testing.assert_array_equal(made, pooled(frames, pooling))
    assert feature_shape(name, 8000, pooling=pooling, **common) == made.shape[1:]
