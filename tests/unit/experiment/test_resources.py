import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound.data import synthetic
from resound.data.listing import Listing
from resound.experiment.resources import (
    Outlook,
    Workload,
    duration,
    expected_clips,
    job_seconds,
    n_frames,
    training_seconds,
)
from resound.experiment.tiles import grid
from resound.features.extraction import feature_shape

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


def test_a_training_takes_its_clips_at_the_rate_of_its_network():
    assert training_seconds("cnn", 1600 * 60) == 960
    assert training_seconds("resnet18", 1600) == 2 * training_seconds("crnn", 1600)


def test_the_two_retrieval_tables_of_esc50_take_what_they_took():
    assert 90 * job_seconds(2000, of_network=False) == pytest.approx(196, rel=0.05)
    assert job_seconds(2000, of_network=True) < job_seconds(2000, of_network=False)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "10 s"),
        (34, "30 s"),
        (89, "90 s"),
        (91, "2 min"),
        (544, "9 min"),
        (5399, "90 min"),
        (5401, "1.5 h"),
        (39600, "11 h"),
        (400000, "111 h"),
    ],
)
def test_a_duration_claims_little(seconds, told):
    assert duration(seconds) == told


def test_an_outlook_tells_the_sum_and_the_share_of_trainings():
    outlook = Outlook([960.0] * 24 + [1920.0] * 8, [6.0] * 90, 0)
    assert str(outlook) == (
        "On two cores about 11 h: 11 h for 32 trainings, 9 min for 90 other jobs."
    )
    assert str(Outlook([], [6.0])) == "On two cores about 10 s: 10 s for 1 other job."
    assert str(Outlook([], [], 2)) == "Not counted: 2 jobs of pretrained encoders."
    assert str(Outlook([], [])) == ""


@pytest.mark.parametrize(("dataset", "n"), [("esc50", 2000), ("esc10", 400), ("folder", 0)])
def test_a_data_set_that_is_not_there_has_the_clips_that_it_will_have(dataset, n):
    made = {"recordings": 2, "takes": 2}
    assert expected_clips({"dataset": dataset, "synthetic": made}) == n


def test_a_generated_data_set_has_as_many_clips_as_are_expected(tmp_path):
    made = {"recordings": 2, "takes": 1}
    synthetic.generate(tmp_path / "data", **made, duration=0.1, sample_rate=16000)
    listed = Listing.of(tmp_path / "data", "synthetic").clips
    assert len(listed) == expected_clips({"dataset": "synthetic", "synthetic": made})
