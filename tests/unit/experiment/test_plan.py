"""What a config asks for: runs, trainings, tables, and where each is looked up."""

import pytest

from resound.errors import ConfigError, ParameterError
from resound.experiment import specs
from resound.experiment.coordinates import Embedding, Encoding, Feature, Run, Setting
from resound.experiment.plan import used_encoders
from resound.experiment.shown import map_spec


def names(parts):
    return list(dict.fromkeys(part.name for part in parts))


def test_the_study_s_tables_have_twelve_and_eight_rows(plan):
    assert len(plan.runs_of("retrieval_cosine")) == 12
    assert len(plan.runs_of("retrieval_dtw")) == 8


def test_settings_that_differ_only_in_frames_are_one_run_of_an_unframed_feature(plan_with):
    tables = {"retrieval_t": {"distance": "cosine", "features": ["fft"], "stft": ["44k", "net"]}}
    plan = plan_with(retrieval__tables=tables)
    fft = Feature("fft", Setting(44100), "fft")
    assert plan.runs_of("retrieval_t") == [Run("cosine", fft, plan.splits[0])]


def test_a_variant_of_a_feature_has_a_path_of_its_own(plan_with):
    plan = plan_with(features__mfcc_hann={"feature": "mfcc"}, features__whole={"feature": "fft"})
    variant = plan.feature("mfcc_hann", "44k")
    assert variant.folder == "features/mfcc_hann/sr44100_nfft4096_hop1024"
    assert variant.module == plan.feature("mfcc", "44k").module
    assert plan.feature("whole", "44k").setting.name == "sr44100"


def test_the_study_s_classification_has_four_networks_on_eight_features(plan):
    assert len(plan.classifiers) == 32
    assert plan.classifiers[0].path == "cnn/mel/sr44100_nfft2048_hop1024/fold5/seed0"
    assert plan.compared_tables()[-1] == "classification"


def test_cross_validation_and_seeds_multiply_the_trainings(plan_with):
    plan = plan_with(classification__protocol="cv", training__seeds=[0, 1])
    assert len(plan.classifiers) == 32 * 5 * 2
    assert {of.split.name for of in plan.classifiers} == {f"fold{n}" for n in range(1, 6)}
    assert [split.name for split in plan.splits] == ["fold5"]


def test_a_block_may_have_seeds_of_its_own(plan_with):
    plan = plan_with(autoencoder__seeds=[7])
    assert {of.seed for of in plan.autoencoders} == {"7"}
    assert {of.seed for of in plan.classifiers} == {"0"}


def test_without_folds_there_is_nothing_to_train(plan_with):
    plan = plan_with(retrieval__protocol="leave_one_out")
    assert not plan.classified
    assert not plan.autoencoders
    assert not {"retrieval_autoencoder", "retrieval_embeddings"} & set(plan.retrieval_tables())
    encodings = [(run.bank.name, run.split.name) for run in plan.runs_of("retrieval_clap")]
    assert encodings == [("clap_zero", "all"), ("clap_frozen", "all")]


def test_losses_are_networks_of_their_own_name(plan_with):
    plan = plan_with(
        classification__networks=["cnn", "resnet18"],
        classification__losses=["cross_entropy", "supcon"],
    )
    assert names(plan.classifiers) == ["cnn", "cnn_supcon", "resnet18", "resnet18_supcon"]


def test_two_trainings_of_one_path_are_an_error(plan_with):
    plan = plan_with(
        networks={"cnn": {}, "cnn_supcon": {}},
        classification__networks=["cnn", "cnn_supcon"],
        classification__losses=["cross_entropy", "supcon"],
    )
    with pytest.raises(ConfigError, match=r"cnn_supcon/mel/\S+ is asked for twice.*rename"):
        _ = plan.trainings


def test_embeddings_are_ranked_by_the_protocol_that_trained_them(plan_with):
    plan = plan_with(classification__protocol="cv", classification__seeds=[0, 1])
    assert len(plan.runs_of("retrieval_embeddings")) == 32 * 5 * 2
    assert plan.protocol_of("retrieval_embeddings") == "cv"
    assert len(plan.runs_of("retrieval_autoencoder")) == 6
    assert plan.protocol_of("retrieval_autoencoder") == "holdout"


def test_the_study_s_tables_of_embeddings_have_its_rows(plan):
    embedded = plan.runs_of("retrieval_embeddings")
    assert [run.bank for run in embedded] == [Embedding(of) for of in plan.classifiers]
    coded = plan.runs_of("retrieval_autoencoder")
    assert [(run.distance, run.row.network) for run in coded] == [
        (distance, f"autoencoder_{size}")
        for distance in ("dtw", "cosine")
        for size in (128, 256, 512)
    ]


