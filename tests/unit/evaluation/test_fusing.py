"""Fusions from stored tiles: what is chosen within the gallery, and what is made of it."""

import json

import numpy as np
import pandas as pd
import pytest

from resound import store
from resound.errors import DataError, StoreError
from resound.evaluation.fusing import (
    Stored,
    Tiled,
    candidates,
    choose,
    described,
    fuse_tile,
    stored_parts,
)
from resound.evaluation.ranking import RankingTask
from resound.experiment.asides import Division
from resound.experiment.tiles import grid
from resound.retrieval.fusion import Diffusion, Gallery, Method
from resound.retrieval.scaling import LocalScaling, Unscaled

SIZE = {"queries": 5, "gallery": 7}
CLASSES = 4
RNG = np.random.default_rng(0)


def clips_of(n_folds=4, each=8):
    n = n_folds * each
    return pd.DataFrame(
        {
            "id": [f"{i:03}" for i in range(n)],
            "fold": [1 + i % n_folds for i in range(n)],
            "category": [f"class{i // n_folds % CLASSES}" for i in range(n)],
            "src_file": [f"r{i}" for i in range(n)],
        }
    )


CLIPS = clips_of()
ASKS = (CLIPS["fold"] == 4).to_numpy()
LABELS = CLIPS["category"].astype("category").cat.codes.to_numpy()
POINTS = 2.5 * np.eye(CLASSES)[LABELS] + RNG.standard_normal((len(CLIPS), CLASSES))
# One distance tells classes apart, the other is noise.
GOOD = np.linalg.norm(POINTS[:, None] - POINTS, axis=-1).astype(np.float32)
NOISE = RNG.random(GOOD.shape).astype(np.float32) * 9
NOISE = (NOISE + NOISE.T) / 2
PARTS = {"good": GOOD, "noise": NOISE}
OPTIONS = {"scaling": ["none", "local"], "neighbours": [3], "chosen_by": "proportion@3"}
OPTIONS["weights"] = [[0, 1], [1, 0]]
WITHIN = {"query_folds": [4], "on_split_recording": "error", "within": True}


def spec_of(name, side):
    return {"distance": name, "split": side}


@pytest.fixture
def files(tmp_path):
    """Write the index, both splits, and the tiles of both distances and sides."""
    about = {
        "file": CLIPS["id"] + ".wav", "target": LABELS, "sha256": CLIPS["id"], "group": "",
        "channels": 1, "frames": 100, "sample_rate": 100, "peak": 0.5, "rms_dbfs": -9.0,
        "near_silence_share": 0.0, "zero_tail_seconds": 0.0,
    }  # fmt: skip
    store.write_csv(CLIPS.assign(**about), tmp_path / "clips.csv")
    store.write_csv(
        pd.DataFrame({"id": CLIPS["id"], "query": ASKS, "gallery": ~ASKS}), tmp_path / "fold4.csv"
    )
    store.write_csv(
        pd.DataFrame({"id": CLIPS["id"], "query": ~ASKS, "gallery": ~ASKS}),
        tmp_path / "within.csv",
    )
    for name, whole in PARTS.items():
        for side, asks in (("asked", ASKS), ("within", ~ASKS)):
            write_tiles(tmp_path / side / name, spec_of(name, side), whole, asks)
    return tmp_path


def write_tiles(folder, spec, whole, asks):
    rows, columns = np.flatnonzero(asks), np.flatnonzero(~ASKS)
    for tile in grid(len(rows), len(columns), **SIZE):
        here = rows[tile.rows], columns[tile.columns]
        ids = dict(zip(("queries", "gallery"), (list(CLIPS["id"][i]) for i in here), strict=True))
        path = folder / f"tile{tile.row}-{tile.column}/distances.npy"
        path.parent.mkdir(parents=True)
        values = whole[np.ix_(*here)]
        whole_spec = {"distances": spec, "tile": tile._asdict()}
        with store.create_array(path, values.shape, "float32", spec=whole_spec, ids=ids) as array:
            array[:] = values


