"""The first formant against Praat's (Burg's method), on vowels of known formants."""

import numpy as np
import parselmouth
import pytest

from resound.features import extract

# G. E. Peterson, H. L. Barney, J. Acoust. Soc. Am. 24(2), 1952: men's averages of F1 to F3,
# with two higher formants of usual values
VOWELS = {
    "a": (730, 1090, 2440, 3400, 4500),
    "i": (270, 2290, 3010, 3700, 4500),
    "u": (300, 870, 2240, 3400, 4500),
    "e": (530, 1840, 2480, 3500, 4500),
}
BANDWIDTHS = (60, 80, 110, 150, 200)
SETTINGS = [(44100, 4096, 1024), (44100, 2048, 1024), (16000, 2048, 512)]


def vowel(formants, f0, sample_rate):
    """One second of harmonics of f0 through resonances and a glottal slope of -6 dB an octave."""
    time = np.arange(sample_rate) / sample_rate
    orders = np.arange(1, int(sample_rate / 2 / f0) + 1)
    z = np.exp(-2j * np.pi * f0 * orders / sample_rate)
    response = 1 / (1 - 0.98 * z)
    for frequency, bandwidth in zip(formants, BANDWIDTHS, strict=True):
        pole = np.exp((-np.pi * bandwidth + 2j * np.pi * frequency) / sample_rate)
        response *= abs(1 - pole) ** 2 / ((1 - pole * z) * (1 - np.conj(pole) * z))
    tone = np.real(response @ np.exp(2j * np.pi * f0 * np.outer(orders, time)))
    return 0.1 * tone / tone.std()


def praat_f1(sound, sample_rate):
    formants = parselmouth.Sound(sound, sample_rate).to_formant_burg()
    return np.median([formants.get_value_at_time(1, t) for t in np.linspace(0.2, 0.8, 30)])


@pytest.mark.parametrize(("sample_rate", "n_fft", "hop_length"), SETTINGS)
@pytest.mark.parametrize("f0", [100, 120])
@pytest.mark.parametrize("name", list(VOWELS))
def test_vowels(sample_rate, n_fft, hop_length, f0, name):
    sound = vowel(VOWELS[name], f0, sample_rate)
    framing = {"n_fft": n_fft, "hop_length": hop_length}
    track = extract("f1", sound, sample_rate=sample_rate, **framing)[3:-3, 0]
    # linear prediction is drawn to the nearest harmonic: a third of their spacing
    np.testing.assert_allclose(track, VOWELS[name][0], atol=f0 / 3)
    # that pull is Praat's too
    assert np.median(track) == pytest.approx(praat_f1(sound, sample_rate), abs=6)
