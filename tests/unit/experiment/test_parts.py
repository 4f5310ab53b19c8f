"""Queries that are parts of clips: what is planned, what decides them, and what is refused."""

from pathlib import Path

import pytest
import yaml

from resound.errors import ConfigError
from resound.experiment import specs
from resound.experiment.config import check
from resound.experiment.coordinates import Part
from resound.experiment.inventory import Inventory
from resound.experiment.jobs import Jobs
from resound.experiment.parts import asked_by_parts, part_rows, partial_runs, whole_runs
from resound.experiment.plan import Plan
from resound.provenance import spec_digest

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
MFCC = "dtw/mfcc/sr44100_nfft4096_hop1024"


@pytest.fixture
def config(tmp_path):
    """Return the shipped config with parts of 0.5 and 2 s, and pooled frames beside the others."""
    found = yaml.safe_load((ROOT / "config.yaml").read_text())
    found["results_dir"] = str(tmp_path)
    found["probe"]["encoders"] = ["efficientat"]
    found["partial_queries"]["seconds"] = [2, 0.5]
    summary = {"feature": "mel", "pooling": "summary", "normalise": ["standardise"]}
    found["features"]["mel_summary"] = summary
    parts = [{"distance": "dtw", "feature": "mfcc", "stft": "44k"}]
    fused = {"parts": parts, "scaling": ["local"], "chosen_by": "mrr@10"}
    found["retrieval"]["fusions"] = {"fused": fused}
    found["retrieval"]["tables"] = {
        "retrieval_dtw": {"distance": ["dtw"], "features": ["mfcc"], "stft": ["44k"]},
        "retrieval_cosine": {
            "distance": "cosine",
            "features": ["mel_summary", "mfcc", "fft"],
            "stft": ["44k"],
        },
        "retrieval_efficientat": {
            "distance": "cosine",
            "encodings": ["efficientat_frozen", "efficientat_tags"],
            "fusions": ["fused"],
        },
        "retrieval_embeddings": {"distance": "cosine", "embeddings": "classification"},
    }
    return found


def test_what_takes_any_length_is_asked_by_each_length(config):
    check(config, SCHEMA)
    plan = Plan(config)
    whole = [f"{MFCC}/fold5", "cosine/mel_summary/sr44100_nfft4096_hop1024/fold5"]
    whole += ["cosine/efficientat_frozen/waveform/sr32000/fold5"]
    assert [run.path for run in asked_by_parts(plan)] == whole
    runs = partial_runs(plan)
    paths = [path.replace("/fold5", f"/{n}/fold5") for path in whole for n in ("500ms", "2000ms")]
    assert list(runs) == paths
    run = runs[f"{MFCC}/500ms/fold5"]
    assert isinstance(run.bank, Part)
    assert run.bank.folder == "features/mfcc/sr44100_nfft4096_hop1024"
    assert run.bank.asking == "parts/500ms/features/mfcc/sr44100_nfft4096_hop1024"
    assert not {*runs} & {*plan.runs}, "no other table shows them"
    config["partial_queries"]["seconds"] = []
    assert (asked_by_parts(Plan(config)), partial_runs(Plan(config))) == ([], {})


def test_only_what_asks_is_of_other_audio(config):
    run = partial_runs(Plan(config))["cosine/mel_summary/sr44100_nfft4096_hop1024/500ms/fold5"]
    told = specs.distances(config, run)
    assert told["asking"]["audio"] == {**told["bank"]["audio"], "seconds": 0.5}
    assert {**told["asking"], "audio": told["bank"]["audio"]} == told["bank"]
    assert told["normalise"] == ["standardise"]
    (whole,) = (of for of in asked_by_parts(Plan(config)) if of.bank == run.bank.bank)
    assert {**told, "asking": None} == {**specs.distances(config, whole), "asking": None}
    before = spec_digest(told)
    config["partial_queries"]["seconds"] = [0.5]
    assert spec_digest(specs.distances(config, run)) == before


def test_jobs_find_the_banks_of_both_sides(config):
    there = Inventory(Plan(config), [], lambda training: None)
    jobs = Jobs(there, ROOT / "workflow/scripts", lambda run: [])

    class Wildcards:
        run = f"{MFCC}/500ms/fold5"

    assert jobs.bank(Wildcards) == "<results>/features/mfcc/sr44100_nfft4096_hop1024/bank.npy"
    asking = "<results>/parts/500ms/features/mfcc/sr44100_nfft4096_hop1024/bank.npy"
    assert jobs.asking(Wildcards) == asking
    Wildcards.run = f"{MFCC}/fold5"
    assert jobs.asking(Wildcards) == []


def test_an_encoder_whose_weights_are_absent_has_no_rows(config):
    there = Inventory(Plan(config), ["efficientat"], lambda training: None)
    assert [run.distance for run in whole_runs(there)] == ["dtw", "cosine"]
    rows = part_rows(there)
    assert [seconds for seconds, _ in rows] == [0.5, 2.0, 0.5, 2.0]
    assert rows[0][1] == list(whole_runs(there)[0].row)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ([0], "seconds"),
        ([5], r"5 s must be less than a clip has, audio.duration 5.0 s"),
        ([0.0005], "whole milliseconds"),
        ([0.09], r"0.09 s at 44100 Hz are fewer samples than a frame of stft.44k has, n_fft: 4096"),
    ],
)
def test_what_cannot_be_is_said_before_any_job(config, seconds, said):
    config["partial_queries"]["seconds"] = seconds
    with pytest.raises(ConfigError, match=said):
        check(config, SCHEMA)


def test_the_table_s_name_is_taken(config):
    tables = config["retrieval"]["tables"]
    tables["retrieval_partial"] = tables.pop("retrieval_dtw")
    with pytest.raises(ConfigError, match="this is the table of partial_queries"):
        check(config, SCHEMA)
