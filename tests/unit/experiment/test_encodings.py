"""What an experiment asks of encoders, and what decides each of their jobs."""

import copy
import json
from pathlib import Path

import pytest
import yaml

from resound.errors import ConfigError
from resound.experiment.coordinates import Cell, Run
from resound.experiment.specs import Experiment

CONFIG = yaml.safe_load((Path(__file__).resolve().parents[3] / "config.yaml").read_text())


def changed(where: str, value) -> Experiment:
    """Return the shipped experiment with one key set."""
    config = copy.deepcopy(CONFIG)
    *path, last = where.split(".")
    block = config
    for key in path:
        block = block[key]
    block[last] = value
    return Experiment(config)


@pytest.fixture
def experiment(tmp_path, monkeypatch) -> Experiment:
    """Return the shipped experiment on a machine without any weights."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.chdir(tmp_path)
    return Experiment(CONFIG)


def test_the_study_s_rows_are_asked_for_under_its_names(experiment):
    clap = experiment.table_runs("retrieval_clap")
    assert [run.network for run in clap] == [
        "clap_zero", "clap_frozen", "clap_embedding", "clap_mlp"
    ]  # fmt: skip
    assert {run.setting for run in clap} == {"sr48000"}
    beats = experiment.table_runs("retrieval_beats")
    assert [run.network for run in beats] == [
        "beats_embedding", "beats_mlp", "beats_mlp_soft", "beats_mlp_hard", "beats_mask_mlp"
    ]  # fmt: skip
    networks = {cell.network for cell in experiment.encodings.cells()}
    assert {"beats_finetuned", "clap_zero_shot", "ast_linear", "clap_knn"} <= networks


def test_zero_shot_is_told_of_the_test_fold_and_of_all_clips(experiment):
    splits = [c.split for c in experiment.encodings.cells() if c.network == "clap_zero_shot"]
    assert splits == ["fold5", "all"]
    assert experiment.split("all")["query_folds"] == []
    each = changed("classification.protocol", "cv").encodings.cells()
    assert [c.split for c in each if c.network == "clap_zero_shot"] == [
        f"fold{i}" for i in range(1, 6)
    ]


def test_a_frozen_bank_has_no_split_and_a_trained_one_has_its_own(experiment):
    zero, frozen, embedding, hidden = experiment.table_runs("retrieval_clap")
    assert experiment.bank_folder(frozen) == "embeddings/clap_frozen/waveform/sr48000"
    assert experiment.cell(frozen) is None
    learned = ((embedding, "clap_embedding"), (hidden, "clap_hidden"))
    for run, folder in ((zero, "clap_zero_shot"), *learned):
        assert experiment.bank_folder(run) == f"embeddings/{folder}/waveform/sr48000/fold5/seed0"
    assert experiment.cell(zero) == Cell("clap_zero_shot", "waveform", "sr48000", "fold5", "0")
    assert experiment.cell(hidden) == Cell("clap_finetuned", "waveform", "sr48000", "fold5", "0")
    for run in (zero, frozen, hidden):
        assert Run.at(run.distance, run.source, run.split) == run


def test_the_rows_of_both_encoders_are_read_by_one_rule(experiment):
    """A row named ``<encoder>_<x>`` compares the same vector of either encoder."""
    encodings = experiment.encodings
    for row in ("embedding", "mlp"):
        clap, beats = (encodings.encoding(f"{name}_{row}").vector for name in ("clap", "beats"))
        assert clap == beats
    assert encodings.encoding("clap_frozen").vector == "frozen"


def test_a_table_is_told_what_its_encoders_started_from_and_compare(experiment):
    spec = experiment.retrieval_table("retrieval_clap", [])
    digest = experiment.encodings.encoder("clap")["sha256"]
    assert spec["starts"] == dict.fromkeys(spec["vectors"], digest)
    assert spec["vectors"] == {
        "clap_zero": "zero_shot",
        "clap_frozen": "frozen",
        "clap_embedding": "embedding",
        "clap_mlp": "hidden",
    }


def test_every_spec_is_plain_and_nests_that_of_its_input(experiment):
    for table in ("retrieval_clap", "retrieval_beats"):
        for run in experiment.table_runs(table):
            spec = experiment.distances(run)
            assert json.loads(json.dumps(spec)) == spec
            cell = experiment.cell(run)
            if cell is not None:
                assert spec["bank"]["training"] == experiment.training(cell)
    zero = experiment.training(experiment.encodings.cell_of("clap", "zero_shot", "all"))
    assert zero["frozen"]["audio"] == experiment.audio(48000)


def test_prompts_decide_the_words_and_no_embedding():
    def specs(prompt):
        encodings = changed("encoders.clap.prompts", [prompt]).encodings
        return encodings.words("clap"), encodings.frozen("clap")

    (one, frozen), (other, same) = specs("A {name}."), specs("The sound of {name}.")
    assert one != other
    assert frozen == same


def test_where_weights_are_decides_nothing():
    here, there = (changed("encoders.beats.weights.source", f"{at}/beats.pt") for at in "ab")
    assert here.encodings.encoder("beats") != changed(
        "encoders.beats.weights.sha256", "0" * 64
    ).encodings.encoder("beats")
    assert here.encodings.encoder("beats") == there.encodings.encoder("beats")


def test_an_encoder_that_no_block_lists_is_not_used():
    config = CONFIG | {"zero_shot": {"encoders": []}}
    config |= {name: CONFIG[name] | {"encoders": []} for name in ("probe", "finetune")}
    experiment = Experiment(config)
    assert experiment.encodings.used() == []
    assert experiment.encodings.cells() == []
    assert not {"retrieval_clap", "retrieval_beats"} & set(experiment.tables())


def test_a_table_does_not_know_where_weights_are_that_are_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("beats.pt").touch()
    here, moved = (
        changed("encoders.beats.weights.source", at) for at in ("beats.pt", "./beats.pt")
    )
    assert here.encodings.absent == ["clap", "ast"]
    table = here.retrieval_table("retrieval_beats", [])
    assert table == moved.retrieval_table("retrieval_beats", [])
    assert table["encoders"]["beats"]["absent"] is False


def test_only_what_may_be_trained_is_ranked():
    experiment = changed("finetune.encoders", ["beats"])
    rows = [run.network for run in experiment.table_runs("retrieval_clap")]
    assert rows == ["clap_zero", "clap_frozen"]
    alone = changed("retrieval.protocol", "leave_one_out")
    rows = [(run.network, run.split) for run in alone.table_runs("retrieval_clap")]
    assert rows == [("clap_zero", "all"), ("clap_frozen", "all")]
    assert alone.table_runs("retrieval_beats") == []
    assert alone.encodings.cells() == []


def test_lacking_weights_are_told_of_each_row(experiment):
    assert experiment.encodings.absent == ["beats", "clap", "ast"]
    experiment.encodings.check_weights()
    spec = experiment.retrieval_table("retrieval_clap", [])
    assert spec["encoders"] == {
        "clap": {
            "source": "laion/clap-htsat-unfused",
            "absent": True,
            "rows": ["clap_zero", "clap_frozen", "clap_embedding", "clap_mlp"],
        }
    }
    assert "encoders" not in experiment.retrieval_table("retrieval_cosine", [])


def test_required_weights_that_are_lacking_are_named_at_once(experiment):
    experiment.config["encoders"]["beats"] |= {"optional": False}
    try:
        with pytest.raises(ConfigError) as caught:
            Experiment(experiment.config).encodings.check_weights()
    finally:
        experiment.config["encoders"]["beats"] |= {"optional": True}
    message = str(caught.value)
    for part in (
        "encoders.beats.weights.source: hf://WeiChihChen/BEATs_iter3_plus",
        "at revision 172e4071a2912392d9151c70750b9a12f55fc54e",
        "file BEATs_iter3_plus_AS2M_finetuned_on_AS2M_cpt2.pt",
        "sha256 e5815275a04b6885e7b8af63d120b29bffae2cd2225cf4915e1ec6d819d3022c",
        "resound weights",
        "optional: true",
    ):
        assert part in message
    assert "clap" not in message
