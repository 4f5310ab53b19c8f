import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound.dsp.filterbanks import (
    hz_to_mel,
    linear_filters,
    mel_filters,
    mel_to_hz,
    triangular_filters,
)
from resound.errors import ParameterError


def naive_triangle(frequency, low, centre, high):
    if low <= frequency <= centre:
        return (frequency - low) / (centre - low)
    if centre < frequency <= high:
        return (high - frequency) / (high - centre)
    return 0.0


@pytest.mark.parametrize("norm", ["slaney", None])
def test_filters_are_triangles_between_their_edges(norm):
    edges = np.array([100.0, 350.0, 400.0, 1200.0, 1900.0])
    filters = triangular_filters(edges, sample_rate=4000, n_fft=64, norm=norm)
    for i, row in enumerate(filters):
        area = 2 / (edges[i + 2] - edges[i]) if norm else 1
        expected = [area * naive_triangle(k * 4000 / 64, *edges[i : i + 3]) for k in range(33)]
        np.testing.assert_allclose(row, expected, rtol=1e-12, atol=1e-15)


@given(st.floats(0, 24_000), st.booleans())
def test_mel_and_hz_are_inverse(frequency, htk):
    assert mel_to_hz(hz_to_mel(frequency, htk=htk), htk=htk) == pytest.approx(frequency, rel=1e-12)


def test_known_points_of_the_scales():
    assert hz_to_mel(700.0, htk=True) == pytest.approx(2595 * np.log10(2))
    np.testing.assert_allclose(
        hz_to_mel(np.array([0, 500, 1000, 6400]), htk=False), [0, 7.5, 15, 42]
    )


def test_slaney_filters_have_unit_area():
    spacing = 44100 / 8192
    filters = linear_filters(sample_rate=44100, n_fft=8192, n_filters=20, fmin=500, fmax=20000)
    # the trapezoid rule errs where a corner of a triangle falls between two bins
    np.testing.assert_allclose(filters.sum(axis=1) * spacing, 1, atol=(spacing / 900) ** 2)


def test_linear_filters_are_equally_spaced_and_partition_unity():
    filters = linear_filters(sample_rate=8000, n_fft=256, n_filters=15, norm=None)
    np.testing.assert_array_equal(filters.argmax(axis=1), np.arange(1, 16) * 8)
    np.testing.assert_allclose(filters.sum(axis=0)[8:-8], 1)


def test_band_limits_hold():
    bins = np.arange(1025) * 44100 / 2048
    filters = mel_filters(sample_rate=44100, n_fft=2048, n_mels=20, fmin=300, fmax=8000)
    assert not filters[:, (bins <= 300) | (bins >= 8000)].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "area"}, "norm='area' is not known"),
        ({"n_mels": 0}, "n_mels=0 must be a positive integer"),
        ({"n_mels": 64.0}, "n_mels=64.0 must be a positive integer"),
        ({"htk": "no"}, "htk='no' is not known"),
        ({"fmin": 500.0, "fmax": 400.0}, "fmin=500 Hz must be at least 0 and below fmax=400 Hz"),
        ({"fmin": -1.0}, "fmin=-1 Hz must be at least 0"),
        ({"fmin": "low"}, "fmin='low' must be a finite number"),
        ({"fmax": float("nan")}, "fmax=nan must be a finite number"),
        ({"fmax": 8001.0}, "fmax=8001 Hz lies above the Nyquist frequency 8000 Hz"),
        ({"sample_rate": 0}, "sample_rate=0 must be a positive integer of Hz"),
        ({"n_mels": 400}, "400 filters are too many for n_fft=512 at sample_rate=16000"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        mel_filters(**{"sample_rate": 16000, "n_fft": 512, **options})


def test_an_equal_float_is_not_served_from_the_cache():
    mel_filters(sample_rate=16000, n_fft=512, n_mels=30)
    with pytest.raises(ParameterError, match=r"n_mels=30.0 must be a positive integer"):
        mel_filters(sample_rate=16000, n_fft=512, n_mels=30.0)
