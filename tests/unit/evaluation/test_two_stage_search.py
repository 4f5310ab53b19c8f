"""Two-stage searches in stored banks against whole matrices that are sorted by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from resound import store
from resound.distances import cosine, dtw
from resound.errors import DataError, StoreError
from resound.evaluation.costs import read_costs
from resound.evaluation.ranking import RankingTask
from resound.evaluation.two_stage import choose_depth, search_tile
from resound.experiment.tiles import grid
from resound.registry import DISTANCES

CLASSES = 4
RNG = np.random.default_rng(0)
N_FOLDS, EACH = 4, 8
CLIPS = pd.DataFrame(
    {
        "id": [f"{i:03}" for i in range(N_FOLDS * EACH)],
        "fold": [1 + i % N_FOLDS for i in range(N_FOLDS * EACH)],
        "category": [f"class{i // N_FOLDS % CLASSES}" for i in range(N_FOLDS * EACH)],
        "src_file": [f"r{i // 2}" for i in range(N_FOLDS * EACH)],
    }
)
IDS = list(CLIPS["id"])
ASKS = (CLIPS["fold"] == 4).to_numpy()
LABELS = CLIPS["category"].astype("category").cat.codes.to_numpy()
FRAMES = (np.eye(CLASSES)[LABELS][:, None] + RNG.normal(size=(len(IDS), 5, CLASSES))).astype(
    np.float32
)
BANKS = {"cosine": FRAMES.mean(axis=1, keepdims=True), "dtw": FRAMES}
METHODS = {"depth": [2, 5, 50], "chosen_by": "mrr@3"}
WITHIN = {"query_folds": [4], "on_split_recording": "keep", "within": True}
SPLIT = {"query_folds": [4], "on_split_recording": "keep"}


def write_split(path, asks, answers):
    frame = pd.DataFrame({"id": CLIPS["id"], "query": asks, "gallery": answers})
    store.write_csv(frame, path)


def write_bank(folder, name, values):
    path = folder / name / "bank.npy"
    path.parent.mkdir(exist_ok=True)
    spec = {"feature": name}
    with store.create_array(path, values.shape, "float32", spec=spec, ids={"clips": IDS}) as bank:
        bank[:] = values


@pytest.fixture
def files(tmp_path):
    """Write the index, the splits and both banks."""
    about = {
        "file": CLIPS["id"] + ".wav", "target": LABELS, "sha256": CLIPS["id"], "group": "",
        "channels": 1, "frames": 100, "sample_rate": 100, "peak": 0.5, "rms_dbfs": -9.0,
        "near_silence_share": 0.0, "zero_tail_seconds": 0.0,
    }  # fmt: skip
    store.write_csv(CLIPS.assign(**about), tmp_path / "clips.csv")
    write_split(tmp_path / "asked.csv", ASKS, ~ASKS)
    write_split(tmp_path / "within.csv", ~ASKS, ~ASKS)
    for name, values in BANKS.items():
        write_bank(tmp_path, name, values)
    return tmp_path


def stages(split):
    return [
        {"bank": {"feature": name}, "distance": name, "options": {}, "hardware": {}, "split": split}
        for name in BANKS
    ]


def banks(files):
    return [files / name / "bank.npy" for name in BANKS]


def chosen(files, methods=METHODS, **others):
    spec = {"within": stages(WITHIN), "methods": methods, "gallery": WITHIN, **others}
    choose_depth(
        spec,
        clips=files / "clips.csv",
        split=files / "within.csv",
        banks=banks(files),
        choice=files / "choice.json",
        curve=files / "candidates.csv",
        n_threads=1,
    )
    told = json.loads((files / "choice.json").read_text())
    return spec, told, pd.read_csv(files / "candidates.csv")


def searched(files, spec, tile, split="asked.csv", **others):
    distances = {**spec, "asked": stages(SPLIT), "split": SPLIT, **others}
    search_tile(
        {"distances": distances, "tile": tile._asdict()},
        clips=files / "clips.csv",
        split=files / split,
        banks=banks(files),
        choice=files / "choice.json",
        output=files / "found.npy",
        costs=files / "costs.csv",
        n_threads=1,
    )
    return store.open_array(files / "found.npy"), read_costs([files / "costs.csv"])


def by_hand(asks, answers, depth, allowed=lambda query, clip: True):
    """Return each query's order of the gallery, sorted twice: positions among `answers`."""
    cheap, dear = (f.pairwise(BANKS[n][asks], BANKS[n][answers]) for n, f in MATRICES.items())
    orders = []
    for row, query in enumerate(asks):
        every = [i for i in range(len(answers)) if allowed(query, answers[i])]
        first = sorted(every, key=lambda i: (cheap[row, i], answers[i]))
        orders.append(sorted(first[:depth], key=lambda i: dear[row, i]) + first[depth:])
    return orders


MATRICES = {"cosine": cosine, "dtw": dtw}


def hits_of(values, asks, answers, own=None):
    task = RankingTask(CLIPS.iloc[asks], CLIPS.iloc[answers], [len(answers)], own, False)
    return [[i for i in row if i >= 0] for row in task.rank(values)[0].tolist()]


