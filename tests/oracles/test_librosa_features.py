"""Features against librosa's, which computes them from other code."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from resound.dsp.decibels import power_to_db
from resound.dsp.deltas import delta
from resound.dsp.filterbanks import hz_to_mel, mel_filters, mel_to_hz
from resound.dsp.formants import levinson_durbin, selective_autocorrelation
from resound.dsp.stft import stft
from resound.evaluation.reference import librosa
from resound.evaluation.validation import compare
from resound.features import extract, extract_batch

SETTINGS = [(44100, 4096, 1024), (16000, 2048, 512), (44100, 2048, 1024)]


def clip_of(samples, seed=0):
    """Noise that fades by 120 dB, so that the floor of top_db is reached."""
    return np.random.default_rng(seed).standard_normal(samples) * np.geomspace(1, 1e-6, samples)


@given(
    samples=st.integers(64, 600),
    n_fft=st.integers(8, 64),
    hop_length=st.integers(1, 80),
    win_length=st.one_of(st.none(), st.integers(2, 8)),
    window=st.sampled_from(["hann", "hamming"]),
)
def test_stft(samples, n_fft, hop_length, win_length, window):
    clip = clip_of(samples)
    framing = {"n_fft": n_fft, "hop_length": hop_length, "win_length": win_length}
    expected = librosa.stft(clip, window=window, **framing)
    np.testing.assert_allclose(stft(clip, window=window, **framing).T, expected, atol=1e-12)


@pytest.mark.parametrize("htk", [True, False])
def test_mel_scales(htk):
    frequencies = np.linspace(0, 22050, 500)
    mels = librosa.hz_to_mel(frequencies, htk=htk)
    np.testing.assert_allclose(hz_to_mel(frequencies, htk=htk), mels, rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(mels, htk=htk), frequencies, rtol=1e-12, atol=1e-10)


@given(
    n_mels=st.integers(1, 80),
    sample_rate=st.sampled_from([8000, 16000, 44100]),
    htk=st.booleans(),
    norm=st.sampled_from(["slaney", None]),
    fmin=st.floats(0, 500),
    fmax=st.one_of(st.none(), st.floats(2000, 4000)),
)
def test_mel_filters(n_mels, sample_rate, htk, norm, fmin, fmax):
    options = {"n_mels": n_mels, "htk": htk, "norm": norm, "fmin": fmin, "fmax": fmax}
    ours = mel_filters(sample_rate=sample_rate, n_fft=8192, **options)
    theirs = librosa.filters.mel(sr=sample_rate, n_fft=8192, dtype=np.float64, **options)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("top_db", [80.0, 20.0, 0.0, None])
@pytest.mark.parametrize("ref", [1.0, 1e-3, 7.0])
def test_power_to_db(top_db, ref):
    power = np.random.default_rng(1).random((20, 30)) ** 40
    power[0] = 0
    expected = librosa.power_to_db(power, ref=ref, top_db=top_db)
    np.testing.assert_allclose(power_to_db(power, ref=ref, top_db=top_db), expected, atol=1e-12)


@pytest.mark.parametrize(("sample_rate", "n_fft", "hop_length"), SETTINGS)
@pytest.mark.parametrize("htk", [True, False])
def test_mfcc(sample_rate, n_fft, hop_length, htk):
    clip = clip_of(sample_rate)
    framing = {"n_fft": n_fft, "hop_length": hop_length}
    options = {"n_mfcc": 13, "n_mels": 64, "window": "hamming", "htk": htk}
    expected = librosa.feature.mfcc(y=clip, sr=sample_rate, dtype=np.float64, **framing, **options)
    ours = extract("mfcc", clip, sample_rate=sample_rate, **framing, **options)
    np.testing.assert_allclose(ours.T, expected, atol=1e-9)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("width", [3, 9, 11])
def test_delta(order, width):
    features = np.random.default_rng(2).standard_normal((25, 4))
    expected = librosa.feature.delta(features, order=order, width=width, axis=0)
    np.testing.assert_allclose(delta(features, order=order, width=width), expected, atol=1e-11)


def test_linear_prediction():
    """Burg's method and the autocorrelation method agree on a long autoregressive process."""
    truth = np.array([1, -1.6, 1.3, -0.5, 0.1])
    noise = np.random.default_rng(3).standard_normal(60_000)
    process = np.zeros(noise.size)
    for t in range(4, noise.size):
        process[t] = noise[t] - truth[1:] @ process[t - 4 : t][::-1]
    power = np.abs(np.fft.rfft(process)) ** 2
    lags = selective_autocorrelation(power, n_bins=power.size, order=4)
    burg = librosa.lpc(process, order=4)
    # the two differ by edge effects alone, of the order of 1 / samples
    np.testing.assert_allclose(levinson_durbin(lags), burg, atol=5e-4)
    # coefficients scatter by about 1 / sqrt(60000) = 0.004 around those of the process
    np.testing.assert_allclose(levinson_durbin(lags), truth, atol=0.016)


