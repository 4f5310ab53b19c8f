"""The real ESC-50 as released: its index, its splits, and rows of the study to four digits.

The figures are the study's own, as printed: 400 queries of fold 5 against the 1600 clips of folds 1
to 4, at 16 kHz, compared by cosine, by the settings of `workflow/configs/study.yaml`.
"""

from pathlib import Path

import numpy as np
import pytest
import yaml

from resound.audio.reading import decode_clips
from resound.data.folds import split_recordings
from resound.data.index import build_index
from resound.data.splits import split_clips
from resound.evaluation.ranking import RankingTask
from resound.evaluation.scoring import score_queries
from resound.features.extraction import extract_batch
from resound.registry import DISTANCES
from resound.report.published import retrieval_figures

pytestmark = [pytest.mark.real_data, pytest.mark.slow, pytest.mark.xdist_group("esc50")]

CONFIGS = Path(__file__).resolve().parents[2]
SETTING = {"sample_rate": 16_000, "n_fft": 2048, "hop_length": 512}
CLIPS_A_BLOCK = 100
ROWS = {"fft": "16000,-,-", "stft": "16000,2048,512", "mfcc": "16000,2048,512"}
SPLIT_BY_THE_RELEASE = {"131943", "134049", "209698", "234879"}


@pytest.fixture(scope="module")
def indexed(esc50):
    return build_index(esc50, "esc50", duration=5.0, n_threads=2)


@pytest.fixture(scope="module")
def waveforms(esc50, indexed):
    clips, _ = indexed
    decoded = np.empty((len(clips), 80_000), np.float32)
    files = [esc50 / file for file in clips["file"]]
    decode_clips(files, decoded, sample_rate=16_000, duration=5.0, n_threads=2)
    return decoded


def test_the_index_lists_all_clips_and_the_recordings_that_the_release_splits(indexed):
    clips, audit = indexed
    assert len(clips) == 2000
    assert set(clips["sample_rate"]) == {44_100}
    assert (clips.groupby(["fold", "category"]).size() == 8).all()
    assert set(split_recordings(clips)) == SPLIT_BY_THE_RELEASE
    listed = audit[audit["rule"] == "split_recording"]
    recording_of = clips.set_index("file")["src_file"]
    assert set(recording_of.loc[listed["file"]]) == SPLIT_BY_THE_RELEASE


@pytest.mark.parametrize("fold", [1, 2, 3, 4, 5])
def test_every_fold_asks_the_four_others(indexed, fold):
    clips, _ = indexed
    split = split_clips(clips, [fold], "keep")
    assert (split["query"].sum(), split["gallery"].sum()) == (400, 1600)
    assert set(clips["fold"][split["query"]]) == {fold}
    assert not (split["query"] & split["gallery"]).any()


@pytest.mark.parametrize("feature", ROWS)
def test_a_row_of_the_study(indexed, waveforms, feature):
    clips, _ = indexed
    split = split_clips(clips, [5], "keep")
    queries, gallery = (np.flatnonzero(split[side]) for side in ("query", "gallery"))
    asked = bank_of(feature, waveforms[queries])
    distances = np.concatenate(
        [
            DISTANCES["cosine"](asked, bank_of(feature, waveforms[block]), n_threads=2)
            for block in np.array_split(gallery, len(gallery) // CLIPS_A_BLOCK)
        ],
        axis=1,
    )
    task = RankingTask(clips.iloc[queries], clips.iloc[gallery], [10, 20], recordings_apart=False)
    scores = score_queries(task.table(task.rank(distances)), clips, top_k=[10, 20])
    figures = retrieval_figures()["cosine", feature, ROWS[feature]]
    assert len(figures) == 8
    found = {name: scores[name].mean() for name in figures}
    assert found == pytest.approx(figures, abs=0.0005)


def bank_of(feature, waveforms):
    options = yaml.safe_load((CONFIGS / "config.yaml").read_text())["features"][feature]
    study = yaml.safe_load((CONFIGS / "workflow/configs/study.yaml").read_text())["features"]
    options |= study.get(feature, {})
    batches = np.array_split(waveforms, max(1, len(waveforms) // 10))
    return np.concatenate([extract_batch(feature, b, **SETTING, **options) for b in batches])
