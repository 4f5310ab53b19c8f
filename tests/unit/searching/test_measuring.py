"""Measuring a search: which clip a hit stands for, and what silent queries count."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from resound import store
from resound.data import synthetic
from resound.data.index import build_index, read_clips
from resound.data.long_files import lay_clips, read_places, shares
from resound.data.splits import split_clips
from resound.errors import AudioError, ParameterError
from resound.evaluation.long_files import loss_rows, score_all
from resound.searching.asking import ask, read_query
from resound.searching.index import Index
from resound.searching.measuring import clips_at, find_clips, index_sounds, search_sounds
from resound.searching.methods import choose

AUDIO = {"sample_rate": 16_000, "duration": 0.5, "resampling": "HQ"}
OPTIONS = ["sample_rate=16000", "n_fft=1024", "hop_length=512"]
GRID = {"window": 0.5, "hop": 0.25}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return a folder with a generated data set, one query of which is silent, and its index."""
    folder = tmp_path_factory.mktemp("measuring")
    synthetic.generate(
        folder / "data", recordings=1, takes=1, duration=0.5, sample_rate=16_000, seed=2
    )
    first = next(p for p in sorted((folder / "data/audio").iterdir()) if p.name.startswith("5-"))
    soundfile.write(first, np.zeros(8000), 16_000, "PCM_16")
    clips, _ = build_index(folder / "data", "folder", duration=0.5)
    store.write_csv(clips, folder / "clips.csv")
    store.write_csv(split_clips(clips, [5]), folder / "split.csv")
    return folder, first.stem


@pytest.fixture(scope="module")
def searched(data):
    """Return the folder with two long files, their index, and the hits of all queries."""
    folder, _ = data
    read = {"clips": folder / "clips.csv", "split": folder / "split.csv"}
    read |= {"data_root": folder / "data"}
    laid = {"audio": AUDIO, "files": 2, "seed": 0}
    lay_clips(laid, **read, sounds=folder / "sounds", places=folder / "places.csv")
    spec = {"laid": laid, "method": choose("mfcc", options=OPTIONS).spec, "grid": GRID}
    into = {"sounds": folder / "sounds", "into": folder / "index", "n_threads": 1}
    index_sounds(spec, weights=None, **into)
    spec = {"index": spec, "refine": False, "top_k": [5, 10]}
    places = {"index": folder / "index", "places": folder / "places.csv"}
    search_sounds(spec, **read, **places, output=folder / "hits.parquet", n_threads=1)
    return folder, spec


def test_a_hit_is_the_clip_that_it_overlaps_most_and_the_earlier_of_equals():
    laid = pd.DataFrame({"file": "a.flac", "start": [0.0, 5.0], "end": [5.0, 10.0]})
    laid = laid.assign(clip=["dog", "rain"])
    starts = [0.0, 2.4, 2.5, 2.6, 5.0, 10.0]
    hits = pd.DataFrame({"file": "x/a.flac", "start": starts, "end": np.add(starts, 5.0)})
    assert [*clips_at(hits, laid)] == ["dog", "dog", "dog", "rain", "rain", ""]


def test_a_clip_is_found_once_at_its_best_place(searched, tmp_path):
    folder, spec = searched
    # Of windows as long as clips no two that are apart stand for one clip; of shorter ones some do.
    short = {**spec["index"], "grid": {"window": 0.2, "hop": 0.1}}
    into = {"sounds": folder / "sounds", "into": tmp_path / "index", "n_threads": 1}
    index_sounds(short, weights=None, **into)
    index, laid = Index(tmp_path / "index"), read_places(folder / "places.csv")
    method, clips = index.choice.load(), read_clips(folder / "clips.csv")
    query = read_query(folder / "data" / clips["file"].iloc[-1], method, index.grid)
    places = ask(index, query, k=1000)
    at = pd.Series([*clips_at(places, laid)])
    assert at.duplicated().any(), "some places stand for one clip"
    found = find_clips(index, query, method, laid, k=40, refine=False)
    first = places[~at.duplicated()].head(40)
    assert [*found["start"]] == [*first["start"]]
    np.testing.assert_allclose(found["score"], 2 * (1 - first["similarity"]))
    assert find_clips(index, query, method, laid, k=3, refine=False).equals(found.head(3))


def test_a_silent_query_finds_nothing_and_counts_nothing(data, searched):
    (_, silent), (folder, spec) = data, searched
    hits, clips = (
        store.read_table(folder / "hits.parquet", spec=spec),
        read_clips(folder / "clips.csv"),
    )
    queries = [*clips["id"][clips["fold"] == 5]]
    assert sorted({*hits["query"]} | {silent}) == queries
    assert silent not in {*hits["query"]}
    assert (hits["n_relevant"] == 4).all()
    scores = score_all(hits, clips, queries, top_k=[5]).set_index("query")
    assert [*scores.index] == queries
    assert (scores.loc[silent].drop(["category", "src_file"]) == 0).all()
    assert scores["mrr@5"].mean() > 0.3
    assert scores["category"].notna().all()


def test_a_loss_is_that_of_the_same_queries_in_any_order():
    about = {"query": list("abcd"), "category": "dog", "src_file": list("wxyz"), "ties": 0.0}
    single = pd.DataFrame({**about, "mrr@5": [1.0, 1.0, 0.5, 0.5]})
    long = pd.DataFrame({**about, "mrr@5": [0.5, 1.0, 0.5, 0.0]}).iloc[::-1]
    ways = {"headline": "mrr@5", "samples": 100, "seed": 0, "level": 0.95}
    (row,) = loss_rows({("mfcc",): long}, {("mfcc",): single}, **ways)
    assert (row["mrr@5"], row["single_mrr@5"], row["lost_mrr@5"]) == (0.5, 0.75, 0.25)
    assert row["lost_mrr@5_low"] < 0.25 < row["lost_mrr@5_high"]
    assert row["p_value"] == 0.5, "of two differences of one sign"
    assert loss_rows({}, {}, **ways) == []


def test_what_was_laid_and_cannot_be_read_is_one_error(searched, tmp_path):
    _, spec = searched
    (tmp_path / "sounds").mkdir()
    soundfile.write(tmp_path / "sounds/0.flac", np.sin(np.arange(16_000)), 16_000)
    (tmp_path / "sounds/1.flac").touch()
    into = {"sounds": tmp_path / "sounds", "into": tmp_path / "index", "n_threads": 1}
    with pytest.raises(AudioError, match=r"1\.flac: empty.*run again"):
        index_sounds(spec["index"], weights=None, **into)


def test_there_are_no_more_files_than_clips():
    assert [len(share) for share in shares(10, files=3, seed=1)] == [4, 3, 3]
    with pytest.raises(ParameterError, match="files=11 must be at most 10"):
        shares(10, files=11, seed=0)
