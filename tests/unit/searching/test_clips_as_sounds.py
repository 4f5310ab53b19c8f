"""Clips, each a file: a search finds what the benchmark's ranking of the same clips finds.

Two lists of hits are the same when at each rank their scores differ by less than `ALIKE`, and the
hit of the one has that score in the other too: only clips that are so near to each other may stand
in another order.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from resound import cli
from resound.audio.reading import decode_clips
from resound.data import synthetic
from resound.data.layout import read_meta
from resound.evaluation.ranking import RankingTask
from resound.evaluation.scoring import score_queries
from resound.features.extraction import extract_batch
from resound.files import sha256_of
from resound.registry import DISTANCES
from resound.searching.asking import ask, read_query
from resound.searching.index import Index

ALIKE = 1e-6
FRAMING = {"sample_rate": 16_000, "n_fft": 1024, "hop_length": 512}
TOP_K = [10, 20]


def indexed(root: Path, gallery: pd.DataFrame, tmp_path: Path, *ways: str) -> Index:
    """Return the index that the command makes of links to the clips of a gallery."""
    (tmp_path / "gallery").mkdir()
    for file in gallery["file"]:
        (tmp_path / "gallery" / Path(file).name).symlink_to(root / file)
    into = tmp_path / "index"
    assert cli.main(["index", str(tmp_path / "gallery"), "--into", str(into), *ways]) == 0
    return Index(into)


def decoded(root: Path, clips: pd.DataFrame, rate: int, duration: float) -> np.ndarray:
    """Return all clips as the benchmark decodes them."""
    waveforms = np.empty((len(clips), round(duration * rate)), np.float32)
    files = [root / file for file in clips["file"]]
    decode_clips(files, waveforms, sample_rate=rate, duration=duration, n_threads=2)
    return waveforms


def ranked(clips: pd.DataFrame, vectors: np.ndarray, is_query: np.ndarray):
    """Return the task of the benchmark, its hits and all its distances."""
    banks = vectors[is_query][:, np.newaxis], vectors[~is_query][:, np.newaxis]
    distances = DISTANCES["cosine"](*banks)
    task = RankingTask(clips[is_query], clips[~is_query], top_k=TOP_K, recordings_apart=False)
    return task, task.table(task.rank(distances)), distances


def check_same(index: Index, root: Path, task: RankingTask, hits: pd.DataFrame, distances) -> None:
    """Ask the index for every query, and compare each list with the benchmark's."""
    method, place = index.choice.load(), {name: i for i, name in enumerate(task.gallery["id"])}
    expected = dict(iter(hits.groupby("query")))
    queries = zip(task.queries["id"], task.queries["file"], distances, strict=True)
    for query, file, row in queries:
        asked = read_query(root / file, method, index.grid)
        found = ask(index, asked, k=task.depth)
        scores = 2 * (1 - found["similarity"].to_numpy())
        np.testing.assert_allclose(scores, expected[query]["score"], atol=ALIKE, err_msg=query)
        places = [place[Path(hit).stem] for hit in found["file"]]
        assert len({*places}) == task.depth
        np.testing.assert_allclose(scores, row[places], atol=ALIKE, err_msg=query)


def test_statistics_of_a_feature_find_what_a_ranking_of_them_finds(tmp_path):
    synthetic.generate(tmp_path / "data", recordings=1, takes=2, duration=0.5, seed=1)
    root = tmp_path / "data"
    clips = read_meta(root, "folder")
    is_query = (clips["fold"] == 5).to_numpy()
    ways = ["--by", "mfcc", "--window", "0.5", "--option", "n_mels=40", "--threads", "1"]
    ways += [word for name, n in FRAMING.items() for word in ("--option", f"{name}={n}")]
    index = indexed(root, clips[~is_query], tmp_path, *ways)
    waveforms = decoded(root, clips, FRAMING["sample_rate"], 0.5)
    frames = extract_batch("mfcc", waveforms, n_mels=40, **FRAMING).astype(float)
    statistics = np.concatenate([frames.mean(axis=1), frames.std(axis=1)], axis=1)
    # The gallery has fewer clips than the method is fitted on: it is fitted on all of them.
    of_gallery = statistics[~is_query]
    standardised = (statistics - of_gallery.mean(axis=0)) / of_gallery.std(axis=0)
    check_same(index, root, *ranked(clips, standardised, is_query))


# As docs/encoders.md has them of ESC-50.
KNOWN = {"mrr@10": 0.9119, "proportion@10": 0.8418}


@pytest.mark.slow
@pytest.mark.real_data
def test_an_encoder_finds_what_the_benchmark_s_ranking_finds(esc50, tmp_path):
    root = Path(esc50)
    weights = os.environ.get("RESOUND_EFFICIENTAT")
    if not weights:
        pytest.skip("RESOUND_EFFICIENTAT is not set: it names mn04_as_mAP_432.pt")
    from resound.training.encoding import embeddings_of, load_encoder

    clips = read_meta(root, "esc50")
    is_query = (clips["fold"] == 5).to_numpy()
    ways = ["--by", "efficientat", "--weights", weights]
    index = indexed(root, clips[~is_query], tmp_path, *ways)
    spec = {"name": "efficientat", "family": "efficientat", "options": {}}
    encoder = load_encoder({**spec, "sha256": sha256_of(Path(weights))}, {"source": weights})
    vectors = embeddings_of(encoder, decoded(root, clips, encoder.sample_rate, 5.0))
    task, hits, distances = ranked(clips, vectors, is_query)
    check_same(index, root, task, hits, distances)
    scores = score_queries(hits, clips, top_k=TOP_K)
    for metric, value in KNOWN.items():
        assert scores[metric].mean() == pytest.approx(value, abs=5e-5)
