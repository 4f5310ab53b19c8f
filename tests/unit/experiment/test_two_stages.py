"""Two-stage searches in a config: what they plan, what decides them, and what is refused."""

import copy
from pathlib import Path

import pytest
import yaml

from resound.errors import ConfigError
from resound.experiment import specs
from resound.experiment.config import check
from resound.experiment.coordinates import TwoStage
from resound.experiment.divisions import UNDIVIDED, division_of
from resound.experiment.inventory import Inventory
from resound.experiment.plan import Plan
from resound.provenance import spec_digest
from resound.query_by_example import methods

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
SEARCH = {
    "proposes": {"distance": "cosine", "encoding": "efficientat_frozen"},
    "decides": {"distance": "dtw", "feature": "mfcc", "stft": "44k"},
    "depth": [20, 100],
    "chosen_by": "mrr@10",
}


@pytest.fixture
def config(tmp_path):
    """Return the shipped config with one two-stage search in a table of its own."""
    found = yaml.safe_load((ROOT / "config.yaml").read_text())
    found["results_dir"] = str(tmp_path)
    found["probe"]["encoders"] = ["efficientat"]
    found["retrieval"]["two_stage"] = {"quick": copy.deepcopy(SEARCH)}
    found["retrieval"]["tables"] = {"retrieval_quick": {"two_stage": ["quick"]}}
    return found


def test_it_needs_no_distances_but_those_that_it_computes(config):
    check(config, SCHEMA)
    plan = Plan(config)
    (run,) = plan.runs_of("retrieval_quick")
    assert run.path == "two_stage/quick/fold5"
    assert isinstance(run.bank, TwoStage)
    assert run.bank.folder == "two_stage/quick"
    assert run.row.about["feature"] == "cosine efficientat_frozen, then dtw mfcc"
    assert list(plan.runs) == [run.path]
    assert division_of(config, run).tile_size == {"queries": 400, "gallery": UNDIVIDED}
    assert methods(plan) == {}
    with_all = Inventory(plan, [], lambda training: None)
    without = Inventory(plan, ["efficientat"], lambda training: None)
    assert (len(with_all.runs_of("retrieval_quick")), without.runs_of("retrieval_quick")) == (1, [])


def test_its_spec_holds_both_stages_and_what_is_chosen_from(config):
    (run,) = Plan(config).runs_of("retrieval_quick")
    told = specs.distances(config, run)
    assert [part["distance"] for part in told["asked"]] == ["cosine", "dtw"]
    assert told["within"][1]["split"] == {**told["asked"][1]["split"], "within": True}
    assert told["methods"] == {"depth": [20, 100], "chosen_by": "mrr@10"}
    before = spec_digest(told)
    config["retrieval"]["distances"]["dtw"]["band"] = 0.1
    assert spec_digest(specs.distances(config, run)) != before
    # How the hits of all pairs would be found is none of its business.
    before = spec_digest(specs.distances(config, run))
    config["retrieval"]["distances"]["dtw"]["mode"] = "top_k"
    check(config, SCHEMA)
    assert spec_digest(specs.distances(config, run)) == before


def edited(key, value):
    def edit(config):
        config["retrieval"]["two_stage"]["quick"][key] = value

    return edit


def unknown_search(config):
    config["retrieval"]["tables"]["retrieval_quick"]["two_stage"] = ["quik"]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (unknown_search, r"retrieval_quick.two_stage: .*'quik' .*did you mean 'quick'"),
        (edited("proposes", {"distance": "cosin", "encoding": "clap_frozen"}), "did you mean 'cos"),
        (edited("decides", {"distance": "dtw", "feature": "mfc", "stft": "44k"}), "'mfc' .*'mfcc'"),
        (edited("decides", {"distance": "dtw", "encoding": "beats_mlp"}), "learned on some folds"),
        (edited("decides", {"distance": "dtw", "feature": "mfcc"}), "decides"),
        (edited("decides", SEARCH["proposes"]), "name a distance that knows better"),
        (edited("depth", []), "depth"),
        (edited("depth", [0]), "must be an integer of at least 1"),
        (edited("chosen_by", "accuracy@10"), r"chosen_by: .*'accuracy'"),
    ],
)
def test_what_cannot_be_is_said_before_any_job(config, edit, said):
    edit(config)
    with pytest.raises(ConfigError, match=said):
        check(config, SCHEMA)
