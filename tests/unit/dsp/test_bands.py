import numpy as np
import pytest
import scipy.fft
from hypothesis import given
from hypothesis import strategies as st

from resound.dsp.bands import band_power
from resound.dsp.filterbanks import linear_filters
from resound.dsp.stft import power_spectrogram, use_engine
from resound.dsp.windows import fft_window
from resound.errors import ParameterError


@given(
    clips=st.integers(1, 3),
    samples=st.integers(1, 2000),
    n_fft=st.one_of(st.integers(1, 24), st.sampled_from([64, 128, 256, 512, 1000])),
    hop_length=st.integers(20, 3000),
    share_of_window=st.floats(0, 1),
    window=st.sampled_from(["hann", "hamming"]),
    n_bands=st.integers(1, 40),
    sparsity=st.floats(0, 1),
    workers=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_it_is_the_product_of_filters_and_power(
    clips, samples, n_fft, hop_length, share_of_window, window, n_bands, sparsity, workers, seed
):
    """Filters may have holes, be zero throughout and stand in any order."""
    rng = np.random.default_rng(seed)
    waveforms = rng.standard_normal((clips, samples))
    filters = rng.random((n_bands, 1 + n_fft // 2))
    filters *= rng.random(filters.shape) >= sparsity
    win_length = 1 + round(share_of_window * (n_fft - 1))
    framing = {
        "n_fft": n_fft, "hop_length": hop_length, "window": window, "win_length": win_length
    }  # fmt: skip
    with scipy.fft.set_workers(workers):
        ours = band_power(waveforms, filters, **framing)
    expected = power_spectrogram(waveforms, **framing) @ filters.T
    # Rounding is in proportion to a frame's energy, not to what a band passes of it.
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-13 * n_fft * n_fft)


def test_leading_axes_and_precision_are_those_of_the_clips():
    clips = np.random.default_rng(0).standard_normal((2, 3, 400)).astype(np.float32)
    filters = linear_filters(sample_rate=8000, n_fft=64, n_filters=20)
    ours = band_power(clips, filters, n_fft=64, hop_length=16, win_length=50)
    assert ours.shape == (2, 3, 26, 20)
    assert ours.dtype == np.float32
    alone = band_power(clips[1, 2], filters, n_fft=64, hop_length=16, win_length=50)
    np.testing.assert_array_equal(ours[1, 2], alone)


def test_short_hops():
    clips = np.random.default_rng(1).standard_normal((1, 200))
    filters = np.random.default_rng(2).random((3, 33))
    expected = power_spectrogram(clips, n_fft=64, hop_length=1) @ filters.T
    ours = band_power(clips, filters, n_fft=64, hop_length=1)
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


def plain_power(samples, window, n_fft, bins):
    """Return the power of one frame at `bins`, by the definition and in float64."""
    n = np.arange(n_fft)
    waves = np.exp(-2j * np.pi * (np.outer(bins, n) % n_fft) / n_fft)
    return np.abs(waves @ (samples.astype(np.float64) * window)) ** 2


@pytest.mark.parametrize("n_fft", [2**e for e in range(6, 16)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_length_of_the_kernel_is_the_plain_transform(n_fft, dtype):
    """An FFT's bins are off by about eps log2(n_fft) of the frame's norm; 2 is room for luck."""
    rng = np.random.default_rng(n_fft)
    bins = np.unique(
        [0, 1, n_fft // 4, n_fft // 2 - 1, n_fft // 2, *rng.integers(0, n_fft // 2, 40)]
    )
    clip = rng.standard_normal(n_fft + n_fft // 2).astype(dtype)
    filters = np.zeros((len(bins), 1 + n_fft // 2))
    filters[np.arange(len(bins)), bins] = 1
    ours = band_power(clip, filters, n_fft=n_fft, hop_length=n_fft // 2)
    window = fft_window("hann", n_fft)
    expected = plain_power(clip[:n_fft], window, n_fft, bins)
    norm = np.linalg.norm(clip[:n_fft] * window)
    error = 2 * np.finfo(dtype).eps * np.log2(n_fft) * norm
    assert (np.abs(ours[1] - expected) <= 2 * np.sqrt(expected) * error + error**2).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_depend_neither_on_threads_nor_on_other_clips(dtype):
    clips = np.random.default_rng(0).standard_normal((5, 3000)).astype(dtype)
    clips[2] *= 1e4
    filters = linear_filters(sample_rate=8000, n_fft=256, n_filters=20)
    framing = {"n_fft": 256, "hop_length": 90}
    together = band_power(clips, filters, **framing)
    with scipy.fft.set_workers(2):
        np.testing.assert_array_equal(band_power(clips, filters, **framing), together)
    for clip, bands in zip(clips, together, strict=True):
        np.testing.assert_array_equal(band_power(clip, filters, **framing), bands)


def test_a_frame_does_not_depend_on_its_neighbours():
    """Frames share the kernel's lanes; the last ones of a clip share them with none."""
    clip = np.random.default_rng(0).standard_normal(64 * 40).astype(np.float32)
    filters = np.random.default_rng(1).random((3, 33))
    whole = band_power(clip, filters, n_fft=64, hop_length=64)
    for n_frames in (2, 15, 17, 31):
        cut = band_power(clip[: 64 * n_frames], filters, n_fft=64, hop_length=64)
        np.testing.assert_array_equal(cut[:-1], whole[:n_frames])


@pytest.mark.parametrize("scale", [1e-20, 1e-6, 1.0, 1e4, 1e15])
def test_an_impulse_passes_equally_at_all_scales(scale):
    """Its power is that of the window below it in every bin, and that of a float32 may be 0."""
    clip = np.zeros(4096 * 3, np.float32)
    clip[4096] = scale
    filters = linear_filters(sample_rate=44100, n_fft=4096, n_filters=30)
    ours = band_power(clip, filters, n_fft=4096, hop_length=1024, window="hamming")
    at = np.arange(13) * -1024 + 4096 + 2048
    inside = (at >= 0) & (at < 4096)
    weight = np.where(inside, fft_window("hamming", 4096)[at % 4096], 0)
    expected = np.outer((np.float64(np.float32(scale)) * weight) ** 2, filters.sum(axis=1))
    # Below the smallest normal number there are fewer digits, of up to 2049 bins.
    np.testing.assert_allclose(ours, expected, rtol=2e-6, atol=2049 * 2.0**-149)


def test_silence_has_no_power():
    filters = linear_filters(sample_rate=8000, n_fft=256, n_filters=20)
    assert not band_power(np.zeros((2, 999), np.float32), filters, n_fft=256, hop_length=64).any()


def test_clips_may_be_mapped_read_only_and_apart(tmp_path):
    clips = np.random.default_rng(0).standard_normal((4, 999)).astype(np.float32)
    np.save(tmp_path / "clips.npy", clips)
    filters = linear_filters(sample_rate=8000, n_fft=256, n_filters=20)
    framing = {"n_fft": 256, "hop_length": 64}
    mapped = np.load(tmp_path / "clips.npy", mmap_mode="r")
    for part in (np.s_[::2, :998], np.s_[::-1], np.s_[:, ::3], np.s_[:, ::-1]):
        expected = band_power(clips[part].copy(), filters, **framing)
        np.testing.assert_array_equal(band_power(mapped[part], filters, **framing), expected)


def test_powers_of_two_do_without_scipy(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("scipy's transform was called")

    monkeypatch.setattr(scipy.fft, "rfft", refuse)
    clip = np.ones(40_000)
    for n_fft in (64, 4096, 32768):
        band_power(clip, np.ones((1, 1 + n_fft // 2)), n_fft=n_fft, hop_length=n_fft)
    for n_fft in (32, 63, 96, 5000):
        with pytest.raises(AssertionError, match="scipy's transform was called"):
            band_power(clip, np.ones((1, 1 + n_fft // 2)), n_fft=n_fft, hop_length=n_fft)


def test_filters_must_be_made_for_the_transform():
    filters = linear_filters(sample_rate=8000, n_fft=32, n_filters=4)
    with pytest.raises(ParameterError, match=r"filters of shape \(4, 17\) must have the 33 bins"):
        band_power(np.ones((1, 400)), filters, n_fft=64, hop_length=16)


def test_the_matrix_engine_computes_the_same_bands(monkeypatch):
    """And no Fourier transform of another kind."""
    clips = np.random.default_rng(0).standard_normal((2, 3, 400))
    filters = linear_filters(sample_rate=8000, n_fft=64, n_filters=20)
    framing = {"n_fft": 64, "hop_length": 16, "window": "hamming", "win_length": 50}
    expected = band_power(clips, filters, **framing)
    monkeypatch.delattr(scipy.fft, "rfft")
    with use_engine("matrix"):
        ours = band_power(clips, filters, **framing)
    np.testing.assert_allclose(ours, expected, rtol=1e-11)
