"""Disturbed queries: what is planned, what decides them, and what is refused."""

from pathlib import Path

import pytest
import yaml

from resound.data.disturbances import KINDS
from resound.errors import ConfigError
from resound.experiment import specs
from resound.experiment.config import check
from resound.experiment.coordinates import Disturbed
from resound.experiment.inventory import Inventory
from resound.experiment.plan import Plan
from resound.experiment.robustness import (
    clean_runs,
    clean_trainings,
    disturbable,
    disturbable_trainings,
    disturbed_rows,
    disturbed_runs,
    disturbed_trainings,
)
from resound.provenance import spec_digest

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


@pytest.fixture
def config(tmp_path):
    """Return the shipped config with two conditions."""
    found = yaml.safe_load((ROOT / "config.yaml").read_text())
    found["results_dir"] = str(tmp_path)
    found["probe"]["encoders"] = found["zero_shot"]["encoders"] = ["efficientat"]
    found["finetune"]["encoders"] = []
    found["classification"] |= {"networks": ["cnn"], "features": ["mel"]}
    found["robustness"]["conditions"] = {"loud": {"noise": 0}, "dull": {"lowpass": 4000}}
    found["retrieval"]["tables"] = {
        "retrieval_dtw": {"distance": ["dtw"], "features": ["mfcc"], "stft": ["44k"]},
        "retrieval_efficientat": {
            "distance": "cosine",
            "encodings": ["efficientat_frozen", "efficientat_tags"],
        },
        "retrieval_embeddings": {"distance": "cosine", "embeddings": "classification"},
    }
    return found


def test_features_encoders_and_networks_are_asked_by_each_condition(config):
    check(config, SCHEMA)
    plan = Plan(config)
    clean = [
        "dtw/mfcc/sr44100_nfft4096_hop1024",
        "cosine/efficientat_frozen/waveform/sr32000",
        "cosine/efficientat_tags/waveform/sr32000",
        "cosine/cnn/mel/sr44100_nfft2048_hop1024/seed0",
    ]
    assert [run.path for run in disturbable(plan)] == [f"{path}/fold5" for path in clean]
    paths = [f"{path}/{name}/fold5" for path in clean for name in ("loud", "dull")]
    assert list(disturbed_runs(plan)) == paths


def test_without_weights_an_encoder_has_no_rows(config):
    plan = Plan(config)
    there, without = (
        Inventory(plan, absent=absent, outcome_of=lambda _: None)
        for absent in ({}, {"efficientat": "not here"})
    )
    assert (len(clean_runs(there)), len(clean_runs(without))) == (4, 2)
    assert [name for name, _ in disturbed_rows(there)] == ["loud", "dull"] * 4
    assert [name for name, _ in disturbed_rows(without)] == ["loud", "dull"] * 2
    assert [of.name for of in clean_trainings(without)] == ["cnn"]


def test_every_classifier_is_tested_once_by_each_condition(config):
    there = Inventory(Plan(config), absent={}, outcome_of=lambda _: None)
    names = ["cnn", "efficientat_zero_shot", "efficientat_linear", "efficientat_knn"]
    assert [of.name for of in clean_trainings(there)] == names
    assert {of.split.name for of in clean_trainings(there)} == {"fold5"}
    assert [(name, of.name) for name, of in disturbed_trainings(there)] == [
        (condition, name) for name in names for condition in ("loud", "dull")
    ]
    config["robustness"]["conditions"] = {}
    assert disturbable_trainings(Plan(config)) == []


def test_a_network_asks_by_its_own_embedding_and_is_told_to_have_seen_what_it_has(config):
    plan = Plan(config)
    run = next(run for run in disturbed_runs(plan).values() if run.row.network == "cnn")
    spec = specs.distances(config, run)
    assert spec["asking"]["training"] == spec["bank"]["training"]
    assert spec["asking"]["audio"]["disturbance"] == {"noise": 0.0}
    assert run.bank.training == run.bank.bank.training
    (network,) = plan.classifiers
    told = specs.disturbed_training(config, network, "dull")
    assert told["audio"]["sample_rate"] == 44_100
    assert told["training"] == specs.training(config, network)


def test_a_condition_alone_decides_what_is_made_of_it(config):
    plan = Plan(config)
    loud, dull = list(disturbed_runs(plan).values())[:2]  # of DTW on MFCC
    assert isinstance(loud.bank, Disturbed)
    made = specs.distances(config, loud)
    assert made["asking"]["audio"]["disturbance"] == {"noise": 0.0}
    assert made["bank"] == specs.bank(config, loud.bank.bank)
    before = spec_digest(specs.distances(config, dull))
    config["robustness"]["conditions"]["loud"] = {"noise": 10}
    assert spec_digest(specs.distances(config, dull)) == before
    assert specs.distances(config, loud)["asking"]["audio"]["disturbance"] == {"noise": 10.0}


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"loud": {"hiss": 1}}, "hiss"),
        ({"loud": {"noise": 0, "gain": 3}}, "loud"),
        ({"loud": {"clip": 2}}, "loud.clip"),
        ({"Too loud": {"noise": 0}}, "Too loud"),
    ],
)
def test_what_is_no_condition_is_named(config, conditions, message):
    config["robustness"]["conditions"] = conditions
    with pytest.raises(ConfigError, match=message):
        check(config, SCHEMA)


def test_a_table_of_its_name_is_refused(config):
    tables = config["retrieval"]["tables"]
    tables["retrieval_robustness"] = tables.pop("retrieval_dtw")
    with pytest.raises(ConfigError, match="this is the table of robustness; rename yours"):
        check(config, SCHEMA)


def test_the_schema_knows_every_kind_and_its_range():
    block = SCHEMA["properties"]["robustness"]["properties"]["conditions"]
    told = block["additionalProperties"]["properties"]
    ranges = {kind: (of["minimum"], of["maximum"]) for kind, of in told.items()}
    assert ranges == {name: (kind.low, kind.high) for name, kind in KINDS.items()}