def parts_of(files, side):
    paths = [str(path) for path in sorted((files / side).glob("*/*/distances.npy"), key=in_order)]
    return stored_parts(
        paths, [(f"{side}/{name}", Division(**SIZE, mode="full")) for name in PARTS]
    )


def in_order(path):
    row, column = path.parent.name.removeprefix("tile").split("-")
    return path.parent.parent.name, int(row), int(column)


def chosen(files, options=OPTIONS, **others):
    spec = {
        "within": [spec_of(name, "within") for name in PARTS],
        "methods": options,
        "gallery": WITHIN,
        **others,
    }
    where = {"choice": files / "choice.json", "curve": files / "candidates.csv"}
    choose(
        spec,
        clips=files / "clips.csv",
        split=files / "within.csv",
        parts=parts_of(files, "within"),
        **where,
    )
    return spec, json.loads(where["choice"].read_text()), pd.read_csv(where["curve"])


def by_hand(method, fold):
    """Return the share of right hits of a fold's clips among those of the other folds."""
    inside = ~ASKS
    asks = inside & (CLIPS["fold"] == fold).to_numpy()
    others = inside & ~asks
    answers = Gallery([d[np.ix_(others, others)] for d in PARTS.values()], method)
    found = answers.distances([d[np.ix_(asks, others)] for d in PARTS.values()])
    near = np.argsort(found, axis=1, kind="stable")[:, :3]
    return (LABELS[others][near] == LABELS[asks][:, None]).mean()


def test_the_method_is_what_the_gallery_s_own_folds_find_most_by(files):
    _, told, curve = chosen(files)
    methods = candidates(OPTIONS, 2)
    assert len(curve) == len(methods) == 4
    for row, method in zip(curve.to_dict("records"), methods, strict=True):
        assert {key: row[key] for key in described(method)} == described(method)
        shares = [by_hand(method, fold) for fold in (1, 2, 3)]
        np.testing.assert_allclose([row[f"fold{fold}"] for fold in (1, 2, 3)], shares)
        assert row["mean"] == pytest.approx(np.mean(shares))
    best = int(curve["mean"].argmax())
    assert told["place"] == best
    assert told["chosen"] == described(methods[best])
    assert told["chosen"]["weights"] == "1 0"


def test_no_label_of_the_asked_fold_is_seen(files):
    before = chosen(files)[1:]
    index = pd.read_csv(files / "clips.csv", dtype=str)
    index.loc[ASKS, "category"] = "another"
    store.write_csv(index, files / "clips.csv")
    after = chosen(files)[1:]
    assert before[0] == after[0]
    pd.testing.assert_frame_equal(before[1], after[1])


def fused(files, spec, tile, **others):
    distances = {
        **spec,
        "asked": [spec_of(name, "asked") for name in PARTS],
        "split": {"query_folds": [4], "on_split_recording": "error"},
        **others,
    }
    output = files / "fused.npy"
    fuse_tile(
        {"distances": distances, "tile": tile._asdict()},
        clips=files / "clips.csv",
        splits=(files / "fold4.csv", files / "within.csv"),
        choice=files / "choice.json",
        asked=parts_of(files, "asked"),
        within=parts_of(files, "within"),
        output=output,
    )
    return store.open_array(output)


def test_tiles_are_those_of_the_whole(files):
    spec, told, _ = chosen(files)
    method = candidates(OPTIONS, 2)[told["place"]]
    gallery = Gallery([d[np.ix_(~ASKS, ~ASKS)] for d in PARTS.values()], method)
    expected = gallery.distances([d[np.ix_(ASKS, ~ASKS)] for d in PARTS.values()])
    tiles = grid(ASKS.sum(), (~ASKS).sum(), queries=3, gallery=1000)
    assert len(tiles) == 3
    for tile in tiles:
        made = fused(files, spec, tile)
        np.testing.assert_array_equal(made.values, expected[tile.rows])
        assert made.ids["queries"] == list(CLIPS["id"][ASKS][tile.rows])
        assert made.ids["gallery"] == list(CLIPS["id"][~ASKS])


