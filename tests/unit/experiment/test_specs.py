"""What decides each job: plain, nested, and nothing that does not."""

import json

import pytest

from resound.errors import ConfigError
from resound.experiment import specs
from resound.experiment.coordinates import Encoding


def of_mode(mode: str, device: str = "cpu") -> dict:
    return {"retrieval__distances__dtw__mode": mode, "retrieval__distances__dtw__device": device}


def first(plan, table):
    return plan.runs_of(table)[0]


@pytest.mark.parametrize(
    "table", ["retrieval_dtw", "retrieval_autoencoder", "retrieval_clap", "retrieval_beats"]
)
def test_every_spec_is_plain_and_nests_that_of_its_input(plan, table):
    for run in plan.runs_of(table):
        scores = specs.scores(plan.config, run)
        assert json.loads(json.dumps(scores)) == scores
        distances = scores["ranking"]["distances"]
        assert distances == specs.distances(plan.config, run)
        assert distances["bank"] == specs.bank(plan.config, run.bank)
        if run.bank.training:
            training = specs.training(plan.config, run.bank.training)
            assert distances["bank"]["training"] == training


def test_a_bank_s_spec_holds_its_audio(plan):
    spec = specs.feature_bank(plan.config, plan.feature("mfcc", "44k"))
    assert spec["audio"] == specs.audio(plan.config, 44100)
    assert spec["options"] == plan.config["features"]["mfcc"]


def test_a_variant_has_the_spec_of_what_it_is(plan_with):
    plan = plan_with(features__mfcc_hann={"feature": "mfcc", "n_mfcc": 5})
    spec = specs.feature_bank(plan.config, plan.feature("mfcc_hann", "44k"))
    assert spec["feature"] == "mfcc"
    assert spec["options"] == {"n_mfcc": 5}


def test_orders_of_ties_decide_scores_alone_and_only_where_all_distances_are_known(plan, plan_with):
    run, orders = first(plan, "retrieval_dtw"), {"orders": 10, "seed": 3}
    assert specs.scores(plan.config, run) == {"ranking": specs.ranking(plan.config, run)}
    ordered = plan_with(retrieval__ties=orders).config
    assert specs.ranking(ordered, run) == specs.ranking(plan.config, run)
    assert specs.scores(ordered, run)["ties"] == orders
    searching = plan_with(retrieval__ties=orders, **of_mode("top_k")).config
    assert "ties" not in specs.scores(searching, run)


def test_a_ranking_knows_neither_tiles_nor_the_way_its_hits_are_found(plan, plan_with):
    other = plan_with(retrieval__tile={"queries": 3, "gallery": 5}, **of_mode("top_k"))
    run = first(plan, "retrieval_dtw")
    assert specs.scores(other.config, run) == specs.scores(plan.config, run)
    assert specs.mode(other.config, run) == "top_k"


def test_only_a_run_on_a_gpu_is_told_its_device_and_module(plan, plan_with):
    other = plan_with(**of_mode("full", "cuda")).config
    dtw, cosine = (first(plan, f"retrieval_{name}") for name in ("dtw", "cosine"))
    kernel = "resound.distances._dtw_cuda"
    assert specs.distance_modules(other, dtw) == [dtw.module, kernel]
    assert specs.distance_modules(plan.config, dtw) == [dtw.module]
    assert specs.distance_modules(other, cosine) == [cosine.module]
    assert specs.distances(plan.config, dtw)["hardware"] == {"device": "cpu"}
    assert specs.distances(other, dtw)["hardware"] == {"device": "cuda"}
    assert specs.distances(other, cosine) == specs.distances(plan.config, cosine)


def test_strict_provenance_puts_versions_into_the_root_of_all_specs(plan_with):
    plan = plan_with(provenance__strict=True)
    assert "numpy" in specs.audio(plan.config, 44100)["versions"]
    assert "numpy" in specs.matrix_costs(plan.config)["versions"]
    training = specs.training(plan.config, plan.classifiers[0])
    assert set(training["versions"]) >= {"torch", "lightning"}


