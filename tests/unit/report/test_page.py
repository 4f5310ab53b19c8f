"""The parts of the page: what is read from a run's files, what is drawn, what fits."""

import base64
import io
import json

import numpy as np
import pandas as pd
import pytest
import soundfile

from resound import store
from resound.data.audioset import class_names
from resound.report.page import predicted, sounds, tables, thumbnails
from resound.report.page.clips import Clips
from resound.report.page.hits import Hits, choose_queries, method_data
from resound.report.page.maps import map_data
from resound.report.page.origin import NO_COMMIT, commit, rule_seconds
from resound.report.page.render import script_json
from resound.report.page.tags import tag_data
from resound.store import StoredArray, create_array, write_csv


def clips_of(*categories: str) -> Clips:
    """Return an index of clips named a, b, c, ... in two groups."""
    frame = pd.DataFrame({"id": list("abcdefghij")[: len(categories)], "category": categories})
    return Clips(frame.assign(group=["wild" if c > "m" else "tame" for c in categories], fold=1))


CLIPS = clips_of("rain", "cat", "cat", "rain", "cat", "rain")


def hits_of(*lists: tuple[str, str]) -> Hits:
    """Return hits written as ("query", "first hits in order")."""
    pairs = [(query, hit, i + 1) for query, found in lists for i, hit in enumerate(found)]
    query, hit, rank = zip(*sorted(pairs, key=lambda pair: (pair[0], pair[2])), strict=True)
    score = np.array(rank) / 7
    return Hits(CLIPS.positions(query), CLIPS.positions(hit), np.array(rank), score)


@pytest.mark.parametrize(("pooling", "nearest"), [("max", "b"), (None, "c")])
def test_the_neighbours_on_a_map_are_those_of_what_is_compared(tmp_path, pooling, nearest):
    """Clips of two windows: b has those of a in the other order, c nearly in the same one."""
    values = np.zeros((3, 2, 3), np.float32)
    values[0, 0, 0] = values[0, 1, 1] = values[1, 0, 1] = values[1, 1, 0] = values[2, 0, 0] = 1
    values[2, 1] = 0.0, 0.9, 0.5
    points = pd.DataFrame({"clip_id": list("abc"), "x": 0.0, "y": 0.0})
    write_csv(points, tmp_path / "map.csv")
    ids = {"clips": list("abc")}
    with create_array(tmp_path / "bank.npy", (3, 2, 3), "float32", spec={}, ids=ids) as array:
        array[:] = values
    data = map_data(tmp_path / "map.csv", tmp_path / "bank.npy", CLIPS, pooling=pooling)
    assert CLIPS.ids[data["near"][0][0]] == nearest


def test_classes_stand_group_by_group():
    assert CLIPS.classes == ["cat", "rain"]
    assert CLIPS.groups == ["tame", "wild"]
    assert CLIPS.label.tolist() == [1, 0, 0, 1, 0, 1]


def test_a_method_s_hits_are_those_of_the_shown_queries_and_its_counts_those_of_all():
    hits = hits_of(("a", "db"), ("b", "ce"), ("f", "bc"))
    data = method_data(hits, CLIPS, CLIPS.positions(["b", "a"]), top_k=2)
    assert data["queries"] == [1, 0]
    assert data["hits"] == [[2, 4], [3, 1]]
    assert data["scores"][0] == [0.1429, 0.2857]
    assert data["pairs"] == [[0, 0, 2], [1, 0, 3], [1, 1, 1]]
    assert data["asked"] == [1, 2]


def test_a_distance_that_is_no_number_is_none():
    hits = hits_of(("a", "d"))._replace(score=np.array([np.inf]))
    assert method_data(hits, CLIPS, CLIPS.positions(["a"]), 1)["scores"] == [[None]]


def test_queries_are_spread_over_each_class():
    clips = clips_of(*["cat"] * 6, *["rain"] * 2)
    everyone = Hits(np.arange(8), np.arange(8), np.ones(8, int), np.zeros(8))
    assert choose_queries([everyone], clips, 3).tolist() == [0, 2, 4, 6, 7]
    assert choose_queries([], clips, 3).tolist() == []


