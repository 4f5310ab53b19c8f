"""What of a plan can be shown, where weights are absent or trainings have not run."""

from pathlib import Path

import pytest

from resound.errors import ConfigError
from resound.experiment import shown
from resound.experiment.inventory import outcome_at
from resound.experiment.weights import check_weights


def told(inventory, kind, item=""):
    entry = shown.TABLES.entry(kind)
    return shown.told(entry, shown.Shown(inventory.plan, inventory, item))


def test_a_table_is_told_what_its_encoders_started_from_and_compare(plan, there):
    spec = told(there(plan), "retrieval", "retrieval_clap")
    digest = plan.config["encoders"]["clap"]["weights"]["sha256"]
    assert spec["starts"] == dict.fromkeys(spec["vectors"], digest)
    assert spec["vectors"] == {
        "clap_zero": "zero_shot",
        "clap_frozen": "frozen",
        "clap_embedding": "embedding",
        "clap_mlp": "hidden",
    }


def test_a_table_is_told_how_windows_are_made_one_vector(plan_with, there):
    rows = {"distance": "cosine", "encodings": ["efficientat_windows", "mine"]}
    mine = {"encoder": "efficientat", "vector": "windows", "pooling": "max"}
    plan = plan_with(
        probe__encoders=["efficientat"],
        retrieval__tables__retrieval_mine=rows,
        encodings__mine=mine | {"normalise": ["centre"]},
    )
    vectors = told(there(plan), "retrieval", "retrieval_mine")["vectors"]
    assert vectors == {"efficientat_windows": "windows", "mine": "windows, max, centre"}


def test_lacking_weights_are_told_of_each_row(plan, there):
    stock = there(plan)
    assert stock.absent == ["beats", "clap", "ast"]
    check_weights(plan.config, stock.absent)
    assert stock.runs_of("retrieval_clap") == []
    spec = told(stock, "retrieval", "retrieval_clap")
    assert spec["encoders"] == {
        "clap": {
            "source": "laion/clap-htsat-unfused",
            "absent": True,
            "family": "clap",
            "trained_on": None,
            "rows": ["clap_zero", "clap_frozen", "clap_embedding", "clap_mlp"],
        }
    }
    assert told(stock, "retrieval", "retrieval_cosine")["encoders"] == {}


def test_a_table_does_not_know_where_weights_are_that_are_there(plan_with, there):
    plans = [plan_with(encoders__beats__weights__source=at) for at in ("beats.pt", "./beats.pt")]
    stocks = []
    for plan in plans:
        there(plan)  # moves into an empty folder
        Path("beats.pt").touch()
        stocks.append(there(plan))
    here, moved = (told(stock, "retrieval", "retrieval_beats") for stock in stocks)
    assert stocks[0].absent == ["clap", "ast"]
    assert here == moved
    assert here["encoders"]["beats"]["absent"] is False


def test_required_weights_that_are_lacking_are_named_at_once(plan_with, there):
    plan = plan_with(encoders__beats__optional=False)
    with pytest.raises(ConfigError) as caught:
        check_weights(plan.config, there(plan).absent)
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


def test_with_partial_only_what_has_a_record_is_shown(plan_with, there):
    outcomes = {"cnn": "trained", "crnn": "failed"}

    def outcome_of(training):
        return outcomes.get(training.row.network)

    plan = plan_with(classification__partial=True, classification__features=["mel"])
    stock = there(plan, outcome_of)
    assert [of.name for of in stock.classified] == ["cnn", "crnn"]
    assert [run.row.network for run in stock.runs_of("retrieval_embeddings")] == ["cnn"]
    assert len(stock.runs_of("retrieval_autoencoder")) == 6
    assert [*stock.confusions] == [f"{n}/mel/sr44100_nfft2048_hop1024" for n in ("cnn", "crnn")]
    whole = there(plan_with(classification__features=["mel"]), outcome_of)
    assert len(whole.runs_of("retrieval_embeddings")) == 4


def test_the_page_shows_the_first_seed_of_each_network(plan_with, there):
    stock = there(plan_with(classification__seeds=[0, 1], classification__features=["mel"]))
    assert {run.row.seed for run in stock.shown_runs} == {"", "0"}
    assert {of.seed for of in stock.shown_classifiers} == {"0"}
    assert len(stock.shown_classifiers) == 4


def test_the_page_shows_the_tags_of_the_first_encoder_that_anything_stands_on(plan_with, there):
    def shown_of(**keys):
        for name in ("clap", "ast", "efficientat"):
            keys[f"encoders__{name}__weights__source"] = f"{name}.pt"
        plan = plan_with(**keys)
        there(plan)  # moves into an empty folder
        for name in ("clap", "efficientat"):
            Path(f"{name}.pt").touch()
        stock = there(plan)
        return [bank.folder for bank in stock.tags], stock.names_by()

    folder = "embeddings/efficientat_tags/waveform/sr32000"
    assert shown_of(zero_shot__encoders=["clap"]) == ([], {"clap_zero_shot": "words"})
    both = {"clap_zero_shot": "words", "efficientat_zero_shot": "tags"}
    listed = ["clap", "ast", "efficientat"]
    assert shown_of(zero_shot__encoders=listed) == ([folder], both), "the weights of ast are absent"
    table = {"distance": "cosine", "encodings": ["efficientat_tags"]}
    ranked = {"retrieval__tables__retrieval_mine": table, "probe__encoders": ["efficientat"]}
    assert shown_of(**ranked, zero_shot__encoders=[])[0] == [folder]
    assert shown_of(probe__encoders=["efficientat"], zero_shot__encoders=[])[0] == []


def test_how_a_training_ended_is_read_from_its_record(plan, tmp_path):
    (of, *_) = plan.classifiers
    assert outcome_at(tmp_path, of) is None
    record = tmp_path / of.path / "model.json"
    record.parent.mkdir(parents=True)
    record.write_text('{"outcome": "failed"}')
    assert outcome_at(tmp_path, of) == "failed"
