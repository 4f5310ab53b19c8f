"""Stretches of time and pitch against numpy's interpolation, clip by clip."""

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from resound.errors import ParameterError
from resound.features import extract
from resound.training.warping import SPECTRA, bin_frequencies, shift_pitch, stretch_time

seeds = st.integers(0, 2**32 - 1)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@given(
    st.tuples(st.integers(1, 4), st.integers(1, 30), st.integers(1, 3)),
    seeds,
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_stretch_reads_frames_as_numpy_interpolates_them(shape, seed, roll, stretch, crop):
    x = noise(*shape)
    read = stretch_time(x, rng(seed), roll=roll, stretch=stretch, crop=crop)
    batch, frames, dims = shape
    length = max(1, round(crop * frames)) if crop else frames
    assert read.shape == (batch, length, dims)
    generator = rng(seed)
    starts = generator.uniform(-roll * frames, roll * frames, size=batch)
    speeds = (1 + stretch) ** generator.uniform(-1, 1, size=batch)
    for clip in range(batch):
        positions = starts[clip] + speeds[clip] * np.arange(length)
        for dim in range(dims):
            values = x[clip, :, dim].numpy()
            expected = np.interp(positions, np.arange(frames), values, period=frames)
            np.testing.assert_allclose(read[clip, :, dim], expected, rtol=1e-3, atol=1e-4)


@given(st.integers(1, 4), st.integers(1, 12), st.integers(1, 3), seeds, st.floats(0.1, 24))
def test_a_shift_of_pitch_reads_bins_as_numpy_interpolates_them(batch, bins, planes, seed, most):
    x, frequencies = noise(batch, 3, bins * planes), 50.0 * np.arange(1, 1 + bins) ** 1.5
    shifted = shift_pitch(x, rng(seed), most, frequencies, planes)
    ratios = 2 ** (rng(seed).uniform(-most, most, size=batch) / 12)
    for clip in range(batch):
        for frame in range(3):
            for plane in range(planes):
                part = slice(plane * bins, (plane + 1) * bins)
                values = x[clip, frame, part].numpy()
                expected = np.interp(frequencies / ratios[clip], frequencies, values)
                np.testing.assert_allclose(shifted[clip, frame, part], expected, atol=1e-4)


@pytest.mark.parametrize("name", ["mel", "stft"])
def test_a_shifted_tone_is_a_tone_of_the_shifted_pitch(name):
    """What is read at other bins is where the feature itself puts the higher tone."""
    setting = {"sample_rate": 16000, "n_fft": 1024, "hop_length": 256}
    options = {"n_mels": 64} if name == "mel" else {}
    frequencies = bin_frequencies({"feature": name, "stft": setting, "options": options}, 1024)
    time, seed = np.arange(8000) / 16000, 4
    ratio = 2 ** (rng(seed).uniform(-7, 7, size=(1, 1)).item() / 12)
    peaks = []
    for hz in (1500, 1500 * ratio):
        bins = extract(name, np.sin(2 * np.pi * hz * time), **setting, **options)
        peaks.append(torch.from_numpy(bins[10:11]))
    shifted = shift_pitch(peaks[0][None], rng(seed), 7, frequencies)
    assert abs(ratio - 1) > 0.2
    assert abs(int(shifted.argmax()) - int(peaks[1].argmax())) <= 1


@pytest.mark.parametrize("name", SPECTRA)
def test_the_loudest_bin_of_a_tone_is_the_one_nearest_to_it(name):
    setting = {"sample_rate": 16000, "n_fft": 2048, "hop_length": 512}
    frequencies = bin_frequencies({"feature": name, "stft": setting, "options": {}}, 4096)
    for hz in (500, 2000, 5000):
        tone = np.sin(2 * np.pi * hz * np.arange(8000) / 16000)
        bins = extract(name, tone, **setting)[8, : len(frequencies)]
        nearest = np.abs(frequencies - hz).argmin()
        assert abs(int(bins.argmax()) - nearest) <= (name == "pcen")


def test_bins_that_are_averaged_have_the_mean_of_their_frequencies():
    setting = {"sample_rate": 16000, "n_fft": 16, "hop_length": 8}
    bank = {"feature": "stft", "stft": setting, "options": {}}
    assert bin_frequencies(bank, 3).tolist() == [1000, 4000, 7000]


def test_what_is_no_spectrum_has_no_pitch_to_shift():
    setting = {"sample_rate": 16000, "n_fft": 16, "hop_length": 8}
    frequencies = bin_frequencies({"feature": "mfcc", "stft": setting, "options": {}}, 128)
    assert frequencies is None
    assert shift_pitch(noise(1, 2, 3), rng(0), 0.0, frequencies).shape == (1, 2, 3)
    with pytest.raises(ParameterError, match=r"pitch=2.0 semitones.*set pitch: 0"):
        shift_pitch(noise(1, 2, 3), rng(0), 2.0, frequencies)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crop": 1.5}, "crop=1.5 must be a share"),
        ({"roll": -1}, "time_roll=-1 must be a share"),
        ({"stretch": -0.1}, "time_stretch=-0.1 must be 0"),
    ],
)
def test_a_stretch_out_of_its_range_is_an_error(options, message):
    with pytest.raises(ParameterError, match=message):
        stretch_time(noise(1, 2, 3), rng(0), **{"roll": 0, "stretch": 0, "crop": 0, **options})