def test_networks_that_the_queries_chose_have_no_table(plan_with):
    tables = plan_with(classification__selection="test").retrieval_tables()
    assert "retrieval_embeddings" not in tables
    assert "retrieval_autoencoder" in tables


def test_tables_without_rows_are_none(plan_with):
    assert "retrieval_autoencoder" not in plan_with(autoencoder__code_sizes=[]).retrieval_tables()
    assert "retrieval_embeddings" not in plan_with(classification__features=[]).retrieval_tables()


def test_the_study_s_rows_of_encoders_are_asked_for_under_its_names(plan):
    clap = [run.bank for run in plan.runs_of("retrieval_clap")]
    assert names(clap) == ["clap_zero", "clap_frozen", "clap_embedding", "clap_mlp"]
    assert {bank.setting.name for bank in clap} == {"sr48000"}
    beats = names(run.bank for run in plan.runs_of("retrieval_beats"))
    assert beats == [
        "beats_embedding", "beats_mlp", "beats_mlp_soft", "beats_mlp_hard", "beats_mask_mlp"
    ]  # fmt: skip
    learned = {of.name for of in plan.head_trainings}
    assert {"beats_finetuned", "clap_zero_shot", "ast_linear", "clap_knn"} <= learned


def test_the_rows_of_both_encoders_are_read_by_one_rule(plan):
    """A row named ``<encoder>_<x>`` compares the same vector of either encoder."""
    banks = [run.bank for run in plan.runs.values() if isinstance(run.bank, Encoding)]
    vectors = {bank.name: bank.vector for bank in banks}
    assert vectors["clap_embedding"] == vectors["beats_embedding"]
    assert vectors["clap_mlp"] == vectors["beats_mlp"]
    assert vectors["clap_frozen"] == "frozen"


def test_zero_shot_is_told_of_the_test_fold_and_of_all_clips(plan, plan_with):
    def told(plan):
        return [of.split.name for of in plan.head_trainings if of.name == "clap_zero_shot"]

    assert told(plan) == ["fold5", "all"]
    assert told(plan_with(classification__protocol="cv")) == [f"fold{i}" for i in range(1, 6)]


def test_classes_are_named_by_words_where_an_encoder_reads_them_and_else_by_tags(plan_with):
    plan = plan_with(zero_shot__encoders=["clap", "efficientat"])
    told = {of.name: of.encoder.names_by for of in plan.head_trainings if of.kind == "zero_shot"}
    assert told == {"clap_zero_shot": "words", "efficientat_zero_shot": "tags"}
    assert plan.encoder("beats").names_by == ""
    by_words, by_tags = (
        specs.training(plan.config, plan.training(f"{name}/waveform/{setting}/fold5/seed0"))
        for name, setting in (
            ("clap_zero_shot", "sr48000"),
            ("efficientat_zero_shot", "sr32000"),
        )
    )
    assert {"frozen", "words"} <= set(by_words)
    assert not {"tags", "map"} & set(by_words)
    assert {"tags", "map"} <= set(by_tags)
    assert not {"frozen", "words"} & set(by_tags)


def test_tags_are_a_vector_of_the_encoder_as_published(plan_with):
    table = {"distance": "cosine", "encodings": ["efficientat_tags", "efficientat_zero_shot"]}
    plan = plan_with(retrieval__tables__retrieval_mine=table, zero_shot__encoders=["efficientat"])
    tags, classes = (run.bank for run in plan.runs_of("retrieval_mine"))
    assert (tags.vector, tags.training) == ("tags", None)
    assert tags.folder == "embeddings/efficientat_tags/waveform/sr32000"
    spec = specs.bank(plan.config, tags)
    assert spec == {**specs.frozen(plan.config, tags.encoder), "vector": "tags"}
    assert specs.bank(plan.config, classes)["training"]["tags"] == spec


def test_an_encoder_that_no_block_lists_is_not_used(plan_with):
    plan = plan_with(zero_shot__encoders=[], probe__encoders=[], finetune__encoders=[])
    assert used_encoders(plan.config) == []
    assert plan.head_trainings == []
    assert not {"retrieval_clap", "retrieval_beats"} & set(plan.retrieval_tables())


def test_only_what_may_be_trained_is_ranked(plan_with):
    plan = plan_with(finetune__encoders=["beats"])
    assert names(r.bank for r in plan.runs_of("retrieval_clap")) == ["clap_zero", "clap_frozen"]


