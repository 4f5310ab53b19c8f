import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from plain_beats import plain_fbank

from resound.encoders import kaldi
from resound.encoders.beats import fbank


def sound(samples: int, seed: int = 0) -> np.ndarray:
    """Return a tone in noise with an offset, in [-1, 1]."""
    rng = np.random.default_rng(seed)
    tone = 0.3 * np.sin(2 * np.pi * 700 * np.arange(samples) / 16000)
    return (0.02 + tone + 0.05 * rng.standard_normal(samples)).astype(np.float32)


@given(st.integers(400, 1500), st.sampled_from(["povey", "hann"]), st.integers(2, 128))
def test_double_precision_is_the_oracle_s(samples, window, n_mels):
    waveform = sound(samples)
    ours = kaldi.fbank(torch.from_numpy(waveform).double(), n_mels=n_mels, window=window)
    expected = plain_fbank(waveform, window, n_mels)
    assert ours.shape == (1 + (samples - 400) // 160, n_mels)
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-9)


def test_single_precision_is_near_and_batches_change_nothing():
    waveforms = np.stack([sound(4000, seed) for seed in range(3)])
    ours = fbank(torch.from_numpy(waveforms)).numpy()
    expected = np.stack([plain_fbank(waveform * 32768.0) for waveform in waveforms])
    assert ours.dtype == np.float32
    # Rounding of 16-bit sized numbers in the weakest bands, as of torchaudio's: 1.1e-3.
    np.testing.assert_allclose(ours, expected, atol=1.5e-3)
    np.testing.assert_array_equal(fbank(torch.from_numpy(waveforms[1])).numpy(), ours[1])


def test_silence_is_the_floor():
    assert fbank(torch.zeros(800)).unique().item() == pytest.approx(-15.9424, abs=1e-4)


def test_a_filter_without_a_frequency_stays_at_the_floor():
    frames = fbank(torch.from_numpy(sound(2000)))
    floor = frames.new_tensor(kaldi.FLOOR).log()
    assert (frames == floor).all(0).nonzero().flatten().tolist() == [3]


def test_five_seconds_have_498_frames():
    assert fbank(torch.zeros(80000)).shape == (498, 128)


def test_autocast_does_not_coarsen_it():
    waveform = torch.from_numpy(sound(800))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = fbank(waveform)
    torch.testing.assert_close(inside, fbank(waveform), rtol=0, atol=0)


def test_kaldi_itself_agrees():
    native = pytest.importorskip("kaldi_native_fbank")
    options = native.FbankOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.samp_freq = 16000
    options.frame_opts.window_type = "povey"
    options.mel_opts.num_bins = 80  # it refuses 128, of which one holds no frequency
    computer = native.OnlineFbank(options)
    waveform = sound(16000) * 32768.0
    computer.accept_waveform(16000, waveform.tolist())
    computer.input_finished()
    theirs = np.stack([computer.get_frame(i) for i in range(computer.num_frames_ready)])
    ours = kaldi.fbank(torch.from_numpy(waveform), n_mels=80).numpy()
    assert np.abs(theirs - ours).max() < 2e-3
    assert np.abs(theirs - ours).mean() < 2e-5