@pytest.fixture(scope="module")
def real_clips(esc10):
    """Fifty clips of all folds, padded to five seconds."""
    paths = sorted(esc10.glob("audio/*.*"))[::8]
    clips = np.zeros((len(paths), 5 * 44100))
    for clip, path in zip(clips, paths, strict=True):
        samples, rate = soundfile.read(path)
        assert rate == 44100
        clip[: samples.size] = samples[: clip.size]
    return clips


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["mel", "mfcc"])
@pytest.mark.parametrize("htk", [True, False])
def test_real_clips(real_clips, name, htk):
    """Issue 2 asks for 1e-4 dB in the mean and 1e-3 dB at most; rounding is far below."""
    setting = {"sample_rate": 44100, "n_fft": 4096, "hop_length": 1024}
    for row in compare(name, real_clips[::5], n_mels=40, htk=htk, **setting):
        assert row["mean_difference"] < 1e-10
        assert row["max_difference"] < 1e-8
        assert row["correlation"] == pytest.approx(1, abs=1e-12)


@pytest.mark.real_data
def test_the_single_precision_of_a_bank_meets_the_same_bounds(real_clips):
    setting = {"sample_rate": 44100, "n_fft": 4096, "hop_length": 1024, "n_mels": 40}
    clips = real_clips[::5]
    single = extract_batch("mel", clips.astype(np.float32), **setting)
    difference = np.abs(single - extract_batch("mel", clips, **setting))
    assert difference.mean() < 1e-4
    assert difference.max() < 1e-3


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["f0", "f1"])
def test_tracks_of_real_clips_are_finite_and_in_range(real_clips, name):
    low, high = {"f0": (75, 600), "f1": (90, 5500)}[name]
    setting = {"sample_rate": 44100, "n_fft": 4096, "hop_length": 1024}
    track = extract_batch(name, real_clips.astype(np.float32), **setting)
    voiced = track[track > 0]
    assert np.isfinite(track).all()
    assert voiced.min() >= low
    assert voiced.max() <= high
    assert not track[:, -1][~real_clips[:, -4096:].any(axis=1)].any()


@given(
    samples=st.integers(600, 2000),
    time_constant=st.floats(0.01, 1),
    gain=st.floats(0, 1),
    bias=st.floats(0.1, 10),
    power=st.floats(0.1, 1),
)
def test_pcen(samples, time_constant, gain, bias, power):
    clip = clip_of(samples)
    framing = {"sample_rate": 8000, "n_fft": 512, "hop_length": 64}
    options = {"time_constant": time_constant, "gain": gain, "bias": bias, "power": power}
    magnitude = np.sqrt(extract("mel_power", clip, n_mels=8, **framing)) * 2**31
    # librosa begins as if magnitudes of 1 had come before, we as if the first frame had.
    frames = time_constant * 8000 / 64
    s = (np.sqrt(1 + 4 * frames**2) - 1) / (2 * frames**2)
    first = (1 - s) * magnitude[:1].T
    expected = librosa.pcen(magnitude.T, sr=8000, hop_length=64, zi=first, **options)
    ours = extract("pcen", clip, n_mels=8, **framing, **options)
    np.testing.assert_allclose(ours.T, expected, rtol=1e-7, atol=1e-9)