def test_a_split_is_made_by_its_folds_and_by_what_becomes_of_shared_recordings(plan, plan_with):
    spec = {"query_folds": [5], "on_split_recording": "keep"}
    assert specs.split(plan.config, plan.splits[0]) == spec
    own = plan_with(dataset="folder", on_split_recording="exclude")
    assert specs.split(own.config, own.splits[0]) == spec | {"on_split_recording": "exclude"}


def test_what_becomes_of_near_names_is_asked_of_a_folder_alone(plan_with):
    for policy in ("keep", "error"):
        own = plan_with(dataset="folder", on_near_names=policy)
        assert specs.index(own.config)["on_near_names"] == policy
        assert "on_near_names" not in specs.index(plan_with(on_near_names=policy).config)


def test_a_training_s_spec_says_what_its_input_is(plan):
    (of,) = (
        of
        for of in plan.classifiers
        if (of.network, of.feature.name) == ("resnet18", "stft_derivatives")
    )
    spec = specs.training(plan.config, of)
    assert spec["bank"] == specs.feature_bank(plan.config, of.feature)
    assert spec["input"] == {"n_planes": 3, "scale": "magnitude", "max_bins": 128}
    assert spec["weights"] is None
    assert "weights" not in spec["options"]
    assert specs.embedding(plan.config, of)["training"] == spec


def test_a_block_s_own_keys_come_before_the_common_recipe(plan, plan_with):
    def epochs(plan):
        trainings = plan.classifiers[0], plan.autoencoders[0]
        return [specs.training(plan.config, of)["epochs"] for of in trainings]

    assert epochs(plan) == [60, 30]
    assert epochs(plan_with(training__epochs=7)) == [7, 30]
    assert epochs(plan_with(training__epochs=7, classification__epochs=9)) == [9, 30]


def test_a_network_under_a_name_of_its_own_has_its_own_options_and_recipe(plan_with):
    wide = {"network": "cnn", "channels": [32, 64]}
    own = {"steps": 500, "augmentation": {"crop": 0.5}}
    plan = plan_with(
        networks__cnn_wide=wide,
        classification__networks=["cnn", "cnn_wide"],
        classification__features=["mel"],
        classification__recipes={"cnn_wide": own},
    )
    plain, other = (specs.training(plan.config, of) for of in plan.classifiers)
    assert [of.path.split("/")[0] for of in plan.classifiers] == ["cnn", "cnn_wide"]
    assert len({of.module for of in plan.classifiers}) == 1
    augmentation = plain["augmentation"] | {"crop": 0.5}
    changed = {"options": {"channels": [32, 64]}, "steps": 500, "augmentation": augmentation}
    assert other == plain | changed


def test_of_stored_weights_only_the_digest_decides(plan_with):
    def spec(source):
        weights = {"source": source, "sha256": "0" * 64}
        plan = plan_with(networks__cnn={"weights": weights})
        return specs.training(plan.config, plan.classifiers[0])

    assert spec("here.pth") == spec("there.pth")
    assert spec("here.pth")["weights"] == "0" * 64


def test_a_loss_decides_by_its_name_and_its_options(plan_with):
    plan = plan_with(
        classification__networks=["cnn"],
        classification__features=["mel"],
        classification__losses=["cross_entropy", "supcon"],
    )
    plain, supcon = (specs.training(plan.config, of) for of in plan.classifiers)
    assert plain["loss"] == {"name": "cross_entropy"}
    assert supcon == plain | {"loss": {"name": "supcon", "temperature": 0.1, "projection": 64}}


