import math

import numpy as np
import pytest

from resound.dsp.pitch import cepstral_f0, low_band_cepstrum
from resound.dsp.stft import power_spectrogram
from resound.errors import ParameterError

SETTINGS = [(44100, 4096), (44100, 2048), (16000, 2048)]


def harmonics(f0, sample_rate, seconds=0.6, top=8000):
    """A sawtooth-like tone: harmonics that fall by 6 dB an octave, with scattered phases."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    orders = np.arange(1, int(min(sample_rate / 2, top) // f0) + 1)[:, None]
    tone = np.sum(np.cos(2 * np.pi * f0 * orders * time + orders**2) / orders, axis=0)
    return tone / tone.std()


def pitch(clips, sample_rate, n_fft, **options):
    power = power_spectrogram(clips, n_fft=n_fft, hop_length=n_fft // 4, window="hamming")
    return cepstral_f0(power, sample_rate=sample_rate, n_fft=n_fft, **options)


@pytest.mark.parametrize(("sample_rate", "n_fft"), SETTINGS)
@pytest.mark.parametrize("f0", [80.0, 123.4, 220.0, 333.0, 440.0, 590.0])
def test_the_pitch_of_harmonic_tones(sample_rate, n_fft, f0):
    inner = pitch(harmonics(f0, sample_rate), sample_rate, n_fft)[3:-3]
    # a quarter of a sample of quefrency, the least that a parabola through a rounded peak gives
    np.testing.assert_allclose(inner, f0, rtol=max(0.25 * f0 / sample_rate, 0.01))


@pytest.mark.parametrize(("sample_rate", "n_fft"), SETTINGS)
def test_noise_at_20_db_makes_no_octave_errors(sample_rate, n_fft):
    rng = np.random.default_rng(3)
    for f0 in (100.0, 220.0, 330.0):
        tone = harmonics(f0, sample_rate)
        found = pitch(tone + 0.1 * rng.standard_normal(tone.size), sample_rate, n_fft)[3:-3]
        assert np.mean(np.abs(found / f0 - 1) < 0.02) > 0.95


def test_noise_above_the_harmonics_does_not_hide_them():
    tone = harmonics(200.0, 44100, top=2000)
    spectrum = np.fft.rfft(np.random.default_rng(7).standard_normal(tone.size))
    spectrum[np.arange(spectrum.size) * 44100 / tone.size < 5000] *= 0.01
    found = pitch(tone + np.fft.irfft(spectrum, tone.size), 44100, 2048)[3:-3]
    np.testing.assert_allclose(found, 200, rtol=0.01)


@pytest.mark.parametrize(("sample_rate", "n_fft"), SETTINGS)
def test_white_noise_is_unvoiced(sample_rate, n_fft):
    noise = np.random.default_rng(4).standard_normal((20, sample_rate))
    assert np.mean(pitch(noise, sample_rate, n_fft) > 0) < 0.005


def test_silence_a_constant_and_a_lone_sine_are_unvoiced():
    time = np.arange(16000) / 16000
    clips = np.stack([np.zeros(16000), np.full(16000, 0.5), np.sin(2 * np.pi * 200 * time)])
    assert not pitch(clips, 16000, 2048)[:, 3:-3].any()


def test_silence_is_unvoiced_at_any_threshold():
    assert not pitch(np.zeros((1, 8000)), 16000, 2048, threshold=0).any()


@pytest.mark.parametrize("n_bins", [257, 513])
def test_the_deviation_is_that_of_white_noise(n_bins):
    noise = np.random.default_rng(5).standard_normal((4000, 1024))
    power = np.abs(np.fft.rfft(noise)) ** 2
    cepstrum, deviation = low_band_cepstrum(power, n_fft=1024, n_bins=n_bins)
    # 4000 frames of some 400 quefrencies: the sampling error is below 0.5 %
    assert cepstrum[:, 50:450].std() == pytest.approx(deviation, rel=0.01)


def test_the_cepstrum_is_its_definition():
    power = np.random.default_rng(6).random(9) + 0.1
    taper = [math.cos(math.pi * k / 12) ** 2 for k in range(7)]
    mean = sum(h * math.log(p) for h, p in zip(taper, power, strict=False)) / sum(taper)
    cepstrum, _ = low_band_cepstrum(power, n_fft=16, n_bins=7)
    for q in range(16):
        total = sum(
            (1 if k == 0 else 2)
            * h
            * (math.log(power[k]) - mean)
            * math.cos(2 * math.pi * k * q / 16)
            for k, h in enumerate(taper)
        )
        assert cepstrum[q] == pytest.approx(total / 16, abs=1e-14)


def test_the_range_is_kept():
    tone = harmonics(300.0, 16000)
    assert not pitch(tone, 16000, 2048, fmin=310, fmax=500)[3:-3].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fmin": 15.0}, "fmin=15 Hz is too low: .* n_fft=2048 at sample_rate=16000 from 15.6 Hz"),
        ({"fmin": 0.0}, "fmin=0 Hz is too low"),
        ({"fmin": 700.0}, "fmin=700 Hz must be at least 0 and below fmax=600 Hz"),
        ({"fmax": 9000.0}, "fmax=9000 Hz lies above the Nyquist frequency"),
        ({"threshold": -1.0}, "threshold=-1.0 must be a finite number of at least 0"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        pitch(np.ones(4096), 16000, 2048, **options)
