"""Windows of a stream against those of the whole waveform, cut by hand."""

import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from resound.audio.reading import load
from resound.errors import ParameterError
from resound.searching.decoding import open_sound, resampled
from resound.searching.windows import Grid, cut


def by_hand(waveform: np.ndarray, grid: Grid, rate: int) -> list[np.ndarray]:
    """Return the windows of a waveform that is held whole."""
    length, windows = round(grid.window * rate), []
    for position in range(len(waveform)):
        start = round(position * grid.hop * rate)
        window = waveform[start : start + length]
        windows.append(np.concatenate([window, np.zeros(length - len(window), np.float32)]))
        if start + length >= len(waveform):
            break
    return windows


@given(
    sizes=st.lists(st.integers(0, 9), max_size=8),
    window=st.integers(1, 9),
    hop=st.floats(0.2, 1.0),
    rate=st.sampled_from([1, 3, 10]),
)
def test_windows_of_blocks_are_those_of_the_whole(sizes, window, hop, rate):
    grid = Grid(window / rate, max(1.0, hop * window) / rate).checked()
    waveform = np.arange(1, sum(sizes) + 1, dtype=np.float32)
    blocks = np.split(waveform, np.cumsum(sizes)[:-1]) if sizes else []
    found = [*cut(blocks, grid, sample_rate=rate)]
    expected = by_hand(waveform, grid, rate)
    np.testing.assert_array_equal([w.waveform for w in found], expected or np.empty(0))
    assert [window.position for window in found] == [*range(len(expected))]
    if found:
        assert found[-1].end == pytest.approx(len(waveform) / rate)


@pytest.mark.parametrize(
    ("samples", "ends"),
    [
        (4, [4.0]),
        (1009, [1000.0]),
        (1010, [1000.0, 1010.0]),
        (1509, [1000.0, 1500.0]),
        (1510, [1000.0, 1500.0, 1510.0]),
    ],
)
def test_a_few_milliseconds_more_make_no_window(samples, ends):
    blocks = np.split(np.ones(samples, np.float32), [samples // 3])
    found = [*cut(blocks, Grid(1000.0, 500.0), sample_rate=1)]
    assert [window.end for window in found] == ends


@pytest.mark.parametrize("window", [(0.0, 1.0), (np.nan, 1.0), (2.0, 3.0), (2.0, 0.0)])
def test_windows_that_leave_gaps_or_have_no_length_are_refused(window):
    with pytest.raises(ParameterError, match="window"):
        Grid(*window).checked()


def test_a_stream_is_resampled_as_a_clip_is(kept):
    path = kept / "sounds/dusk/second.wav"
    with open_sound(path) as stream:
        waveform = np.concatenate([*resampled(stream, 11_025)])
    whole = load(path, sample_rate=11_025, duration=25.0)
    np.testing.assert_allclose(waveform[: len(whole)], whole, atol=1e-5)
    assert abs(len(waveform) - len(whole)) <= 1


def test_a_stretch_is_where_it_should_be(kept):
    path = kept / "sounds/dusk/first.flac"
    with open_sound(path, start=3.5, stop=4.25) as stream:
        waveform = np.concatenate([*stream.blocks])
    np.testing.assert_array_equal(
        waveform, soundfile.read(path, start=56_000, frames=12_000, dtype="float32")[0]
    )


def test_a_long_sound_is_never_held_whole(tmp_path):
    frames = 30 * 60 * 8000
    with soundfile.SoundFile(tmp_path / "long.wav", "w", 8000, 1) as file:
        for _ in range(30):
            file.write(np.zeros(frames // 30, np.int16))
    tracemalloc.start()
    try:
        with open_sound(tmp_path / "long.wav") as stream:
            windows = cut(resampled(stream, 16_000), Grid(5.0, 2.5), sample_rate=16_000)
            assert sum(1 for _ in windows) == 719
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 * frames * 4 / 3, "a third of it at 16 kHz in float32"
