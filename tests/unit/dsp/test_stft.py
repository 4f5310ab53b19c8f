from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound.dsp.matrix import spectrogram_operator
from resound.dsp.stft import (
    ENGINES,
    current_engine,
    frame,
    frame_count,
    magnitude_spectrogram,
    power_spectrogram,
    stft,
    use_engine,
)
from resound.dsp.windows import fft_window
from resound.errors import ParameterError


def naive_stft(clip, n_fft, hop_length, window):
    """The sum of the definition, with samples outside of the clip taken as zero."""
    n_frames = 1 + (clip.size + 2 * (n_fft // 2) - n_fft) // hop_length
    spectrum = np.zeros((n_frames, n_fft // 2 + 1), dtype=complex)
    for t in range(n_frames):
        for k in range(n_fft // 2 + 1):
            for n in range(n_fft):
                sample = t * hop_length + n - n_fft // 2
                if 0 <= sample < clip.size:
                    turn = np.exp(-2j * np.pi * k * n / n_fft)
                    spectrum[t, k] += window[n] * clip[sample] * turn
    return spectrum


@given(
    samples=st.integers(1, 40),
    n_fft=st.integers(1, 12),
    hop_length=st.integers(1, 15),
    window=st.sampled_from(["hann", "hamming"]),
    engine=st.sampled_from(ENGINES),
    seed=st.integers(0, 1000),
)
def test_stft_is_its_definition(samples, n_fft, hop_length, window, engine, seed):
    clips = np.random.default_rng(seed).standard_normal((2, samples))
    with use_engine(engine):
        ours = stft(clips, n_fft=n_fft, hop_length=hop_length, window=window)
    assert ours.shape[1] == frame_count(samples, n_fft=n_fft, hop_length=hop_length)
    for clip, spectrum in zip(clips, ours, strict=True):
        expected = naive_stft(clip, n_fft, hop_length, fft_window(window, n_fft))
        np.testing.assert_allclose(spectrum, expected, atol=1e-13)


@pytest.mark.parametrize("engine", ENGINES)
def test_leading_axes_are_kept(engine):
    clips = np.random.default_rng(0).standard_normal((2, 3, 100))
    with use_engine(engine):
        ours = stft(clips, n_fft=16, hop_length=4)
        alone = stft(clips[1, 2], n_fft=16, hop_length=4)
    assert ours.shape == (2, 3, 26, 9)
    np.testing.assert_allclose(ours[1, 2], alone, atol=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
def test_precision_follows_the_clips(engine):
    clips = np.random.default_rng(0).standard_normal((1, 4000))
    with use_engine(engine):
        double = stft(clips, n_fft=512, hop_length=100)
        single = stft(clips.astype(np.float32), n_fft=512, hop_length=100)
    assert double.dtype == np.complex128
    assert single.dtype == np.complex64
    np.testing.assert_allclose(single, double, atol=1e-6 * abs(double).max())


def test_the_precision_of_powers_follows_too():
    clips = np.ones((1, 64), dtype=np.float32)
    assert power_spectrogram(clips, n_fft=16, hop_length=4).dtype == np.float32
    assert power_spectrogram(clips.astype(np.float64), n_fft=16, hop_length=4).dtype == np.float64


def test_magnitude_and_power_are_those_of_the_spectrum():
    clips = np.random.default_rng(1).standard_normal((2, 200))
    spectrum = stft(clips, n_fft=32, hop_length=8, win_length=20)
    framing = {"n_fft": 32, "hop_length": 8, "win_length": 20}
    np.testing.assert_allclose(magnitude_spectrogram(clips, **framing), abs(spectrum))
    np.testing.assert_allclose(power_spectrogram(clips, **framing), abs(spectrum) ** 2)


def test_frames_are_centred_on_multiples_of_the_hop():
    frames = frame(np.arange(1.0, 11.0), n_fft=4, hop_length=3)
    np.testing.assert_array_equal(frames[:2], [[0, 0, 1, 2], [2, 3, 4, 5]])


@pytest.mark.parametrize("value", [0, -1, 2.5, "4", True, None])
@pytest.mark.parametrize("name", ["n_fft", "hop_length"])
def test_lengths_must_be_positive_integers(name, value):
    framing = {"n_fft": 4, "hop_length": 2, name: value}
    with pytest.raises(ParameterError, match=f"{name}={value!r} must be a positive integer"):
        stft(np.ones(10), **framing)
    with pytest.raises(ParameterError, match=f"{name}={value!r} must be a positive integer"):
        frame_count(10, **framing)


@given(
    samples=st.integers(20, 60),
    n_fft=st.integers(1, 20),
    hop_length=st.integers(1, 15),
    window=st.sampled_from(["hann", "hamming"]),
)
def test_the_matrix_engine_is_the_product_with_the_operator(samples, n_fft, hop_length, window):
    clip = np.random.default_rng(samples).standard_normal(samples)
    A = spectrogram_operator(
        *(samples, n_fft, hop_length, window),
        periodic=True, onesided=True, center=True, dtype="complex128",
    )  # fmt: skip
    with use_engine("matrix"):
        ours = stft(clip, n_fft=n_fft, hop_length=hop_length, window=window)
    np.testing.assert_allclose(ours.ravel(), A @ clip, atol=1e-13)


def test_a_window_amid_zeros_is_the_matrix_engine_s_too():
    clips = np.random.default_rng(0).standard_normal((2, 200))
    framing = {"n_fft": 32, "hop_length": 8, "win_length": 20}
    with use_engine("matrix"):
        ours = stft(clips, **framing)
    np.testing.assert_allclose(ours, stft(clips, **framing), atol=1e-13)


def test_an_engine_ends_with_its_block_and_stays_in_its_thread():
    with ThreadPoolExecutor(1) as pool:
        with use_engine("matrix"), use_engine("fft"), use_engine("matrix"):
            assert current_engine() == "matrix"
            assert pool.submit(current_engine).result() == "fft"
        with pytest.raises(RuntimeError, match="within"), use_engine("matrix"):
            raise RuntimeError("within")
    assert current_engine() == "fft"


def test_an_unknown_engine_is_refused():
    with (
        pytest.raises(ParameterError, match="engine='matrx' is not known; did you mean 'matrix'"),
        use_engine("matrx"),
    ):
        pass
