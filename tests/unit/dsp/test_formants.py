import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from resound.dsp.formants import (
    first_formant,
    levinson_durbin,
    resonances,
    selective_autocorrelation,
)
from resound.dsp.stft import power_spectrogram
from resound.errors import ParameterError


def resonator(frequencies, bandwidths, rate):
    """The polynomial A(z) with the given resonances."""
    polynomial = np.ones(1)
    for frequency, bandwidth in zip(frequencies, bandwidths, strict=True):
        radius = np.exp(-np.pi * bandwidth / rate)
        angle = 2 * np.pi * frequency / rate
        polynomial = np.convolve(polynomial, [1, -2 * radius * np.cos(angle), radius**2])
    return polynomial


@given(order=st.integers(1, 12), batch=st.integers(1, 4), seed=st.integers(0, 999))
def test_levinson_durbin_solves_the_normal_equations(order, batch, seed):
    power = np.random.default_rng(seed).random((batch, 33)) + 0.05
    lags = selective_autocorrelation(power, n_bins=33, order=order)
    predictors = levinson_durbin(lags)
    for r, predictor in zip(lags, predictors, strict=True):
        expected = scipy.linalg.solve_toeplitz(r[:-1], -r[1:])
        np.testing.assert_allclose(predictor, [1, *expected], atol=1e-10)


def test_the_whole_spectrum_gives_the_circular_autocorrelation():
    frame = np.random.default_rng(0).standard_normal(64)
    lags = selective_autocorrelation(np.abs(np.fft.rfft(frame)) ** 2, n_bins=33, order=6)
    expected = [frame @ np.roll(frame, m) for m in range(7)]
    np.testing.assert_allclose(lags, expected, atol=1e-12)


def test_half_of_the_spectrum_gives_the_autocorrelation_at_half_the_rate():
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(128))
    spectrum[32:] = 0
    low_passed = np.fft.irfft(spectrum)
    lags = selective_autocorrelation(np.abs(spectrum) ** 2, n_bins=33, order=5)
    expected = [low_passed @ np.roll(low_passed, 2 * m) for m in range(6)]
    np.testing.assert_allclose(lags, 2 * np.array(expected), atol=1e-12)


def test_the_model_of_an_all_pole_spectrum_is_exact():
    frequencies, bandwidths = [500, 1500, 2500], [60, 90, 120]
    polynomial = resonator(frequencies, bandwidths, 8000)
    power = 1 / np.abs(np.fft.rfft(polynomial, 8192)) ** 2
    lags = selective_autocorrelation(power, n_bins=4097, order=6)
    found, widths = resonances(levinson_durbin(lags), 8000)
    above = np.argsort(found)[3:]
    np.testing.assert_allclose(found[above], frequencies, rtol=1e-6)
    np.testing.assert_allclose(widths[above], bandwidths, rtol=1e-6)


def test_broad_and_low_resonances_do_not_count():
    def first(frequencies, bandwidths, **options):
        power = 1 / np.abs(np.fft.rfft(resonator(frequencies, bandwidths, 8000), 1024)) ** 2
        options = {"sample_rate": 8000, "n_fft": 1024, "order": 6, "pre_emphasis": 1e6} | options
        return first_formant(power[np.newaxis], **options)[0]

    # a pre-emphasis corner far above the band leaves the spectrum flat
    assert first([50, 1500, 2500], [60, 60, 60]) == pytest.approx(1500, rel=1e-3)
    assert first([50, 1500, 2500], [60, 60, 60], fmin=20) == pytest.approx(50, rel=1e-3)
    assert first([700, 1500, 2500], [450, 60, 60]) == pytest.approx(1500, rel=1e-3)
    assert first([700, 1500, 2500], [450, 500, 600]) == 0


def test_silence_has_no_formant_and_white_frames_raise_no_warning():
    treble = np.where(np.arange(513) > 400, 1.0, 0.0)
    power = np.stack([np.zeros(513), np.ones(513), np.full(513, 1e-300), treble])
    found = first_formant(power, sample_rate=16000, n_fft=1024)
    assert found[0] == 0
    assert found[2] == 0
    assert found[3] == 0
    assert np.isfinite(found).all()


def test_a_pure_tone_is_a_narrow_formant():
    bins = np.arange(8, 300)
    power = np.zeros((bins.size, 513))
    power[np.arange(bins.size), bins] = 1e4
    found = first_formant(power, sample_rate=16000, n_fft=1024)
    np.testing.assert_allclose(found, bins * 16000 / 1024, rtol=1e-3)


def test_the_precision_of_the_input_is_kept():
    noise = np.random.default_rng(2).standard_normal(8000).astype(np.float32)
    power = power_spectrogram(noise, n_fft=512, hop_length=256)
    assert first_formant(power, sample_rate=16000, n_fft=512).dtype == np.float32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": 0}, "order=0 must be a positive integer"),
        ({"order": 30}, "n_fft=64 has 23 bins up to 5500 Hz, too few for order=30"),
        ({"fmax": 9000.0}, "fmax=9000 Hz lies above the Nyquist frequency 8000 Hz"),
        ({"fmin": 6000.0}, "fmin=6000 Hz must be at least 0 and below fmax=5500 Hz"),
        ({"max_bandwidth": -1}, "max_bandwidth=-1 must be a finite number of at least 0"),
        ({"pre_emphasis": None}, "pre_emphasis=None must be a finite number"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        first_formant(np.ones((1, 33)), **{"sample_rate": 16000, "n_fft": 64, **options})