def test_what_is_seen_first_is_heard_first():
    best, other = hits_of(("a", "de")), hits_of(("a", "bc"))
    order = sounds.order([0], [best, other], [[5], [2]], CLIPS)
    assert order == [0, 3, 4, 5, 1, 2]
    assert sounds.order([], [], [], CLIPS) == list(range(6))


def predictions() -> pd.DataFrame:
    logits = np.array([[2.0, 0.0], [0.0, 3.0], [0.0, 1.0], [0.0, 1.0]])
    frame = pd.DataFrame({"id": list("abce"), "category": ["rain", "cat", "cat", "cat"]})
    frame["predicted"] = ["cat", "rain", "rain", "cat"]
    return frame.assign(**{"logit:cat": logits[:, 0], "logit:rain": logits[:, 1]})


def test_the_surest_mistakes_come_first():
    data = predicted.classifier_data(predictions(), CLIPS, 2)
    assert data["wrong"] == 3
    assert [mistake[:2] for mistake in data["mistakes"]] == [[1, 1], [0, 0]]
    assert data["mistakes"][0][2] == pytest.approx(1 / (1 + np.exp(-3)), abs=5e-4)
    assert data["pairs"] == [[0, 0, 1], [0, 1, 2], [1, 0, 1]]


def test_a_class_that_a_network_does_not_know_takes_no_probability():
    frame = predictions().assign(**{"logit:siren": [np.nan, 0.0, np.nan, np.nan]})
    mistakes = predicted.classifier_data(frame, CLIPS, 3)["mistakes"]
    expected = {0: 1 / (1 + np.exp(-2)), 1: np.exp(3) / (np.exp(3) + 2)}
    for clip, probability in expected.items():
        assert {row[0]: row[2] for row in mistakes}[clip] == pytest.approx(probability, abs=5e-4)


def test_the_three_likeliest_tags_of_each_clip_come_with_their_probabilities(tmp_path):
    rng = np.random.default_rng(0)
    logits = rng.normal(-4, 3, (6, 527)).astype(np.float32)
    logits[0, [7, 3, 5]] = [20.0, 10.0, 9.0]
    order = CLIPS.ids[::-1]  # the bank may have them in another order than the index
    path = tmp_path / "bank.npy"
    with store.create_array(path, (6, 1, 527), "float32", spec={}, ids={"clips": order}) as bank:
        bank[:, 0] = logits[::-1]
    data = tag_data(path, CLIPS)
    names = class_names()
    for clip, shown in enumerate(data["ofClips"]):
        ranked = sorted(range(527), key=lambda tag: -logits[clip, tag])[:3]
        assert [data["names"][place] for place, _ in shown] == [names[tag] for tag in ranked]
        expected = [1 / (1 + np.exp(-float(logits[clip, tag]))) for tag in ranked]
        assert [likely for _, likely in shown] == pytest.approx(expected, abs=0.0051)
    assert data["ofClips"][0][0][1] == 1.0
    assert len(set(data["names"])) == len(data["names"]) <= 18, "no name that no clip has"
    json.dumps(data, allow_nan=False)


def test_a_sound_is_opus_of_about_its_bitrate_and_of_its_length():
    rng = np.random.default_rng(0)
    noise = (0.1 * rng.standard_normal(44_100 * 4)).astype(np.float32)
    for kbps in (8, 32):
        file = sounds.encode(noise, 44_100, kbps)
        assert len(file) * 8 / 4 == pytest.approx(kbps * 1000, rel=0.35)
        with soundfile.SoundFile(io.BytesIO(file)) as sound:
            assert (sound.format, sound.subtype, sound.samplerate) == ("OGG", "OPUS", 24_000)
            assert sound.frames / 24_000 == pytest.approx(4, abs=0.05)


@pytest.mark.parametrize(
    ("own", "kept"), [(8_000, 8_000), (11_025, 12_000), (16_000, 16_000), (44_100, 24_000)]
)
def test_the_rate_of_opus_is_not_below_the_sound_s_own(own, kept):
    assert sounds.opus_rate(own) == kept