def test_a_path_is_looked_up(plan):
    for run in plan.runs.values():
        assert plan.run(run.path) is run
        if run.bank.training:
            assert plan.training(run.bank.training.path) == run.bank.training
    mfcc = plan.feature("mfcc", "16k")
    assert plan.feature_at(mfcc.source) == mfcc
    assert plan.split("all").query_folds == ()


@pytest.mark.parametrize(
    ("look", "path", "message"),
    [
        ("run", "dtw/mfccs/sr16000_nfft2048_hop512/fold5", r"run 'dtw/mfccs\S* is none of the \d+"),
        ("training", "cnn/mel/fold5", r"training 'cnn/mel/fold5' is none.*nearest are cnn/mel/sr"),
        ("feature_at", "mfcc/sr8000", r"feature 'mfcc/sr8000' is none of the"),
        ("split", "fold6", r"split 'fold6' is not known; .*fold5"),
    ],
)
def test_an_unknown_path_is_named(plan, look, path, message):
    with pytest.raises(ParameterError, match=message):
        getattr(plan, look)(path)


def test_maps_are_of_each_network_one_split_and_seed(plan_with):
    plan = plan_with(
        classification__protocol="cv", training__seeds=[0, 1], classification__features=["mel"]
    )
    mapped = [name for name in plan.maps() if name.startswith("cnn/")]
    assert mapped == ["cnn/mel/sr44100_nfft2048_hop1024/fold1/seed0"]


def test_of_the_rows_on_one_bank_the_first_is_mapped(plan_with):
    names = ["efficientat_max", "efficientat_windows", "efficientat_frozen", "efficientat_centred"]
    plan = plan_with(
        probe__encoders=["efficientat"],
        retrieval__tables={"retrieval_mine": {"distance": "cosine", "encodings": names}},
    )
    assert {path: run.row.network for path, run in plan.maps().items()} == {
        "efficientat_windows/waveform/sr32000": "efficientat_max",
        "efficientat_frozen/waveform/sr32000": "efficientat_frozen",
    }
    told = [map_spec(plan, path).get("pooling") for path in plan.maps()]
    assert told == ["max", None]


def test_every_vector_of_an_encoder_has_a_name_of_its_own(plan_with):
    table = {"distance": "cosine", "encodings": ["ast_frozen", "clap_hidden", "clap_mlp"]}
    plan = plan_with(retrieval__tables__retrieval_mine=table)
    banks = [run.bank for run in plan.runs_of("retrieval_mine")]
    assert [(bank.name, bank.encoder.name, bank.vector) for bank in banks] == [
        ("ast_frozen", "ast", "frozen"),
        ("clap_hidden", "clap", "hidden"),
        ("clap_mlp", "clap", "hidden"),
    ]


def test_an_ensemble_has_the_networks_that_are_named_for_a_split(plan_with):
    """Of each seed by itself, or of all as one; on every split, or on one."""

    def members(seeds: str) -> list[tuple[str, list[str]]]:
        every, fold2 = ({"network": n, "feature": "mel"} for n in ("cnn", "crnn"))
        ensemble = {"of": {"every": [every], "fold2": [fold2]}, "views": 1, "seeds": seeds}
        plan = plan_with(
            training__seeds=[0, 7],
            classification__protocol="cv",
            classification__ensembles={"together": ensemble},
        )
        assert {of.path for of in plan.ensembles} <= set(plan.trainings)
        found = [of for of in plan.ensembles if of.split.name in ("fold1", "fold2")]
        return [(of.path, [m.path.split("/")[0] + m.seed for m in of.members]) for of in found]

    place = "together/mel/sr44100_nfft2048_hop1024"
    assert members("all") == [
        (f"{place}/fold1/seed0", ["cnn0", "cnn7"]),
        (f"{place}/fold2/seed0", ["cnn0", "cnn7", "crnn0", "crnn7"]),
    ]
    assert members("each") == [
        (f"{place}/fold1/seed0", ["cnn0"]),
        (f"{place}/fold1/seed7", ["cnn7"]),
        (f"{place}/fold2/seed0", ["cnn0", "crnn0"]),
        (f"{place}/fold2/seed7", ["cnn7", "crnn7"]),
    ]


def test_pairs_of_folds_are_ten_splits(plan_with):
    plan = plan_with(classification__protocol="pairs")
    assert [split.name for split in plan.test_splits][:4] == [f"fold1-{n}" for n in (2, 3, 4, 5)]
    assert len({split.query_folds for split in plan.test_splits}) == 10
