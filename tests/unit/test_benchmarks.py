import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import report
from benchmarks.cases import simulated_gallery
from benchmarks.libraries import DTW, MFCC
from benchmarks.overhead import overhead_row
from benchmarks.processes import ChildFailed, _child, peak_memory_row
from benchmarks.retrieval_tables import dataset_at_hand, main, run_tables, table_rows
from benchmarks.runner import Case, Contender, Disagreement, absolute, measure, relative
from benchmarks.targets import TARGETS, Target
from benchmarks.training_step import step_row
from resound import store
from resound.errors import ParameterError

RNG = np.random.default_rng(0)
QUERIES = RNG.standard_normal((3, 20, 4)).astype(np.float32)
GALLERY = RNG.standard_normal((5, 24, 4)).astype(np.float32)
PEERS = ("dtaidistance", "tslearn", "aeon")  # in the benchmarks' own environment alone


def case_of(*contenders, tolerance=1e-5):
    return Case("tiny", "cell", 1, contenders, relative, tolerance)


def constant(name, result, work=1.0):
    return Contender(name, lambda: np.asarray(result, np.float64), work)


@pytest.mark.parametrize(
    ("local_cost", "library"), [(cost, name) for cost in DTW for name in DTW[cost]]
)
def test_every_library_is_asked_for_the_same_distances(local_cost, library):
    if library in PEERS:
        pytest.importorskip(library)
    contenders = [
        Contender(name, lambda name=name: DTW[local_cost][name](QUERIES, GALLERY, 1), 1.0)
        for name in ("resound", library)
    ]
    rows = measure(case_of(*contenders), rounds=1)
    assert [row["contender"] for row in rows] == ["resound", library]


@pytest.mark.parametrize("library", [name for name in MFCC if name != "resound"])
def test_every_library_is_asked_for_the_same_mfcc(library):
    waveforms = RNG.standard_normal((6, 4000))
    options = {"sample_rate": 8000, "n_fft": 1024, "hop_length": 256, "n_mels": 20, "n_mfcc": 5}
    options |= {"window": "hamming", "htk": True}
    ours, theirs = (MFCC[name](waveforms, options) for name in ("resound", library))
    assert ours.shape == (6, 16, 5)
    assert 0 < absolute(ours, theirs) < 1e-6  # another order of sums; librosa's filters are float32


def test_results_of_different_sizes_are_compared_where_both_are():
    full, corner = np.arange(1.0, 13).reshape(3, 4), np.arange(1.0, 13).reshape(3, 4)[:2, :2]
    rows = measure(case_of(constant("a", full), constant("b", corner * (1 + 1e-6))), rounds=1)
    assert rows[1]["difference"] == pytest.approx(1e-6, rel=1e-6)


@pytest.mark.parametrize("other", [[1.0, 2.1], [1.0, np.nan], [1.0, np.inf]])
def test_a_contender_that_computes_something_else_stops_the_run(other):
    case = case_of(constant("ours", [1.0, 2.0]), constant("theirs", other))
    with pytest.raises(Disagreement, match=r"tiny: the results of theirs and ours differ by"):
        measure(case, rounds=1)


def test_a_zero_agrees_with_a_zero_alone():
    assert relative(np.array([0.0, 2.0]), np.array([0.0, 2.0])) == 0
    assert relative(np.array([0.0, 2.0]), np.array([1e-9, 2.0])) == np.inf


