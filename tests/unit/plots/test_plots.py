import re
from functools import partial

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from resound.dsp.matrix import spectrogram_operator
from resound.errors import ParameterError
from resound.plots import stft_matrix, style

SETTING = {"n_fft": 16, "hop_length": 8, "window": "hann", "periodic": False}
RATE = 8000


def drawing(clip=None, n_samples=64):
    """Return the function that draws the matrix of a short sound."""
    clip = np.random.default_rng(0).standard_normal(2000) if clip is None else clip
    about = {"clip_id": "hum_1", "sample_rate": RATE, "n_samples": n_samples}
    return partial(stft_matrix.draw, clip=clip.astype(np.float32), **about, **SETTING)


@pytest.fixture(scope="module")
def drawn():
    """Return the panels of a figure with their titles: real, imaginary, pattern, A x, FFT."""
    figure = Figure(layout="constrained")
    drawing()(figure)
    panels = [axes for axes in figure.axes if axes.get_title(loc="center")]
    return {axes.get_title(): axes for axes in panels}


def image_of(axes):
    return np.asarray(axes.images[0].get_array())


def test_the_panels_are_the_parts_of_the_matrix(drawn):
    A = spectrogram_operator(64, dense=True, **SETTING)
    real, imaginary, pattern = list(drawn.values())[:3]
    np.testing.assert_array_equal(image_of(real), A.real)
    np.testing.assert_array_equal(image_of(imaginary), A.imag)
    np.testing.assert_array_equal(image_of(pattern), A != 0)
    assert pattern.get_title() == f"Not 0: {(A != 0).mean():.0%} of A"


def test_the_axes_are_labelled(drawn):
    real, *_, product, _fft = drawn.values()
    assert (real.get_xlabel(), real.get_ylabel()) == ("column: sample", "row: frame, bin")
    marks = dict(
        zip(real.get_yticks(), (t.get_text() for t in real.get_yticklabels()), strict=True)
    )
    assert marks[0] == "0, 0"
    assert marks[3 * 16 + 8] == "3, 8"
    assert (product.get_xlabel(), product.get_ylabel()) == ("time in s", "frequency in kHz")
    np.testing.assert_allclose(product.images[0].get_extent(), (0, 0.25, 0, 4))
    bars = [axes.get_xlabel() or axes.get_ylabel() for axes in real.figure.figure.axes]
    assert {"entry", "dB relative to the peak"} <= set(bars)


def test_the_two_spectrograms_are_one(drawn):
    product, fft = list(drawn.values())[3:]
    assert product.get_title() == "|A x|, x = hum_1"
    assert re.fullmatch(r"FFT: differs by \de-0[78] at most", fft.get_title())
    assert image_of(product).shape == (9, 249)
    assert image_of(fft).max() == 0
    np.testing.assert_allclose(image_of(product), image_of(fft), atol=1e-2)


def test_many_frames_are_marked_by_few_labels():
    figure = Figure()
    drawing(n_samples=500)(figure)
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert labels == [f"{t}, 0" for t in range(0, 61, 8)]


def test_silence_can_be_drawn():
    figure = Figure()
    drawing(clip=np.zeros(100))(figure)
    assert [axes.get_title() for axes in figure.axes if "differs" in axes.get_title()]


def test_a_clip_is_found_by_its_id():
    ids = ["1-100032-A-0", "1-977-A-39"]
    assert stft_matrix.position_of(None, ids) == 0
    assert stft_matrix.position_of("1-977-A-39", ids) == 1
    message = r"clip='1-977-A-38' is none of the 2 clips; did you mean '1-977-A-39'\?"
    with pytest.raises(ParameterError, match=message):
        stft_matrix.position_of("1-977-A-38", ids)
    with pytest.raises(ParameterError, match=r"did you mean '1-100032-A-0'\?"):
        stft_matrix.position_of("zzz", ids)


def plain(figure):
    figure.subplots().plot([1, 2], label="a line")


def test_a_figure_has_the_same_bytes_again(tmp_path):
    for name in ("one", "two"):
        style.save(plain, [tmp_path / f"{name}.png", tmp_path / f"{name}.svg"], height=2)
        matplotlib.rcParams["savefig.transparent"] = True  # as a user's matplotlibrc might
    matplotlib.rcdefaults()
    for form in ("png", "svg"):
        one, two = ((tmp_path / f"{name}.{form}").read_bytes() for name in ("one", "two"))
        assert one == two
    assert "<dc:date>" not in (tmp_path / "one.svg").read_text()
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


def test_a_style_ends_with_its_figure(tmp_path):
    before = dict(matplotlib.rcParams)
    style.save(plain, [tmp_path / "one.svg"], height=2)
    assert dict(matplotlib.rcParams) == before


def test_a_figure_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(ParameterError, match=r"format='jpg' is not known; .* svg, png"):
        style.save(plain, [tmp_path / "one.jpg"], height=2)
    assert not list(tmp_path.iterdir())


@pytest.mark.trouble(
    "a class whose name is a formula to the plotting library", "drawn as it is written"
)
@pytest.mark.parametrize("name", ["Ba$$in", "$100 to $200", r"\frac", "a_b^c"])
def test_a_name_is_drawn_as_it_is_written(tmp_path, name):
    path = tmp_path / "figure.svg"
    style.save(lambda figure: style.say(figure, name), [path], height=1.0)
    drawn = set(re.findall(r'id="DejaVuSans-([0-9a-f]+)"', path.read_text()))
    font = get_font(findfont("DejaVu Sans"))
    assert drawn == {f"{font.get_char_index(ord(letter)):x}" for letter in name}
