import json
from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from resound.errors import ParameterError, TrainingError
from resound.features.extraction import extract_batch
from resound.training.inputs import (
    InputTransform,
    compress,
    decibel_step,
    fit_transform,
    pool_bins,
)

STFT = {"sample_rate": 8000, "n_fft": 256, "hop_length": 128}
values = st.floats(-1e3, 1e3, width=32)


def ids(n: int) -> list[str]:
    return [f"clip{i}" for i in range(n)]


@given(
    arrays(
        np.float32, st.tuples(st.integers(2, 40), st.integers(1, 4), st.just(6)), elements=values
    ),
    st.sampled_from([1, 2, 3]),
    st.sampled_from(["decibel", "magnitude", "power"]),
    st.integers(1, 4),
    st.data(),
)
def test_statistics_are_those_of_all_training_frames(bank, n_planes, scale, max_bins, data):
    clips = ids(len(bank))
    rows = data.draw(st.lists(st.sampled_from(range(len(bank))), min_size=1, unique=True))
    options = {"n_planes": n_planes, "scale": scale, "max_bins": max_bins}
    transform = fit_transform(bank, clips, rows, **options)
    plain = np.stack([compress(bank[row], **options) for row in rows])
    flat = plain.reshape(-1, plain.shape[-1])
    std = flat.std(axis=0)
    np.testing.assert_allclose(transform.mean, flat.mean(axis=0), rtol=1e-9, atol=1e-9)
    varies = std > 1e-4
    np.testing.assert_allclose(transform.std[varies], std[varies], rtol=1e-6)
    assert (transform.std[std < 1e-6] == 1).all()
    assert transform.of_bank(bank, clips).shape == (*bank.shape[:2], len(transform.mean))


def test_training_clips_come_out_with_mean_0_and_variance_1():
    bank = np.random.default_rng(0).normal(-40, 12, (50, 30, 8)).astype(np.float32)
    rows = list(range(0, 50, 2))
    transform = fit_transform(bank, ids(50), rows, n_planes=1, scale="decibel", max_bins=8)
    ready = transform.of_bank(bank, ids(50))[rows]
    assert ready.dtype == np.float32
    np.testing.assert_allclose(ready.mean(axis=(0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(ready.std(axis=(0, 1)), 1, rtol=1e-5)


def test_a_constant_dim_becomes_0():
    bank = np.full((3, 4, 2), 7.0, np.float32)
    transform = fit_transform(bank, ids(3), [0, 1], n_planes=1, scale="decibel", max_bins=2)
    assert not transform.of_bank(bank, ids(3)).any()


@given(
    arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 30)), elements=values),
    st.integers(1, 30),
)
def test_bins_are_averaged_in_groups_of_nearly_equal_size(x, max_bins):
    pooled = pool_bins(x, max_bins)
    n_bins = x.shape[1]
    assert pooled.shape[1] == min(n_bins, max_bins)
    edges = [i * n_bins // pooled.shape[1] for i in range(pooled.shape[1] + 1)]
    sizes = np.diff(edges)
    assert sizes.max() - sizes.min() <= 1
    for i, (a, b) in enumerate(pairwise(edges)):
        np.testing.assert_allclose(pooled[:, i], x[:, a:b].mean(axis=1), atol=1e-9)


@given(arrays(np.float64, 8, elements=st.floats(-1e6, 1e6)))
def test_compression_keeps_order_and_sign_and_is_a_logarithm_above_its_floor(x):
    y = compress(np.sort(x)[None], 1, "magnitude", 8)[0]
    assert (np.diff(y) >= 0).all()
    assert (np.sign(y) == np.sign(np.sort(x))).all()
    ten, hundred = compress(np.array([[10.0, 100.0]]), 1, "magnitude", 2)[0]
    assert hundred - ten == pytest.approx(np.log(10), rel=1e-3)
    np.testing.assert_array_equal(compress(x[None], 1, "decibel", 8)[0], x)


def test_power_and_magnitude_are_compressed_alike():
    magnitude = np.array([[3.0, 30.0]])
    power = compress(magnitude**2, 1, "power", 2) / 2
    np.testing.assert_allclose(power, compress(magnitude, 1, "magnitude", 2), rtol=2e-3)


def test_what_is_stored_makes_an_equal_transform():
    bank = np.random.default_rng(0).normal(size=(3, 4, 6)).astype(np.float32)
    transform = fit_transform(bank, ids(3), [0], n_planes=3, scale="magnitude", max_bins=1)
    read = InputTransform.from_dict(json.loads(json.dumps(transform.as_dict())))
    np.testing.assert_array_equal(read(bank), transform(bank))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_clip_that_is_not_finite_is_named(bad):
    bank = np.zeros((40, 2, 2), np.float32)
    bank[33, 1, 0] = bad
    options = {"n_planes": 1, "scale": "decibel", "max_bins": 2}
    with pytest.raises(TrainingError, match="clip clip33: its features hold NaN or infinite"):
        fit_transform(bank, ids(40), range(40), **options)
    transform = fit_transform(bank, ids(40), range(20), **options)
    with pytest.raises(TrainingError, match="clip clip33"):
        transform.of_bank(bank, ids(40))


def test_an_unknown_scale_is_an_error():
    with pytest.raises(ParameterError, match=r"scale='decibels' .* did you mean 'decibel'"):
        compress(np.zeros((1, 1)), 1, "decibels", 1)


@pytest.mark.parametrize(
    ("feature", "scale", "planes"),
    [("mel", "decibel", 1), ("mfcc_dst", "decibel", 1), ("mfcc_derivatives_dct", "decibel", 3),
     ("stft", "magnitude", 1)],
)  # fmt: skip
def test_a_decibel_of_gain_adds_what_it_is_said_to_add(feature, scale, planes):
    clip = 0.1 * np.random.default_rng(1).standard_normal((1, 8000))
    quiet, loud = (extract_batch(feature, level * clip, **STFT) for level in (1.0, 10 ** (3 / 20)))
    options = {"n_planes": planes, "scale": scale, "max_bins": 200}
    transform = fit_transform(quiet, ["clip"], [0], **options)
    step = decibel_step(transform, {"feature": feature, "stft": STFT, "options": {}})
    gained = (transform(loud) - transform(quiet))[0].mean(axis=0)
    np.testing.assert_allclose(gained, 3 * step, rtol=0.03, atol=1e-4)
