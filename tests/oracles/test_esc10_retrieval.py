"""Retrieval on the real ESC-10, beside an independent computation.

The figures are those of librosa's features and a plain DTW with Euclidean local cost: queries of
fold 5 against folds 1 to 4, MFCC with 13 coefficients, 64 mels, hamming, 44100/4096/1024,
area-normalised filters. `ndcg_retrieved@10` is that of a plain sort of the distances, with the 20
hits, re-sorted, as its ideal.
"""

import numpy as np
import pytest

from resound.audio.reading import decode_clips
from resound.data.layout import read_meta
from resound.data.splits import split_clips
from resound.evaluation.ranking import RankingTask
from resound.evaluation.scoring import score_queries
from resound.features.extraction import extract_batch
from resound.registry import DISTANCES

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

METRICS = (
    "mrr@10", "ndcg@10", "ndcg_retrieved@10", "binary@10", "proportion@10",
    "mrr@20", "binary@20", "proportion@20",
)  # fmt: skip
INDEPENDENT = {
    ("dtw", "htk"): (0.8005, 0.5952, 0.6593, 0.9750, 0.5663, 0.8005, 0.9750, 0.4844),
    ("dtw", "slaney"): (0.7735, 0.5897, 0.6525, 0.9500, 0.5663, 0.7756, 0.9750, 0.4888),
    ("cosine", "htk"): (0.7520, 0.5220, 0.5916, 0.9375, 0.4950, 0.7556, 0.9875, 0.4363),
    ("cosine", "slaney"): (0.7325, 0.5214, 0.5978, 0.9250, 0.4988, 0.7364, 0.9750, 0.4319),
}


@pytest.fixture(scope="module")
def clips(esc10):
    return read_meta(esc10, "esc10")


@pytest.fixture(scope="module")
def banks(esc10, clips):
    waveforms = np.empty((len(clips), 220_500), np.float32)
    files = [esc10 / file for file in clips["file"]]
    decode_clips(files, waveforms, sample_rate=44_100, duration=5.0)
    settings = {"sample_rate": 44_100, "n_fft": 4096, "hop_length": 1024}
    options = {"n_mfcc": 13, "n_mels": 64, "window": "hamming", "norm": "slaney"}
    batches = np.array_split(waveforms, 100)
    return {
        scale: np.concatenate(
            [extract_batch("mfcc", b, htk=scale == "htk", **settings, **options) for b in batches]
        )
        for scale in ("htk", "slaney")
    }


@pytest.mark.parametrize(("distance", "scale"), INDEPENDENT)
def test_retrieval_equals_the_independent_computation(clips, banks, distance, scale):
    split = split_clips(clips, [5])
    queries, gallery = (np.flatnonzero(split[side]) for side in ("query", "gallery"))
    distances = DISTANCES[distance](banks[scale][queries], banks[scale][gallery])
    task = RankingTask(clips.iloc[queries], clips.iloc[gallery], top_k=[10, 20])
    scores = score_queries(task.table(task.rank(distances)), clips, top_k=[10, 20])
    means = scores[list(METRICS)].mean()
    assert means.to_numpy() == pytest.approx(INDEPENDENT[distance, scale], abs=1e-4)