def test_an_autoencoder_s_spec_has_its_sizes_and_no_classes(plan):
    spec = specs.training(plan.config, plan.autoencoders[0])
    assert spec["options"] == {"code_size": 128, "channels": [32, 64, 128, 256]}
    assert spec["split"]["query_folds"] == [5]
    assert spec["selection"] == "fixed"
    assert not {"augmentation", "label_smoothing"} & set(spec)


def test_prompts_decide_the_words_and_no_embedding(plan_with):
    def made(prompt):
        plan = plan_with(encoders__clap__prompts=[prompt])
        clap = plan.encoder("clap")
        return specs.words(plan.config, clap), specs.frozen(plan.config, clap)

    (one, frozen), (other, same) = made("A {name}."), made("The sound of {name}.")
    assert one != other
    assert frozen == same


def test_windows_decide_their_own_bank_and_pooling_no_bank(plan_with):
    rows = ["efficientat_windows", "efficientat_mean", "efficientat_max", "efficientat_frozen"]

    def made(**windows):
        table = {"distance": ["dtw", "cosine"], "encodings": rows}
        plan = plan_with(
            probe__encoders=["efficientat"],
            retrieval__tables__retrieval_mine=table,
            encoders__efficientat__windows=windows,
        )
        return plan.config, {(r.distance, r.row.network): r for r in plan.runs_of("retrieval_mine")}

    (config, runs), (other, _), (same, _) = (
        made(seconds=2.0, hop=1.0), made(seconds=2.0, hop=0.5), made(seconds=2, hop=1)
    )  # fmt: skip
    told = {run: specs.distances(config, of) for run, of in runs.items()}
    assert told["dtw", "efficientat_windows"]["bank"]["windows"] == {"hop": 1.0, "seconds": 2.0}
    assert len({of.bank.folder for (_, row), of in runs.items() if row != rows[-1]}) == 1
    assert [told["cosine", row].get("pooling") for row in rows] == [None, "mean", "max", None]
    assert told["cosine", rows[0]]["bank"] == told["cosine", rows[1]]["bank"]
    for (distance, row), run in runs.items():
        unchanged = specs.distances(other, run) == told[distance, row]
        assert unchanged is (row == "efficientat_frozen")
        assert specs.distances(same, run) == told[distance, row]


def test_an_encoder_whose_windows_are_not_told_has_no_spec_of_them(plan):
    with pytest.raises(ConfigError, match=r"clap cuts .* encoders\.clap\.windows"):
        specs.windows(plan.config, plan.encoder("clap"))


def test_where_weights_are_decides_nothing(plan_with):
    def encoder(**changes):
        plan = plan_with(**changes)
        return specs.encoder(plan.config, plan.encoder("beats"))

    here, there = (encoder(encoders__beats__weights__source=f"{at}/beats.pt") for at in "ab")
    assert here == there
    assert here != encoder(encoders__beats__weights__sha256="0" * 64)


def test_a_recipe_of_its_own_decides_one_encoder_s_fine_tuning(plan_with):
    def tuned(**changes):
        plan = plan_with(finetune__encoders=["beats", "clap"], **changes)
        trainings = (of for of in plan.head_trainings if of.kind == "finetuned")
        return {of.encoder.name: specs.training(plan.config, of) for of in trainings}

    common = tuned(finetune__recipes={})
    own = tuned(finetune__recipes={"clap": {"epochs": 9, "augmentation": {"mixup": 0.9}}})
    augmentation = {**common["clap"]["augmentation"], "mixup": 0.9}
    assert own["beats"] == common["beats"]
    assert own["clap"] == common["clap"] | {"epochs": 9, "augmentation": augmentation}


def test_what_is_hidden_decides_the_masked_vector_alone(plan, plan_with):
    other = plan_with(finetune__masked={"share": 0.7, "seed": 1})
    for run in plan.runs_of("retrieval_beats"):
        assert isinstance(run.bank, Encoding)
        same = specs.bank(plan.config, run.bank) == specs.bank(other.config, run.bank)
        assert same is (run.bank.vector != "masked")