def test_the_depth_is_what_the_gallery_s_own_folds_find_most_by(files):
    _, told, curve = chosen(files)
    assert list(curve["depth"]) == METHODS["depth"]
    for row in curve.to_dict("records"):
        every = []
        for fold in (1, 2, 3):
            inside = CLIPS["fold"].to_numpy() == fold
            asks, others = np.flatnonzero(inside), np.flatnonzero(~ASKS & ~inside)
            ranks = []
            for query, order in zip(asks, by_hand(asks, others, row["depth"]), strict=True):
                right = [i for i, at in enumerate(order[:3]) if LABELS[others[at]] == LABELS[query]]
                ranks.append(1 / (1 + right[0]) if right else 0.0)
            assert row[f"fold{fold}"] == pytest.approx(np.mean(ranks))
            every += ranks
        assert row["mean"] == pytest.approx(np.mean(every))
    assert len({*curve["mean"]}) > 1, "a depth that changes nothing tests nothing"
    assert told["place"] == int(curve["mean"].argmax())
    assert told["chosen"] == {"depth": METHODS["depth"][told["place"]]}


def test_no_label_of_the_asked_fold_is_seen(files):
    before = chosen(files)[1:]
    index = pd.read_csv(files / "clips.csv", dtype=str)
    index.loc[ASKS, "category"] = "another"
    store.write_csv(index, files / "clips.csv")
    after = chosen(files)[1:]
    assert before[0] == after[0]
    pd.testing.assert_frame_equal(before[1], after[1])


@pytest.mark.parametrize("depth", [1, 5, 24, 1000])
def test_a_search_is_two_sorts_tile_by_tile_and_computes_no_other_pair(files, depth, monkeypatch):
    computed = []

    def counting(queries, gallery, **options):
        computed.append(len(queries) * len(gallery))
        return dtw.pairwise(queries, gallery, **options)

    spec, told, curve = chosen(files, {"depth": [depth], "chosen_by": "mrr@3"})
    assert (told["place"], told["reached"], len(curve)) == (0, None, 0)
    monkeypatch.setitem(DISTANCES._loaded, "dtw", counting)
    asks, answers = np.flatnonzero(ASKS), np.flatnonzero(~ASKS)
    expected, whole = by_hand(asks, answers, depth), []
    for tile in grid(len(asks), len(answers), queries=3, gallery=1000):
        found, costs = searched(files, spec, tile)
        assert found.ids["queries"] == [IDS[i] for i in asks[tile.rows]]
        assert costs["pairs"].to_dict() == {
            "proposing": found.values.size,
            "deciding": len(found.values) * min(depth, len(answers)),
        }
        assert (costs["cpu_seconds"] >= 0).all()
        whole.append(np.array(found.values))
    assert hits_of(np.concatenate(whole), asks, answers) == expected
    # And one pair a tile, before time is counted.
    assert sum(computed) == len(asks) * min(depth, len(answers)) + 3
    if depth >= len(answers):
        exhaustive = dtw.pairwise(FRAMES[asks], FRAMES[answers])
        np.testing.assert_array_equal(np.concatenate(whole), exhaustive)


def test_a_gallery_of_one_and_clips_that_are_all_alike_have_an_order(files):
    for name, values in BANKS.items():
        write_bank(files, name, np.ones_like(values))
    answers = np.flatnonzero(~ASKS)
    asks = np.flatnonzero(ASKS)
    spec, _, _ = chosen(files, {"depth": [3], "chosen_by": "mrr@3"})
    found, _ = searched(files, spec, *grid(8, 24, queries=8, gallery=24))
    assert hits_of(found.values, asks, answers) == [list(range(24))] * 8, "all tied: by id"
    one = np.arange(len(IDS)) == answers[7]
    write_split(files / "one.csv", ASKS, one)
    found, costs = searched(files, spec, *grid(8, 1, queries=8, gallery=1), split="one.csv")
    assert found.values.shape == (8, 1)
    assert costs["pairs"]["deciding"] == 8


def test_where_all_ask_all_no_clip_is_proposed_to_its_own_recording(files):
    write_split(files / "all.csv", True, True)
    spec, _, _ = chosen(files, {"depth": [4], "chosen_by": "mrr@3"}, gallery={"query_folds": []})
    (tile,) = grid(len(IDS), len(IDS), queries=99, gallery=99)
    found, costs = searched(files, spec, tile, split="all.csv", exclude_same_recording=True)
    every = np.arange(len(IDS))
    expected = by_hand(every, every, 4, lambda query, clip: query // 2 != clip // 2)
    assert hits_of(found.values, every, every, own=True) == expected
    assert np.isinf(found.values).sum() == 2 * len(IDS)
    assert costs["pairs"]["deciding"] == 4 * len(IDS)


def test_what_cannot_be_chosen_or_was_chosen_for_something_else_is_refused(files):
    with pytest.raises(DataError, match="3 depths of a two-stage search"):
        chosen(files, gallery={"query_folds": []})
    spec, _, _ = chosen(files)
    (tile,) = grid(8, 24, queries=8, gallery=24)
    with pytest.raises(StoreError, match="chosen for another ranking"):
        searched(files, {**spec, "methods": {**METHODS, "depth": [2]}}, tile)
