"""Where clips begin to sound, and their first seconds, against windows that are looped over."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resound import store
from resound.data.sounding import SILENCE_DB, cut_queries, first_seconds, first_sound, windows_of
from resound.errors import ParameterError

RATE = 1000  # ten samples a window
LEVELS = [0.0, 10 ** (SILENCE_DB / 20) * 0.99, 10 ** (SILENCE_DB / 20) * 1.01, 0.5]


@st.composite
def clips(draw):
    """Return a clip in stretches of zeros, of what is just too soft, just loud enough, and loud."""
    parts = draw(st.lists(st.tuples(st.sampled_from(LEVELS), st.integers(1, 25)), min_size=1))
    return np.repeat([level for level, _ in parts], [n for _, n in parts])


def plain(clip):
    for start in range(0, len(clip), RATE // 100):
        window = clip[start : start + RATE // 100]
        if np.sqrt(np.mean(np.square(window))) >= 10 ** (SILENCE_DB / 20):
            return start
    return 0


@given(clip=clips())
@example(clip=np.zeros(7))
@example(clip=np.full(95, 0.5))
def test_a_clip_begins_to_sound_with_its_first_window_that_is_loud_enough(clip):
    assert first_sound(clip, RATE) == plain(clip)
    energies, lengths, silent = windows_of(clip, 10)
    assert lengths.sum() == len(clip)
    assert energies.sum() == pytest.approx(np.square(clip).sum())
    assert silent.all() == (np.abs(clip).max() == 0 or (plain(clip) == 0 and silent[0]))


@given(clip=clips(), seconds=st.integers(1, 400))
def test_a_part_is_as_long_as_is_asked_and_stands_so_in_its_clip(clip, seconds):
    length = min(seconds, len(clip))
    (part,) = first_seconds(clip[np.newaxis], RATE, length / RATE)
    start = min(plain(clip), len(clip) - length)
    np.testing.assert_array_equal(part, clip[start : start + length])


def test_of_a_clip_that_ends_earlier_a_part_is_the_end_and_of_a_silent_one_the_beginning():
    late, silent = np.repeat([0.0, 0.5], [900, 100]), np.zeros(1000)
    parts = first_seconds(np.stack([late, silent, late[::-1]]), RATE, 0.4)
    np.testing.assert_array_equal(parts[0], late[600:])
    np.testing.assert_array_equal(parts[1], silent[:400])
    np.testing.assert_array_equal(parts[2], late[::-1][:400])
    with pytest.raises(ParameterError, match="1001 samples at 1000 Hz, and a clip has 1000"):
        first_seconds(late[np.newaxis], RATE, 1.001)


def test_stored_parts_are_those_of_every_clip(tmp_path):
    rng = np.random.default_rng(0)
    clips = rng.normal(size=(150, 500)).astype(np.float32)
    clips *= np.arange(500) >= rng.integers(0, 500, (150, 1))
    spec, ids = {"sample_rate": RATE, "duration": 0.5}, {"clips": [f"{i:03}" for i in range(150)]}
    with store.create_array(tmp_path / "w.npy", clips.shape, "float32", spec=spec, ids=ids) as out:
        out[:] = clips
    asked = {**spec, "seconds": 0.2}
    cut_queries(asked, waveforms=tmp_path / "w.npy", output=tmp_path / "parts.npy")
    parts = store.open_array(tmp_path / "parts.npy", spec=asked)
    np.testing.assert_array_equal(parts.values, first_seconds(clips, RATE, 0.2))
    assert parts.ids == ids