def test_a_choice_for_something_else_is_refused(files):
    spec, _, _ = chosen(files)
    (tile,) = grid(8, 24, queries=8, gallery=24)
    with pytest.raises(StoreError, match="chosen for another ranking"):
        fused(files, {**spec, "methods": {**OPTIONS, "scaling": ["none"]}}, tile)


def test_without_folds_there_is_nothing_to_choose_by(files):
    with pytest.raises(DataError, match=r"4 methods of a fusion .* name one value"):
        chosen(files, gallery={"query_folds": [], "on_split_recording": "error"})
    one = {**OPTIONS, "weights": [[1, 1]], "scaling": ["local"]}
    _, told, curve = chosen(files, one, gallery={"query_folds": []})
    assert (told["place"], told["of"], told["reached"], len(curve)) == (0, 1, None, 0)


def test_where_all_ask_all_no_clip_meets_its_own_recording(files):
    everything = pd.DataFrame({"id": CLIPS["id"], "query": True, "gallery": True})
    store.write_csv(everything, files / "all.csv")
    for name, whole in PARTS.items():
        folder = files / "all" / name / "tile0-0"
        folder.mkdir(parents=True)
        ids = {"queries": list(CLIPS["id"]), "gallery": list(CLIPS["id"])}
        (tile,) = grid(len(CLIPS), len(CLIPS), queries=99, gallery=99)
        whole_spec = {"distances": spec_of(name, "all"), "tile": tile._asdict()}
        with store.create_array(
            folder / "distances.npy", whole.shape, "float32", spec=whole_spec, ids=ids
        ) as array:
            array[:] = whole
    parts = [
        Stored((files / f"all/{name}/tile0-0/distances.npy",), {"queries": 99, "gallery": 99})
        for name in PARTS
    ]
    one = {"scaling": ["local"], "chosen_by": "mrr@10"}
    specs = [spec_of(name, "all") for name in PARTS]
    spec = {"within": specs, "methods": one, "gallery": {"query_folds": []}}
    where = {"clips": files / "clips.csv", "choice": files / "choice.json"}
    choose(spec, split=files / "all.csv", parts=parts, curve=files / "curve.csv", **where)
    both = {"split": {"query_folds": [], "on_split_recording": "error"}, "asked": specs}
    distances = {**spec, **both, "exclude_same_recording": True}
    fuse_tile(
        {"distances": distances, "tile": tile._asdict()},
        splits=(files / "all.csv", files / "all.csv"),
        asked=parts,
        within=parts,
        output=files / "fused.npy",
        **where,
    )
    made = store.open_array(files / "fused.npy").values
    assert np.isinf(np.diag(made)).all()
    assert np.isinf(made).sum() == len(CLIPS)
    task = RankingTask(CLIPS, CLIPS, [3], True)
    assert (task.rank(made)[0] != np.arange(len(CLIPS))[:, None]).all()


def test_rows_of_tiles_are_rows_of_the_matrix(files):
    ids = list(CLIPS["id"][~ASKS])
    tiled = Tiled(parts_of(files, "within")[0], spec_of("good", "within"), ids, ids)
    whole = GOOD[np.ix_(~ASKS, ~ASKS)]
    places = np.array([23, 0, 7, 7, 5])
    np.testing.assert_array_equal(tiled[places], whole[places])
    assert len(tiled) == len(whole)
    with pytest.raises(StoreError, match="not those of the split"):
        Tiled(parts_of(files, "within")[0], spec_of("good", "within"), ids[::-1], ids)


def test_candidates_are_all_combinations_each_once():
    found = candidates(
        {
            "scaling": ["local", "none"],
            "neighbours": [2, 4],
            "diffusion": {"neighbours": [3], "alpha": [0.5, 0.9]},
        },
        1,
    )
    assert found == [
        Method((1.0,), scaling, None, Diffusion(3, alpha))
        for scaling in (LocalScaling(2), LocalScaling(4), Unscaled())
        for alpha in (0.5, 0.9)
    ]
