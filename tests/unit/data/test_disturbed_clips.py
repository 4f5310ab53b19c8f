import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound.data.disturbances import KINDS, disturbed
from resound.errors import ParameterError

RATE = 16_000
VALUES = {
    "noise": 10.0, "gain": -20.0, "lowpass": 1000.0, "highpass": 1000.0, "clip": 0.3,
    "mp3": 0.9, "vorbis": 0.9, "speed": 1.1, "pitch": 2.0, "shift": 0.31,
}  # fmt: skip


def tone(hertz, seconds=1.0, level=0.5):
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


def power(x):
    return np.mean(np.square(x, dtype=float))


def band(x, low, high):
    spectrum = np.abs(np.fft.rfft(x)) ** 2
    hertz = np.fft.rfftfreq(len(x), 1 / RATE)
    return spectrum[(hertz >= low) & (hertz < high)].sum()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("samples", [400, 5_000, 16_000])
def test_length_and_finiteness_stay_and_silence_is_silent(kind, samples):
    x = np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)
    found = disturbed(x, kind, VALUES[kind], sample_rate=RATE, seed="a")
    assert (found.shape, found.dtype) == (x.shape, np.float32)
    assert np.isfinite(found).all()
    assert not np.array_equal(found, x)
    again = disturbed(x, kind, VALUES[kind], sample_rate=RATE, seed="a")
    np.testing.assert_array_equal(found, again)
    silence = np.zeros(samples)
    assert not disturbed(silence, kind, VALUES[kind], sample_rate=RATE).any()


@given(st.floats(-20, 60))
def test_noise_has_the_ratio(ratio):
    x = tone(440)
    noise = disturbed(x, "noise", ratio, sample_rate=RATE, seed="a") - x.astype(np.float32)
    assert 10 * np.log10(power(x) / power(noise)) == pytest.approx(ratio, abs=0.05)


def test_noise_is_of_the_clip_s_own():
    x = tone(440)
    a, b = (disturbed(x, "noise", 0.0, sample_rate=RATE, seed=seed) - x for seed in "ab")
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.05


@given(st.floats(-60, 20))
def test_gain_is_exact(decibel):
    found = disturbed(tone(440), "gain", decibel, sample_rate=RATE)
    np.testing.assert_allclose(found, tone(440) * 10 ** (decibel / 20), rtol=1e-6, atol=1e-12)


def test_filters_leave_their_side():
    x = tone(250) + tone(4000)
    low = disturbed(x, "lowpass", 1000, sample_rate=RATE)
    high = disturbed(x, "highpass", 1000, sample_rate=RATE)
    assert band(low, 200, 300) > 0.9 * band(x, 200, 300)
    assert band(low, 3900, 4100) < 1e-4 * band(x, 3900, 4100)  # two octaves: 48 dB
    assert band(high, 3900, 4100) > 0.9 * band(x, 3900, 4100)
    assert band(high, 200, 300) < 1e-4 * band(x, 200, 300)


def test_a_filter_beyond_half_the_rate():
    x = tone(250).astype(np.float32)
    np.testing.assert_array_equal(disturbed(x, "lowpass", 8000, sample_rate=RATE), x)
    with pytest.raises(ParameterError, match="highpass=8000 Hz leaves nothing"):
        disturbed(x, "highpass", 8000, sample_rate=RATE)


@pytest.mark.parametrize("kind", ["mp3", "vorbis"])
def test_a_codec_moves_nothing(kind):
    x = np.random.default_rng(1).normal(0, 0.1, RATE)
    found = disturbed(x, kind, 0.2, sample_rate=RATE)
    lags = np.fft.irfft(np.fft.rfft(found) * np.conj(np.fft.rfft(x)))
    assert lags.argmax() == 0
    assert np.corrcoef(found, x)[0, 1] > 0.85


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_speed_moves_pitch_and_pads_nothing(factor):
    found = disturbed(tone(1000), "speed", factor, sample_rate=RATE)
    hertz = np.fft.rfftfreq(len(found), 1 / RATE)[np.abs(np.fft.rfft(found)).argmax()]
    assert hertz == pytest.approx(1000 * factor, abs=2)
    assert power(found[-1000:]) == pytest.approx(power(tone(1000)), rel=0.05)


def test_a_shift_goes_round():
    x = np.arange(RATE) / RATE
    found = disturbed(x, "shift", 0.25, sample_rate=RATE)
    np.testing.assert_array_equal(found, np.roll(x, 4000).astype(np.float32))


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("hiss", 1.0, "kind='hiss' is not known"),
        ("clip", 0.0, "clip=0.0 must lie between 0.001 and 1"),
        ("noise", np.nan, "noise=nan must lie"),
    ],
)
def test_wrong_arguments_are_named(kind, value, message):
    with pytest.raises(ParameterError, match=message):
        disturbed(tone(440), kind, value, sample_rate=RATE)