def test_a_ratio_is_of_the_rates(monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr("benchmarks.runner.time.perf_counter", lambda: next(clock))
    rows = measure(case_of(constant("a", [1], work=8), constant("b", [1], work=2)), rounds=3)
    assert [row["seconds"] for row in rows] == [1, 1]
    assert [row["rate"] for row in rows] == [8, 2]
    assert [row["ratio"] for row in rows] == [1, 4]


def test_contenders_take_turns_at_being_first():
    order = []
    contenders = [
        Contender(name, lambda name=name: order.append(name) or np.ones(1), 1.0) for name in "abc"
    ]
    measure(case_of(*contenders), rounds=3)
    assert "".join(order) == "abc" + "abc" + "bca" + "cab"


def test_rounds_must_be_positive():
    with pytest.raises(ParameterError, match="rounds=0 must be a positive integer"):
        measure(case_of(constant("a", [1])), rounds=0)


def test_a_simulated_gallery_begins_with_the_real_one_and_repeats_no_clip():
    clips = simulated_gallery(GALLERY, 12)
    np.testing.assert_array_equal(clips[:5], GALLERY)
    assert clips.shape == (12, 24, 4)
    assert len(np.unique(clips.reshape(12, -1), axis=0)) == 12


def test_a_child_measures_its_own_memory_and_not_its_parent_s():
    parent = np.ones(100_000_000)
    row = peak_memory_row(2, 3)
    assert 30 < row["peak_mb"] < parent.nbytes / 1e6
    assert row["work"] == 6 * 216**2


def test_a_child_that_fails_says_why():
    with pytest.raises(ChildFailed, match=r"first-call euclidean nobody.*KeyError: 'nobody'"):
        _child("first-call", "euclidean", "nobody")


@pytest.mark.parametrize(
    ("value", "verdict"), [(8.0, "met"), (7.9, "missed"), (None, "not measured")]
)
def test_a_target_is_met_missed_or_not_measured(value, verdict):
    table = pd.DataFrame(measure(case_of(constant("a", [1]), constant("b", [1])), rounds=1))
    table["ratio"] = value
    contender = "nobody" if value is None else "b"
    assert Target("fast", "tiny", contender, 1, "ratio", ">=", 8.0).verdict(table) == verdict


def test_the_page_shows_losses_targets_and_the_machine(tmp_path):
    rows = measure(case_of(constant("ours", [1]), constant("theirs", [1])), rounds=1)
    rows[1]["ratio"] = 0.25
    machine, about = {"processor": "abacus"}, {"dataset": "esc10", "rounds": "1"}
    csv, page = tmp_path / "out" / "table.csv", tmp_path / "page.md"
    text = report.write(rows, csv, page, machine=machine, about=about)
    assert page.read_text() == text
    assert pd.read_csv(csv)["contender"].tolist() == ["ours", "theirs"]
    assert "| 0.25 " in text
    assert "abacus" in text
    assert text.count("not measured") == len(TARGETS)


def test_a_fact_stands_in_a_column_of_its_own(tmp_path):
    ours = Contender("ours", lambda: np.ones(1), 1.0, {"share_of_cells": 0.125})
    rows = measure(case_of(ours, constant("theirs", [1])), rounds=1)
    about = {"dataset": "esc10", "rounds": "1"}
    text = report.write(rows, tmp_path / "t.csv", tmp_path / "p.md", machine={}, about=about)
    assert "| share of cells" in text
    assert "| 0.125 " in text
    assert pd.read_csv(tmp_path / "t.csv")["share_of_cells"].tolist()[0] == 0.125


def test_the_time_in_which_no_rule_is_at_work_is_overhead(tmp_path):
    # Two jobs that overlap, a gap, and one more: 1 to 5 and 7 to 8 of 0 to 10 seconds.
    for name, seconds, end in (("a", 3, 4), ("b/c", 2, 5), ("d", 1, 8)):
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"s\th:m:s\n{seconds}\t0:00:0{seconds}\n")
        os.utime(path, (end, end))
    row = overhead_row(tmp_path, 0, 10)
    assert row["work"] == 3
    assert row["share_outside"] == pytest.approx(0.5)
    assert row["jobs_at_once"] == pytest.approx(0.6)
    csv = tmp_path / "overhead.csv"
    assert report.stored_rows(csv) == []
    store.write_csv(pd.DataFrame([row]), csv)
    assert report.stored_rows(csv) == [row]
    (target,) = (target for target in TARGETS if target.column == "share_outside")
    assert target.verdict(pd.DataFrame([row])) == "missed"


def write_job(path, seconds, end, cpu_time, max_rss):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\tmax_rss\tcpu_time\n{seconds}\t{max_rss}\t{cpu_time}\n")
    os.utime(path, (end, end))


def test_a_run_stands_beside_its_jobs_at_best(tmp_path):
    # Snakemake puts a dash where a job was too short to be looked at.
    write_job(tmp_path / "a.tsv", 4, 4, 6.5, 2000.0)
    write_job(tmp_path / "b/c.tsv", 5, 9, 1.5, 100.0)
    write_job(tmp_path / "b/d.tsv", 1, 10, "-", "-")
    run, best = table_rows("esc50", tmp_path, 16.0)
    assert (run["seconds"], run["work"], run["ratio"]) == (16.0, 3, 1.0)
    assert run["peak_mb"] == pytest.approx(2000 * 1.048576)
    assert run["jobs_at_once"] == pytest.approx(10 / 16)
    assert (best["seconds"], best["ratio"]) == (4.0, 0.25)
    table = pd.DataFrame([run, best])
    verdicts = {t.column: t.verdict(table) for t in TARGETS if t.case == run["case"]}
    assert verdicts == {"seconds": "met", "peak_mb": "missed"}


def test_the_tables_are_made_of_the_larger_data_set_at_hand(tmp_path, monkeypatch, capsys):
    for name in ("RESOUND_ESC50", "RESOUND_ESC10"):
        monkeypatch.delenv(name, raising=False)
    assert dataset_at_hand() is None
    monkeypatch.setattr("sys.argv", ["retrieval_tables", "--csv", f"{tmp_path}/rows.csv"])
    main()
    assert "left out, neither RESOUND_ESC50 nor RESOUND_ESC10" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("RESOUND_ESC10", "/small")
    assert dataset_at_hand() == ("esc10", Path("/small"))
    monkeypatch.setenv("RESOUND_ESC50", "/large")
    assert dataset_at_hand() == ("esc50", Path("/large"))


@pytest.mark.slow
def test_tables_that_cannot_be_made_stop_the_measurement(tmp_path):
    (tmp_path / "data" / "audio").mkdir(parents=True)
    (tmp_path / "data" / "meta").mkdir()
    (tmp_path / "data" / "meta" / "esc50.csv").write_text("filename\n")
    with pytest.raises(ChildFailed, match="the tables failed"):
        run_tables("esc50", tmp_path / "data", tmp_path)


def test_a_training_step_counts_the_arithmetic_of_its_convolutions(one_thread):
    """Of the CNN by hand: forward, and backward to weights and, but for the first, inputs."""
    row = step_row("cnn", "32-true", rounds=1)
    frames, bins, n_in, total = 125, 128, 1, 0
    for width in (16, 32, 64, 128):
        for n_from, passes in ((n_in, 2 if n_in == 1 else 3), (width, 3)):
            total += passes * 2 * 9 * n_from * width * frames * bins
        frames, bins, n_in = frames // 2, bins // 2, width
    assert row["gflop_a_clip"] == pytest.approx(total / 1e9, rel=0.01)
    parts = ("variation", "forward", "backward", "optimizer", "average")
    assert row["step"] == pytest.approx(sum(row[part] for part in parts))
    assert row["clips_a_second"] == pytest.approx(32_000 / row["step"])
