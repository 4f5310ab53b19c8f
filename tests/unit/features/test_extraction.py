import subprocess
import sys

import numpy as np
import pytest
import scipy.fft
from hypothesis import given
from hypothesis import strategies as st

import resound.features
from resound.dsp import bands
from resound.dsp.stft import ENGINES, frame_count
from resound.errors import ParameterError
from resound.features import extract, extract_batch
from resound.features.extraction import feature_shape, options_of
from resound.registry import FEATURES

SETTING = {"sample_rate": 16000, "n_fft": 1024, "hop_length": 256}
SAMPLES = 8000
FRAMES = 32
UNCENTRED = 28  # frames that end within the clip


def setting(name):
    framed = FEATURES.entry(name).traits.get("framed", True)
    return SETTING if framed else {"sample_rate": 16000}


def noise(clips=3, samples=SAMPLES):
    return np.random.default_rng(0).standard_normal((clips, samples))


def test_the_features_of_the_study_are_registered():
    retrieval = {"fft", "stft", "mel", "mfcc", "lfcc", "f0", "f1"}
    classifiers = {"mfcc_dst", "mfcc_dct", "mfcc_derivatives_dst", "mfcc_derivatives_dct"}
    spectral = {"stft_dct", "stft_derivatives"}
    assert retrieval | classifiers | spectral <= set(FEATURES)


@pytest.mark.parametrize(
    ("name", "dims"),
    [
        ("fft", 4001),
        ("stft", 513),
        ("stft_dct", 513),
        ("stft_derivatives", 3 * 513),
        ("mel_power", 64),
        ("mel", 64),
        ("mel_derivatives", 3 * 64),
        ("mel_looped", 64),
        ("pcen", 64),
        ("mfcc", 13),
        ("mfcc_dct", 13),
        ("mfcc_dst", 13),
        ("mfcc_derivatives_dct", 39),
        ("mfcc_derivatives_dst", 39),
        ("lfcc", 13),
        ("f0", 1),
        ("f1", 1),
        ("cepstral_lag", 1),
        ("cepstral_rate", 1),
    ],
)
def test_shapes_are_known_beforehand(name, dims):
    frames = {"fft": 1, "cepstral_lag": UNCENTRED, "cepstral_rate": UNCENTRED}
    shape = (frames.get(name, FRAMES), dims)
    assert extract(name, noise()[0], **setting(name)).shape == shape
    assert feature_shape(name, SAMPLES, **setting(name)) == shape


def test_shapes_follow_the_options():
    assert feature_shape("mfcc", 220500, sample_rate=44100, n_fft=4096, hop_length=1024) == (
        216,
        13,
    )
    assert frame_count(220500, n_fft=4096, hop_length=1024) == 216
    assert feature_shape("mfcc_derivatives_dst", SAMPLES, n_mfcc=20, **SETTING) == (FRAMES, 60)
    assert feature_shape("stft_dct", SAMPLES, n_dct=40, **SETTING) == (FRAMES, 40)


@pytest.mark.parametrize("name", list(FEATURES))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_clip_has_the_same_feature_alone_and_in_a_batch(name, dtype):
    clips = noise().astype(dtype)
    batch = extract_batch(name, clips, **setting(name))
    alone = np.stack([extract(name, clip, **setting(name)) for clip in clips])
    assert batch.dtype == alone.dtype == dtype
    # BLAS may sum in another order for another batch size, no more
    rounding = 1e2 * np.finfo(dtype).eps
    np.testing.assert_allclose(batch, alone, rtol=rounding, atol=rounding * np.abs(alone).max())


@pytest.mark.parametrize("name", list(FEATURES))
def test_single_precision_is_close_to_double(name):
    clips = noise()
    double = extract_batch(name, clips, **setting(name))
    single = extract_batch(name, clips.astype(np.float32), **setting(name))
    scale = np.abs(double).max()
    np.testing.assert_allclose(single, double, atol=2e-5 * scale)


@pytest.mark.parametrize("name", list(FEATURES))
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-5), (np.float64, 1e-11)])
def test_the_engines_agree(name, dtype, tolerance):
    """In every framed feature, as closely as single precision agrees with double."""
    clips = noise().astype(dtype)
    fft, matrix = (extract_batch(name, clips, engine=e, **setting(name)) for e in ENGINES)
    assert matrix.dtype == dtype
    np.testing.assert_allclose(matrix, fft, atol=tolerance * np.abs(fft).max())


