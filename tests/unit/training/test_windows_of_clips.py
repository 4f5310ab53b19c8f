"""Windows of clips: where they stand, and that each is embedded as if it stood alone."""

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from small_finetuning import encoder as small_beats

from resound.encoders.encoder import Encoder
from resound.errors import DataError, ParameterError
from resound.training.windows import Windows, windows_of
from tests.tiny_encoders import random_efficientat

RATE = 100


class Weighed(Encoder):
    """The first sample, the sum, and the sum weighed by position: no two windows look alike."""

    sample_rate, dimension, minimum = RATE, 3, 3

    def embed_clips(self, waveforms, masked, generator):
        places = torch.arange(waveforms.shape[1], dtype=waveforms.dtype)
        return torch.stack([waveforms[:, 0], waveforms.sum(1), waveforms @ places], dim=1)


def plain(encoder, clips, seconds, hop):
    """Return the same clip by clip and window by window, each embedded alone."""
    length, step = round(seconds * encoder.sample_rate), round(hop * encoder.sample_rate)
    made = []
    for clip in clips:
        windows, start = [clip] if len(clip) <= length else [], 0
        while len(clip) > length and start + length <= len(clip):
            windows.append(clip[start : start + length])
            start += step
        with torch.inference_mode():
            made.append([encoder.embed(torch.from_numpy(w[None]))[0].numpy() for w in windows])
    return np.array(made)


@given(
    st.integers(1, 20), st.integers(3, 40), st.integers(3, 40), st.integers(1, 15), st.integers(0)
)
@example(9, 20, 20, 5, 0)
@example(1, 20, 10, 10, 0)
def test_windows_are_what_a_loop_cuts(n_clips, n_samples, length, step, seed):
    clips = np.random.default_rng(seed).normal(size=(n_clips, n_samples)).astype(np.float32)
    cut = {"seconds": length / RATE, "hop": step / RATE}
    expected = plain(Weighed(), clips, **cut)
    made = windows_of(Weighed(), clips, **cut)
    assert made.dtype == np.float32
    assert made.shape == expected.shape
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("make", [small_beats, random_efficientat], ids=["beats", "efficientat"])
def test_a_network_hears_each_window_alone(make):
    network = make()
    clips = np.random.default_rng(0).normal(0, 0.1, (9, network.sample_rate)).astype(np.float32)
    made = windows_of(network, clips, seconds=0.4, hop=0.25)
    assert made.shape == (9, 3, network.dimension)
    np.testing.assert_allclose(made, plain(network, clips, 0.4, 0.25), rtol=1e-4, atol=1e-5)
    whole = windows_of(network, clips, seconds=2.0, hop=1.0)
    np.testing.assert_allclose(whole, plain(network, clips, 1.0, 1.0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("n_samples", "seconds", "hop", "message"),
    [
        (500, 0.02, 0.01, r"windows\.seconds=0\.02: windows of 2 samples .* the 3 \(0\.03 s"),
        (2, 0.1, 0.1, r"windows of 2 samples are shorter than the 3 .* that Weighed needs"),
        (500, 0.1, 0.001, r"windows\.hop=0 must be a positive integer of samples"),
    ],
)
def test_windows_that_cannot_be_heard_are_an_error(n_samples, seconds, hop, message):
    with pytest.raises(ParameterError, match=message):
        Windows(Weighed(), n_samples, seconds=seconds, hop=hop)


def test_a_window_of_which_nothing_finite_is_made_is_named_by_its_clip():
    class Broken(Weighed):
        def embed_clips(self, waveforms, masked, generator):
            return super().embed_clips(waveforms, masked, generator).log()

    clips = np.ones((12, 30), np.float32)
    clips[10, 25:] = -9.0
    with pytest.raises(DataError, match="Broken makes NaN or infinity of the clip at row 10 of"):
        windows_of(Broken(), clips, seconds=0.1, hop=0.1)
