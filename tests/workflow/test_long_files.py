"""The gallery in long files: made, indexed, searched, scored, and made again where it is stale."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from resound.files import sha256_of
from tests.once import made_once
from tests.tiny_encoders import write_efficientat
from tests.workflow.conftest import Project, undone

TABLE = "out/tables/retrieval_long.csv"
LONG, SINGLE = (f"out/long_files/fold5/{layout}" for layout in ("long", "single"))
MFCC, NETWORK = "mfcc/sr16000_nfft2048_hop512", "efficientat/sr32000"
# Of two methods in two layouts.
SEARCHED = {"search_sounds": 4, "score_search": 4, "make_retrieval_long_table": 1}
INDEXED = {"index_sounds": 4, **SEARCHED}
ALL = {"lay_clips": 2, **INDEXED}
OF_LONG = {"lay_clips": 1, "index_sounds": 2, "search_sounds": 2, "score_search": 2}


class LongProject(Project):
    targets = (TABLE,)
    configs = ("tiny.yaml", "long.yaml")


def laid_out(folder: Path) -> Project:
    """Return a project with tiny weights and the config laid over that of the tiny experiment."""
    project = LongProject.fresh(folder)
    (folder / "weights").mkdir()
    write_efficientat(folder / "weights/efficientat.pt")
    text = Path(__file__).with_name("long.yaml").read_text()
    digest = sha256_of(folder / "weights/efficientat.pt")
    (folder / "long.yaml").write_text(text.replace("EFFICIENTAT", digest))
    return project


@pytest.fixture(scope="session")
def searched(tmp_path_factory) -> Project:
    """Return the project in which it has run; leave it as you found it."""

    def make(folder: Path) -> None:
        laid_out(folder).run("--cores", "2")

    return LongProject(made_once(tmp_path_factory, "searched", make))


@pytest.fixture
def unchanged(searched):
    yield from undone(searched)


def test_the_files_hold_the_gallery_s_clips_where_the_record_says(searched):
    clips = pd.read_csv(searched.folder / "out/index/clips.csv").set_index("id")
    places = pd.read_csv(searched.folder / LONG / "places.csv")
    assert sorted(places["clip"]) == sorted(clips.index[clips["fold"] != 5])
    assert sorted(places["file"].unique()) == ["0.flac", "1.flac", "2.flac"]
    assert [*places["clip"]] != sorted(places["clip"])
    for row in places.itertuples():
        span = {"start": round(row.start * 44_100), "stop": round(row.end * 44_100)}
        there, rate = soundfile.read(searched.folder / LONG / "sounds" / row.file, **span)
        clip, own = soundfile.read(searched.folder / "data" / clips["file"][row.clip])
        assert rate == own
        np.testing.assert_array_equal(there, clip)


def test_the_table_tells_both_layouts_and_what_is_lost(searched):
    table = pd.read_csv(searched.folder / TABLE)
    assert [*table["method"]] == ["mfcc", "efficientat"]
    assert [*table["n_queries"]] == [20, 20]
    for row in table.to_dict("records"):
        for metric in ("mrr@10", "proportion@10", "ndcg@20"):
            lost = row[f"single_{metric}"] - row[metric]
            assert row[f"lost_{metric}"] == pytest.approx(lost)
            assert row[f"lost_{metric}_low"] - 1e-9 <= lost <= row[f"lost_{metric}_high"] + 1e-9
    assert table["p_value"].between(0, 1).all()
    caption = (searched.folder / TABLE).with_suffix(".md").read_text()
    assert "in 3 long files" in caption
    assert "0.4 s every 0.2 s" in caption


def test_hits_are_clips_once_each_and_where_the_record_says(searched):
    for layout, method in ((LONG, MFCC), (LONG, NETWORK), (SINGLE, MFCC), (SINGLE, NETWORK)):
        hits = pd.read_parquet(searched.folder / layout / method / "hits.parquet")
        assert not hits.duplicated(["query", "hit"]).any()
        assert hits.groupby("query").size().eq(20).all()
        places = pd.read_csv(searched.folder / layout / "places.csv").set_index("clip")
        at = places.loc[hits["hit"]].reset_index()
        assert [*hits["file"]] == [*at["file"]]
        shared = np.minimum(hits["end"], at["end"]) - np.maximum(hits["start"], at["start"])
        assert (shared > 0.2 - 1e-6).all(), "a hit stands for the clip that most of it lies in"
        for _, some in hits.groupby("query"):
            assert some["score"].is_monotonic_increasing
            assert [*some["rank"]] == [*range(1, 21)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("files: 3", "files: 4", {**OF_LONG, "make_retrieval_long_table": 1}),
        ("hop: 0.2", "hop: 0.1", INDEXED),
        ("files: 3,", "files: 3, refine: false,", SEARCHED),
        ("files: 3,", "files: 3, seed: 1,", {**OF_LONG, "make_retrieval_long_table": 1}),
        ("files: 3,", "files: 3, sample_rate: 32000,", ALL),
        ("stft: 16k,", "stft: 44k,", {r: n // 2 or n for r, n in INDEXED.items()}),
        ("methods: [mfcc, ", "methods: [", {"make_retrieval_long_table": 1}),
    ],
)
def test_a_key_re_runs_what_it_decides(unchanged, old, new, expected):
    unchanged.edit("long.yaml", old, new)
    assert unchanged.stale() == expected


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("src/resound/data/long_files.py", ALL),
        ("src/resound/searching/windows.py", INDEXED),
        (
            "src/resound/evaluation/long_files.py",
            {"score_search": 4, "make_retrieval_long_table": 1},
        ),
        ("src/resound/report/long_files.py", {"make_retrieval_long_table": 1}),
        ("src/resound/features/mfcc.py", {r: n // 2 or n for r, n in INDEXED.items()}),
        ("src/resound/experiment/searches.py", {}),
    ],
)
def test_an_edited_module_re_runs_its_users(unchanged, module, expected):
    path = unchanged.folder / module
    path.write_text(path.read_text() + "\nADDED = 1\n")
    assert unchanged.stale() == expected


def test_without_weights_a_method_has_no_row_and_a_note(searched, tmp_path):
    project = searched.copy_to(tmp_path / "copied")
    shutil.rmtree(project.folder / "weights")
    project.run()
    assert [*pd.read_csv(project.folder / TABLE)["method"]] == ["mfcc"]
    caption = (project.folder / TABLE).with_suffix(".md").read_text()
    assert "missing because the weights weights/efficientat.pt are not here" in caption
    project.edit("long.yaml", "methods: [mfcc, ", "methods: [")
    project.run()
    assert pd.read_csv(project.folder / TABLE).empty
    project.snakemake("out/report/index.html", "--dry-run", "--configfile", *project.configs)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[mfcc,", "[mfc,", r"long_files\.methods: 'mfc' .*did you mean 'mfcc'"),
        ("hop: 0.2", "hop: 0.5", r"long_files\.hop: 0.5 s must be at most its window, 0.4 s"),
        ("stft: 16k", "stft: 8k", r"long_files\.stft: '8k' "),
        ("files: 3", "files: 0", r"long_files\.files: 0 must be an integer of at least 1"),
    ],
)
def test_a_mistake_is_named(unchanged, old, new, message):
    unchanged.edit("long.yaml", old, new)
    unchanged.match(message, unchanged.run("--dry-run", check=False))


def test_more_files_than_clips_are_one_error(tmp_path):
    project = laid_out(tmp_path)
    project.edit("long.yaml", "files: 3", "files: 81")
    output = project.run(check=False)
    project.match(r"files=81 must be at most 80, the clips of the gallery", output)
    assert "Traceback" not in output
