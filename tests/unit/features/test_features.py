"""What each feature is, from the public functions of the signal processing and numpy."""

import numpy as np
import pytest
import scipy.fft

from resound.dsp.filterbanks import linear_filters
from resound.dsp.stft import power_spectrogram
from resound.errors import ParameterError
from resound.features import extract

SETTING = {"sample_rate": 16000, "n_fft": 1024, "hop_length": 256}
CLIP = np.random.default_rng(1).standard_normal(8000)


def test_fft_is_the_magnitude_of_the_whole_clip():
    np.testing.assert_allclose(extract("fft", CLIP, sample_rate=16000), [abs(np.fft.rfft(CLIP))])


def test_a_sine_stands_in_its_bin():
    tone = np.sin(2 * np.pi * 2000 * np.arange(8000) / 16000)
    assert (extract("stft", tone, **SETTING)[3:-3].argmax(axis=1) == 2000 * 1024 // 16000).all()


def test_mel_is_the_power_in_decibels():
    power = extract("mel_power", CLIP, **SETTING)
    np.testing.assert_allclose(extract("mel", CLIP, **SETTING), 10 * np.log10(power))
    # a clip above the floor of top_db at any level: 20 dB more of amplitude is 20 dB more
    np.testing.assert_allclose(
        extract("mel", 10 * CLIP, **SETTING), extract("mel", CLIP, **SETTING) + 20
    )


def test_what_sounds_is_repeated_until_the_clip_is_full():
    gaps = CLIP * np.isin(np.arange(8000) // 256, [2, 3, 4, 5, 9, 10, 11])
    clip, quiet, short = gaps, 1e-5 * CLIP, CLIP * (np.arange(8000) < 1000)
    plain = [extract("mel", x, top_db=None, **SETTING) for x in (clip, quiet, short)]
    found = [extract("mel_looped", x, top_db=None, **SETTING) for x in (clip, quiet, short)]
    order = [[2, 3, 4, 5, 9, 10, 11][t % 7] for t in range(len(plain[0]))]
    np.testing.assert_array_equal(found[0], plain[0][order])
    np.testing.assert_array_equal(found[1], plain[1])
    np.testing.assert_array_equal(found[2], plain[2])
    np.testing.assert_array_equal(
        extract("mel_looped", CLIP, **SETTING), extract("mel", CLIP, **SETTING)
    )


def test_a_range_limits_each_clip():
    burst = CLIP * np.where(np.arange(8000) < 4000, 1, 1e-4)
    mel = extract("mel", burst, top_db=30.0, **SETTING)
    assert mel.max() - mel.min() == pytest.approx(30)
    assert np.ptp(extract("mel", burst, top_db=None, **SETTING)) > 70


@pytest.mark.parametrize(
    ("name", "transform"), [("mfcc", scipy.fft.dct), ("mfcc_dst", scipy.fft.dst)]
)
def test_cepstra_are_transforms_of_mel(name, transform):
    expected = transform(extract("mel", CLIP, **SETTING), type=2, norm="ortho", axis=-1)
    ours = extract(name, CLIP, n_mfcc=20, **SETTING)
    np.testing.assert_allclose(ours, expected[:, :20], atol=1e-10)


def test_mfcc_dct_is_mfcc():
    np.testing.assert_array_equal(
        extract("mfcc_dct", CLIP, **SETTING), extract("mfcc", CLIP, **SETTING)
    )


def test_stft_dct_is_the_transform_of_the_decibels():
    fading = CLIP * np.geomspace(1, 1e-6, CLIP.size)
    decibels = 20 * np.log10(extract("stft", fading, **SETTING))
    decibels = np.maximum(decibels, decibels.max() - 80)
    expected = scipy.fft.dct(decibels, type=2, norm="ortho", axis=-1)
    np.testing.assert_allclose(extract("stft_dct", fading, **SETTING), expected, atol=1e-9)
    np.testing.assert_allclose(
        extract("stft_dct", fading, n_dct=7, **SETTING), expected[:, :7], atol=1e-9
    )


@pytest.mark.parametrize(
    ("name", "static"),
    [
        ("mfcc_derivatives_dct", "mfcc_dct"),
        ("mfcc_derivatives_dst", "mfcc_dst"),
        ("stft_derivatives", "stft"),
        ("mel_derivatives", "mel"),
    ],
)
def test_derivatives_stand_beside_the_static_feature(name, static):
    values = extract(static, CLIP, **SETTING)
    ours = extract(name, CLIP, **SETTING)
    dims = values.shape[1]
    np.testing.assert_array_equal(ours[:, :dims], values)
    # at an inner frame: the slope of the line fitted to the nine frames around it
    slope = np.polyfit(np.arange(9), values[6:15], 1)[0]
    np.testing.assert_allclose(ours[10, dims : 2 * dims], slope, atol=1e-10)


def test_lfcc_of_a_flat_spectrum_has_one_coefficient():
    impulse = np.zeros(8000)
    impulse[4096] = 1
    coefficients = extract("lfcc", impulse, top_db=None, **SETTING)[16]
    # the filters' discrete sums differ by a few per cent, which is a fraction of a dB
    assert np.abs(coefficients[1:]).max() < 1 < abs(coefficients[0])


@pytest.mark.parametrize("dct_norm", ["ortho", None])
def test_lfcc_by_the_natural_logarithm_is_scipy_s_dct_of_it(dct_norm):
    framing = {"n_fft": SETTING["n_fft"], "hop_length": SETTING["hop_length"]}
    filters = linear_filters(
        sample_rate=SETTING["sample_rate"], n_fft=SETTING["n_fft"], n_filters=20, norm=None
    )
    power = power_spectrogram(CLIP, window="hamming", **framing) @ filters.T
    options = {"n_filters": 20, "n_lfcc": 13, "norm": None, "log": "natural", "floor": 1e-3}
    found = extract("lfcc", CLIP, dct_norm=dct_norm, **options, **SETTING)
    expected = scipy.fft.dct(np.log(power + 1e-3), type=2, norm=dct_norm, axis=-1)[:, :13]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"log": "ln"}, "log='ln' is not known"),
        ({"log": "natural", "floor": 0}, "floor=0 must be a positive power"),
        ({"dct_norm": "orto"}, "dct_norm='orto' is not known; did you mean 'ortho'"),
    ],
)
def test_a_wrong_option_of_lfcc_is_named(option, message):
    with pytest.raises(ParameterError, match=message):
        extract("lfcc", CLIP, **option, **SETTING)


def test_the_norm_of_lfcc_shifts_coefficient_0_alone():
    equal_area, peak_1 = (extract("lfcc", CLIP, norm=norm, **SETTING) for norm in ("slaney", None))
    np.testing.assert_allclose(equal_area[:, 1:], peak_1[:, 1:], atol=1e-9)
    shift = equal_area[:, 0] - peak_1[:, 0]
    np.testing.assert_allclose(shift, 10 * np.log10(2 / (2 * 8000 / 65)) * 8, atol=1e-9)


def test_f0_and_f1_follow_the_signal():
    time = np.arange(16000) / 16000
    pulses = sum(np.cos(2 * np.pi * 160 * k * time) for k in range(1, 50))
    found = extract("f0", pulses, **SETTING)[4:-4]
    np.testing.assert_allclose(found, 160, rtol=0.01)

    decay = np.exp(-np.pi * 80 * time[:1600])
    ringing = np.tile(decay * np.sin(2 * np.pi * 700 * time[:1600]), 10)
    formant = extract("f1", ringing, pre_emphasis=5000.0, order=2, **SETTING)
    # ten decays a second, each a resonance of 700 Hz
    assert np.median(formant) == pytest.approx(700, abs=40)
