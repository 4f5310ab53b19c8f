"""Fusions in a config: what they plan, what decides them, and what is refused."""

import copy
from pathlib import Path

import pytest
import yaml

from resound.errors import ConfigError
from resound.experiment import specs
from resound.experiment.config import check
from resound.experiment.coordinates import Fusion, Split
from resound.experiment.divisions import UNDIVIDED, division_of, part_divisions
from resound.experiment.inventory import Inventory
from resound.experiment.plan import Plan
from resound.provenance import spec_digest
from resound.query_by_example import methods

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
FUSED = {
    "parts": [
        {"distance": "dtw", "feature": "mfcc", "stft": "44k"},
        {"distance": "cosine", "feature": "mel_summary", "stft": "44k"},
    ],
    "scaling": ["local"],
    "chosen_by": "mrr@10",
}


@pytest.fixture
def config(tmp_path):
    """Return the shipped config with one fusion in a table of its own."""
    found = yaml.safe_load((ROOT / "config.yaml").read_text())
    found["results_dir"] = str(tmp_path)
    summary = {"feature": "mel", "pooling": "summary", "normalise": ["standardise"]}
    found["features"]["mel_summary"] = summary
    found["retrieval"]["fusions"] = {"fused": copy.deepcopy(FUSED)}
    found["retrieval"]["tables"] = {"retrieval_fused": {"fusions": ["fused"]}}
    return found


def test_a_fusion_needs_its_parts_and_the_same_within_the_gallery(config):
    check(config, SCHEMA)
    plan = Plan(config)
    (run,) = plan.runs_of("retrieval_fused")
    assert run.path == "fusion/fused/fold5"
    assert isinstance(run.bank, Fusion)
    assert run.row.about["method"] == "fused"
    assert run.row.about["feature"] == "dtw mfcc + cosine mel_summary"
    asked = ["dtw/mfcc/sr44100_nfft4096_hop1024/fold5"]
    asked += ["cosine/mel_summary/sr44100_nfft4096_hop1024/fold5"]
    assert [part.path for part in run.bank.asked(run.split)] == asked
    within = [part.path for part in run.bank.within(run.split)]
    assert within == [f"{path}_within" for path in asked]
    for path in (*asked, *within):
        assert plan.run(path).path == path
    assert plan.split("fold5_within") == Split("fold5_within", (5,), within=True)
    # No table shows its parts, and a recording of one's own cannot be compared by it.
    assert list(plan.runs) == [run.path]
    assert methods(plan) == {}


def test_where_every_clip_asks_the_gallery_is_all_of_them(config):
    config["retrieval"]["protocol"] = "leave_one_out"
    (run,) = Plan(config).runs_of("retrieval_fused")
    assert run.bank.within(run.split) == run.bank.asked(run.split)
    told = specs.distances(config, run)
    assert told["exclude_same_recording"] is True


def test_its_spec_holds_the_parts_and_the_gallery_s_split(config):
    (run,) = Plan(config).runs_of("retrieval_fused")
    told = specs.distances(config, run)
    assert told["within"][0]["split"] == {**told["asked"][0]["split"], "within": True}
    assert told["within"][1]["normalise"] == ["standardise"]
    assert told["within"][1]["bank"]["options"] == {"pooling": "summary"}
    assert told["methods"] == {"scaling": ["local"], "chosen_by": "mrr@10"}
    before = spec_digest(told)
    config["retrieval"]["distances"]["dtw"]["band"] = 0.1
    assert spec_digest(specs.distances(config, run)) != before


def test_a_tile_of_it_has_all_of_the_gallery(config):
    (run,) = Plan(config).runs_of("retrieval_fused")
    assert division_of(config, run).tile_size == {"queries": 400, "gallery": UNDIVIDED}
    parts = part_divisions(config, run.bank, run.split)
    assert [path for path, _ in parts.within] == [
        f"distances/{part.path}" for part in run.bank.within(run.split)
    ]
    assert {division.gallery for _, division in parts.asked} == {1600}


def test_a_fusion_of_an_encoder_whose_weights_are_absent_is_left_out(config):
    part = {"distance": "cosine", "encoding": "efficientat_frozen"}
    config["retrieval"]["fusions"]["fused"]["parts"].append(part)
    config["probe"]["encoders"] = ["efficientat"]
    check(config, SCHEMA)
    plan = Plan(config)
    for absent, n_runs in (([], 1), (["efficientat"], 0)):
        inventory = Inventory(plan, absent, lambda training: None)
        assert len(inventory.runs_of("retrieval_fused")) == n_runs


def edited(key, value):
    def edit(config):
        config["retrieval"]["fusions"]["fused"][key] = value

    return edit


def of_part(**others):
    def edit(config):
        config["retrieval"]["fusions"]["fused"]["parts"][0] = {"distance": "dtw", **others}

    return edit


def searched(config):
    config["retrieval"]["distances"]["dtw"]["mode"] = "top_k"


def unknown_fusion(config):
    config["retrieval"]["tables"]["retrieval_fused"]["fusions"] = ["fusd"]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (unknown_fusion, r"retrieval_fused.fusions: .*'fusd' .*did you mean 'fused'"),
        (of_part(feature="mfc", stft="44k"), r"parts\[0\].feature: .*'mfc' .*'mfcc'"),
        (of_part(feature="mfcc", stft="44"), r"parts\[0\].stft: .*'44'"),
        (of_part(encoding="beats_mlp"), "learned on some folds"),
        (of_part(encoding="beat"), r"parts\[0\].encoding: .*'beat'"),
        (searched, "needs all distances; set retrieval.distances.dtw.mode: full"),
        (edited("weights", [[1]]), "a number for each of the 2 parts"),
        (edited("weights", [[0, 0]]), "not all 0"),
        (edited("chosen_by", "accuracy@10"), r"chosen_by: .*'accuracy'"),
        (edited("chosen_by", "mrr"), "chosen_by"),
        (edited("scaling", ["global"]), "scaling"),
        (edited("diffusion", {"neighbours": [4], "alpha": [1.0]}), "alpha"),
    ],
)
def test_what_cannot_be_is_said_before_any_job(config, edit, said):
    edit(config)
    with pytest.raises(ConfigError, match=said):
        check(config, SCHEMA)


def test_an_option_of_every_feature_is_known_for_each(config):
    config["features"]["mfcc"]["pooling"] = "mean"
    check(config, SCHEMA)
    config["features"]["mfcc"]["pooling"] = "median"
    with pytest.raises(ConfigError, match="pooling"):
        check(config, SCHEMA)