def test_sounds_fill_the_budget_and_no_more():
    rng = np.random.default_rng(0)
    noise = (0.1 * rng.standard_normal((6, 8_000))).astype(np.float32)
    stored = StoredArray(noise, {"clips": CLIPS.ids}, {"sample_rate": 8_000})
    every = sounds.within(10**6, [5, 0, 1], CLIPS, stored, 16, n_threads=2)
    assert list(every) == [5, 0, 1]
    assert 'data-clip="5"' in every[5]
    exact = len(every[5]) + len(every[0])
    for budget, kept in ((exact, [5, 0]), (exact - 1, [5]), (0, [])):
        found = sounds.within(budget, [5, 0, 1], CLIPS, stored, 16, n_threads=1)
        assert list(found) == kept


def test_a_thumbnail_has_its_low_bands_below_and_is_black_60_db_down():
    spectrogram = np.full((87, 40), -100.0)
    spectrogram[:, :20] = 3.0
    picture = thumbnails.thumbnail(spectrogram)
    assert picture.shape == (thumbnails.HEIGHT, thumbnails.WIDTH)
    assert (picture[:23] == 0).all()
    assert (picture[25:] == 255).all()


def test_sheets_hold_a_thousand_clips_each(monkeypatch):
    monkeypatch.setattr(thumbnails, "PER_SHEET", 4)
    bank = StoredArray(np.zeros((6, 9, 4), np.float32), {"clips": CLIPS.ids}, {})
    first, second = (base64.b64decode(sheet) for sheet in thumbnails.sheets(bank, CLIPS))
    assert first[:4] == second[:4] == b"RIFF"


def test_json_in_a_script_cannot_end_it():
    data = {"<script>": "</script><!-- & \u2028", "é": 1.5}
    text = script_json(data)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == data
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_json([float("nan")])


def table() -> pd.DataFrame:
    metric = {"mrr@10": [0.5, np.nan], "mrr@10_low": [0.4, np.nan], "mrr@10_high": [0.6, np.nan]}
    study = {"published_mrr@10": [0.3, 0.2], "difference_mrr@10": [0.2, np.nan]}
    about = {"feature": ["mfcc", "f0"], "setting": ["sr16000"] * 2, "weights": ["", ""]}
    more = {"map@20": [0.1, 0.2], "n": [1200, 3], "missing": ["", "no network"]}
    return pd.DataFrame(about | metric | study | more | {"published_note": ["", ""]})


def test_a_metric_stands_with_its_interval_and_the_study_s_in_one_cell():
    columns, rows = tables.shown(table())
    assert [column.name for column in columns] == [
        "feature", "setting", "mrr@10", "map@20", "n", "missing",
    ]  # fmt: skip
    assert [column.name for column in columns if column.more] == ["map@20"]
    best, lost = (row[2] for row in rows)
    assert best == (0.5, "0.500", "[0.400, 0.600] · study 0.300 (+0.200)", True)
    assert lost == ("", "missing", "study 0.200", False)
    assert rows[0][4].text == "1,200"


def test_missing_rows_are_named_and_charts_leave_them_out():
    assert tables.missing(table()) == ["f0 sr16000: no network"]
    (row,) = tables.measures(table())["mrr@10"]
    assert (row["about"], row["study"]) == ({"feature": "mfcc", "setting": "sr16000"}, 0.3)


def test_a_chart_shows_the_row_of_all_folds():
    frame = pd.concat([table()[:1].assign(query_fold=fold) for fold in ("4", "5", "all")])
    assert len(tables.measures(frame)["mrr@10"]) == 1


def test_seconds_are_summed_by_rule(tmp_path):
    head = "s\th:m:s\tmax_rss\n"
    (tmp_path / "build_index.tsv").write_text(head + "2.5\t0:00:02\t10\n")
    for name, seconds in (("a/x", "3"), ("b/y", "4.25")):
        file = tmp_path / f"rank_gallery/{name}.tsv"
        file.parent.mkdir(parents=True)
        file.write_text(f"{head}{seconds}\t0:00:03\t-\n")
    assert rule_seconds(tmp_path) == [
        {"rule": "rank_gallery", "jobs": 2, "seconds": 7.2, "megabytes": 0},
        {"rule": "build_index", "jobs": 1, "seconds": 2.5, "megabytes": 10},
    ]
    assert rule_seconds(tmp_path / "absent") == []


def test_outside_of_a_checkout_there_is_no_commit(tmp_path):
    assert commit(tmp_path) == NO_COMMIT
