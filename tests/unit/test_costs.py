import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound.costs import Workload, n_frames
from resound.features.extraction import feature_shape
from resound.tiling import grid

sizes = st.integers(1, 50)


@pytest.mark.parametrize(
    "setting",
    [
        {"sample_rate": 44100, "n_fft": 4096, "hop_length": 1024},
        {"sample_rate": 16000, "n_fft": 2048, "hop_length": 500},
        {"sample_rate": 16000, "n_fft": 255, "hop_length": 64},
        {"sample_rate": 16000, "n_fft": 256, "hop_length": 64},
    ],
)
@pytest.mark.parametrize("duration", [5.0, 0.4])
def test_the_frames_are_those_of_a_feature(setting, duration):
    samples = round(duration * setting["sample_rate"])
    assert n_frames(duration, setting) == feature_shape("stft", samples, **setting)[0]


def test_a_feature_of_the_whole_clip_has_one_frame():
    assert n_frames(5.0, {"sample_rate": 44100}) == 1


@given(sizes, sizes, st.integers(1, 9), st.integers(1, 9))
def test_the_jobs_are_the_tiles_of_the_grid(n_queries, n_gallery, queries, gallery):
    load = Workload(n_queries, n_gallery, 216, 13)
    tiles = grid(n_queries, n_gallery, queries=queries, gallery=gallery)
    assert load.jobs(queries=queries, gallery=gallery) == len(tiles)


def test_the_bytes_are_those_of_the_arrays():
    load = Workload(4, 16, 21, 13)
    assert load.bank_bytes == np.zeros((20, 21, 13), np.float32).nbytes
    assert load.distance_bytes == np.zeros((4, 16), np.float32).nbytes
    assert (load.pairs, load.cells) == (64, 64 * 21 * 21)