@pytest.mark.parametrize("name", [name for name in FEATURES if name != "fft"])
def test_the_matrix_engine_needs_no_fft_of_frames(name, monkeypatch):
    """So a feature that went its own way would be found."""
    rfft = scipy.fft.rfft

    def of_other_sizes(x, *args, **options):
        assert x.shape[-1] != SETTING["n_fft"], "an FFT of frames"
        return rfft(x, *args, **options)

    def refused(*args):
        raise AssertionError("an FFT of frames")

    monkeypatch.setattr(scipy.fft, "rfft", of_other_sizes)
    monkeypatch.setattr(bands, "_by_kernel", refused)
    extract(name, noise()[0], engine="matrix", **SETTING)
    with pytest.raises(AssertionError, match="an FFT of frames"):
        extract(name, noise()[0], **SETTING)


def test_the_shape_is_the_matrix_engine_s_too():
    assert feature_shape("mel", SAMPLES, engine="matrix", **SETTING) == (FRAMES, 64)


@pytest.mark.parametrize("name", list(FEATURES))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_silence_and_other_edges_are_finite(name, dtype):
    clips = np.zeros((6, SAMPLES), dtype=dtype)
    clips[1] = 1
    clips[2, SAMPLES // 2] = 1
    clips[3, : SAMPLES // 2] = noise(1)[0, : SAMPLES // 2]
    clips[4, ::2] = 1e-30
    clips[5] = np.sign(noise(1)[0]) * 32768
    assert np.isfinite(extract_batch(name, clips, **setting(name))).all()


@pytest.mark.parametrize("name", ["f0", "f1"])
def test_silence_has_neither_pitch_nor_formant(name):
    clip = np.zeros(SAMPLES)
    assert not extract(name, clip, **SETTING).any()
    clip[:3000] = noise(1)[0, :3000]
    assert not extract(name, clip, **SETTING)[-10:].any()


def test_silence_lies_at_the_floor_of_the_decibels():
    np.testing.assert_allclose(extract("mel", np.zeros(SAMPLES), **SETTING), -100)
    np.testing.assert_allclose(extract("mfcc", np.zeros(SAMPLES), **SETTING)[:, 0], -800)


@given(
    samples=st.integers(40, 400),
    n_fft=st.integers(16, 40),
    hop_length=st.integers(1, 50),
    seed=st.integers(0, 99),
)
def test_any_framing_gives_its_frames(samples, n_fft, hop_length, seed):
    clip = np.random.default_rng(seed).standard_normal(samples)
    framing = {"sample_rate": 8000, "n_fft": n_fft, "hop_length": hop_length}
    frames = frame_count(samples, n_fft=n_fft, hop_length=hop_length)
    assert extract("stft", clip, **framing).shape == (frames, n_fft // 2 + 1)


def test_a_clip_may_be_as_short_as_a_frame():
    assert extract("mfcc", np.ones(1024), **SETTING).shape == (5, 13)


def test_more_workers_change_nothing():
    one, two = (extract_batch("stft", noise(), n_threads=w, **SETTING) for w in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_options_are_those_of_the_signatures():
    assert options_of("fft") == {}
    assert options_of("mfcc") == {
        "n_mels": 64,
        "window": "hamming",
        "win_length": None,
        "htk": True,
        "norm": "slaney",
        "fmin": 0.0,
        "fmax": None,
        "top_db": 80.0,
        "n_mfcc": 13,
    }
    assert options_of("mfcc_derivatives_dst") == options_of("mfcc") | {"width": 9}
    assert options_of("mfcc_dct") == options_of("mfcc")


@pytest.mark.parametrize("name", list(FEATURES))
def test_every_option_takes_its_default(name):
    clips = noise(1)
    np.testing.assert_array_equal(
        extract_batch(name, clips, **setting(name), **options_of(name)),
        extract_batch(name, clips, **setting(name)),
    )


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mfc", {}, "feature 'mfc' is not known; did you mean 'mfcc'"),
        (
            "mfcc",
            {"n_mfc": 5},
            "option 'n_mfc' of feature 'mfcc' is not known; did you mean 'n_mfcc'",
        ),
        ("mfcc", {"order": 5}, "option 'order' of feature 'mfcc' is not known.*there are: n_mels"),
        ("mfcc", {"hop_length": 0}, "hop_length=0 must be a positive integer of samples"),
        ("mfcc", {"n_fft": 10.5}, "n_fft=10.5 must be a positive integer of samples"),
        (
            "mfcc",
            {"n_fft": None},
            "'mfcc' works on frames: n_fft=None and hop_length=256 must both",
        ),
        ("mfcc", {"n_fft": 8001}, "n_fft=8001 must not exceed the 8000 samples of a clip"),
        ("mfcc", {"sample_rate": 0}, "sample_rate=0 must be a positive integer of Hz"),
        ("mfcc", {"n_mfcc": 65}, "n_mfcc=65 must not exceed n_mels=64"),
        ("mfcc_dst", {"n_mfcc": 0}, "n_mfcc=0 must be a positive integer"),
        ("mfcc", {"window": "hannn"}, "window='hannn' is not known; did you mean 'hann'"),
        ("mfcc", {"window": ["hann"]}, r"window=\['hann'\] must be a single value"),
        ("mfcc", {"norm": "slany"}, "norm='slany' is not known; did you mean 'slaney'"),
        ("mfcc", {"fmin": 4000, "fmax": 4000}, "fmin=4000 Hz must be at least 0 and below fmax"),
        ("mfcc", {"fmax": 8001}, "fmax=8001 Hz lies above the Nyquist frequency 8000 Hz"),
        ("lfcc", {"n_lfcc": 65}, "n_lfcc=65 must not exceed n_filters=64"),
        ("stft_dct", {"n_dct": 514}, "n_dct=514 must not exceed the 513 bins"),
        ("mfcc_derivatives_dct", {"width": 33}, "width=33 frames of a derivative .* not 32 frames"),
        ("pcen", {"gain": 1.1}, "gain=1.1 must lie between 0 and 1"),
        ("pcen", {"time_constant": 0}, "time_constant=0 must be more than 0"),
        ("stft", {"engine": "matrx"}, "engine='matrx' is not known; did you mean 'matrix'"),
        ("stft", {"n_threads": 0}, "n_threads=0 must be a positive integer"),
    ],
)
def test_bad_arguments_are_refused(name, options, message):
    with pytest.raises(ParameterError, match=message):
        extract(name, noise()[0], **{**SETTING, **options})


def test_a_feature_of_the_whole_clip_has_no_frames():
    clip = noise()[0]
    spectrum = extract("fft", clip, sample_rate=16000)
    assert spectrum.shape == (1, 1 + len(clip) // 2)
    np.testing.assert_array_equal(spectrum, extract("fft", clip, **SETTING))


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        (np.zeros((0, SAMPLES)), r"shape \(0, 8000\) must be a batch \(clips, samples\)"),
        (np.zeros((2, 0)), "that is not empty"),
        (np.zeros(SAMPLES), r"shape \(8000,\) must be a batch"),
        (np.zeros((1, 2, SAMPLES)), "must be a batch"),
        (np.zeros((1, SAMPLES), dtype=np.int16), "dtype int16 must be float32 or float64"),
    ],
)
def test_bad_batches_are_refused(clips, message):
    with pytest.raises(ParameterError, match=message):
        extract_batch("mfcc", clips, **SETTING)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_clip_that_is_not_finite_is_named(value):
    clips = noise()
    clips[1, 77] = value
    with pytest.raises(ParameterError, match="clip 1 of 3 holds samples that are not finite"):
        extract_batch("stft", clips, **SETTING)


def test_one_clip_is_not_a_batch():
    with pytest.raises(ParameterError, match=r"waveform of shape \(3, 8000\) must be one clip"):
        extract("stft", noise(), **SETTING)


def test_the_package_exports_the_two_entries():
    assert resound.features.__all__ == ["extract", "extract_batch"]


def test_features_without_bands_do_not_wait_for_numba():
    """Importing it takes half a second, in every job."""
    code = """
import sys, numpy as np
from resound.features import extract
for name in ("fft", "stft", "stft_dct", "f0", "f1"):
    extract(name, np.ones(2000), sample_rate=8000, n_fft=512, hop_length=256)
assert "numba" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
