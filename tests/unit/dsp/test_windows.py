import numpy as np
import pytest
import scipy.signal

from resound.dsp.windows import cosine_window, fft_window
from resound.errors import ParameterError


@pytest.mark.parametrize("name", ["hann", "hamming"])
@pytest.mark.parametrize("length", [1, 2, 7, 512])
@pytest.mark.parametrize("periodic", [True, False])
def test_windows_are_scipys(name, length, periodic):
    expected = scipy.signal.get_window(name, length, fftbins=periodic)
    ours = cosine_window(name, length, periodic=periodic)
    np.testing.assert_allclose(ours, expected, atol=1e-15)
    np.testing.assert_array_equal(fft_window(name, length, periodic=periodic), ours)


def test_windows_are_periodic_unless_told_otherwise():
    np.testing.assert_array_equal(cosine_window("hann", 8), cosine_window("hann", 8, periodic=True))
    np.testing.assert_array_equal(fft_window("hann", 8), cosine_window("hann", 8))
    assert cosine_window("hann", 8)[-1] > 0 == cosine_window("hann", 8, periodic=False)[-1]


@pytest.mark.parametrize(("n_fft", "win_length"), [(8, 4), (9, 4), (8, 5), (8, 8)])
def test_a_shorter_window_stands_amid_zeros(n_fft, win_length):
    window = fft_window("hamming", n_fft, win_length)
    left = (n_fft - win_length) // 2
    np.testing.assert_array_equal(
        window[left : left + win_length], cosine_window("hamming", win_length)
    )
    assert window.shape == (n_fft,)
    assert np.count_nonzero(window) == win_length


def test_a_shared_window_cannot_be_overwritten():
    with pytest.raises(ValueError, match="read-only"):
        fft_window("hann", 8)[0] = 1


def test_bad_windows_are_refused():
    with pytest.raises(
        ParameterError, match="window='haming' is not known; did you mean 'hamming'"
    ):
        fft_window("haming", 8)
    with pytest.raises(ParameterError, match="win_length=9 must not exceed n_fft=8"):
        fft_window("hann", 8, 9)
    with pytest.raises(ParameterError, match="win_length=0 must be a positive integer of samples"):
        fft_window("hann", 8, 0)
