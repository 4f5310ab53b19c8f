import json
from pathlib import Path

import pytest
import yaml

from resound.experiment.coordinates import Cell, Run, setting_name, splits
from resound.experiment.specs import Experiment

CONFIG = yaml.safe_load((Path(__file__).resolve().parents[3] / "config.yaml").read_text())


@pytest.fixture
def experiment() -> Experiment:
    return Experiment(CONFIG)


def test_a_setting_is_written_out():
    stft = {"sample_rate": 44100, "n_fft": 4096, "hop_length": 1024}
    assert setting_name(stft) == "sr44100_nfft4096_hop1024"
    assert setting_name(stft, framed=False) == "sr44100"


def test_the_engines_have_settings_of_their_own():
    """Both may stand in one table; an FFT that is named is the one that is not."""
    stft = {"sample_rate": 44100, "n_fft": 4096, "hop_length": 1024}
    settings = {"plain": stft, "fft": stft | {"engine": "fft"}, "by": stft | {"engine": "matrix"}}
    experiment = Experiment(CONFIG | {"stft": settings})
    name = "sr44100_nfft4096_hop1024"
    assert [experiment.setting("mfcc", s) for s in settings] == [name, name, f"{name}_matrix"]
    assert {experiment.setting("fft", s) for s in settings} == {"sr44100"}
    assert experiment.bank("mfcc", name)["stft"] == stft | {"engine": "fft"}
    assert experiment.bank("mfcc", f"{name}_matrix")["stft"] == stft | {"engine": "matrix"}
    assert Experiment(CONFIG | {"stft": {"plain": stft}}).bank("mfcc", name) == experiment.bank(
        "mfcc", name
    )


def test_a_variant_of_a_feature_has_a_path_of_its_own_and_the_spec_of_what_it_is(experiment):
    variant = {"feature": "mfcc", **CONFIG["features"]["mfcc"], "window": "hann"}
    tables = {"t": {"distance": "cosine", "features": ["mfcc", "mfcc_hann"], "stft": ["44k"]}}
    config = CONFIG | {
        "features": CONFIG["features"] | {"mfcc_hann": variant, "whole": {"feature": "fft"}},
        "retrieval": CONFIG["retrieval"] | {"tables": tables},
    }
    experiment_with = Experiment(config)
    runs = experiment_with.table_runs("t")
    assert [run.bank for run in runs] == [
        f"features/{name}/sr44100_nfft4096_hop1024" for name in ("mfcc", "mfcc_hann")
    ]
    plain, hann = (experiment_with.distances(run)["bank"] for run in runs)
    assert plain == experiment.bank("mfcc", "sr44100_nfft4096_hop1024")
    assert hann["feature"] == "mfcc"
    assert hann["options"] == CONFIG["features"]["mfcc"] | {"window": "hann"}
    assert experiment_with.feature_module("mfcc_hann") == "resound.features.mfcc"
    assert experiment_with.setting("whole", "44k") == "sr44100"


def test_orders_of_ties_decide_scores_alone_and_only_where_all_distances_are_known(experiment):
    run = experiment.table_runs("retrieval_dtw")[0]
    assert experiment.scores(run) == {"ranking": experiment.ranking(run)}
    ties = {"orders": 10, "seed": 3}
    ordered = Experiment(CONFIG | {"retrieval": CONFIG["retrieval"] | {"ties": ties}})
    assert ordered.ranking(run) == experiment.ranking(run)
    assert ordered.scores(run)["ties"] == ties
    searched = {"ties": ties, "dtw": {"mode": "top_k", "device": "cpu"}}
    searching = Experiment(CONFIG | {"retrieval": CONFIG["retrieval"] | searched})
    assert "ties" not in searching.scores(run)


@pytest.mark.parametrize(
    ("protocol", "query_folds", "names"),
    [
        ("holdout", [5], ["fold5"]),
        ("holdout", [5, 4], ["fold4-5"]),
        ("cv", [5], ["fold1", "fold2", "fold3", "fold4", "fold5"]),
        ("leave_one_out", [5], ["all"]),
    ],
)
def test_the_splits_of_each_protocol(protocol, query_folds, names):
    assert [split.name for split in splits(protocol, query_folds)] == names


def test_the_study_s_tables_have_twelve_and_eight_rows(experiment):
    assert len(experiment.table_runs("retrieval_cosine")) == 12
    assert len(experiment.table_runs("retrieval_dtw")) == 8


def test_settings_that_differ_only_in_frames_are_one_run_of_an_unframed_feature():
    tables = {"t": {"distance": "cosine", "features": ["fft"], "stft": ["44k", "net"]}}
    config = CONFIG | {"retrieval": CONFIG["retrieval"] | {"tables": tables}}
    assert Experiment(config).table_runs("t") == [Run("cosine", "fft", "sr44100", "fold5")]


def test_every_spec_is_plain_and_nests_the_spec_of_its_input(experiment):
    run = experiment.table_runs("retrieval_dtw")[0]
    scores = experiment.scores(run)
    assert json.loads(json.dumps(scores)) == scores
    distances = scores["ranking"]["distances"]
    assert distances == experiment.distances(run)
    assert distances["bank"] == experiment.bank(run.feature, run.setting)
    assert distances["bank"]["audio"] == experiment.audio(44100)


def test_the_ranking_of_a_run_knows_neither_tiles_nor_the_way_its_hits_are_found(experiment):
    how = {"tile": {"queries": 3, "gallery": 5}, "dtw": {"mode": "top_k", "device": "cpu"}}
    other = Experiment(CONFIG | {"retrieval": CONFIG["retrieval"] | how})
    run = experiment.table_runs("retrieval_dtw")[0]
    assert other.ranking(run) == experiment.ranking(run)
    assert other.gathering(run) == {
        "ranking": experiment.ranking(run),
        "tile_size": {"queries": 3, "gallery": 5},
        "mode": "top_k",
    }
    assert experiment.gathering(run)["mode"] == "full"


def test_a_tile_is_made_of_its_place_its_size_and_what_it_is_part_of(experiment):
    run = experiment.table_runs("retrieval_dtw")[0]
    place = {"row": 1, "column": 2, "queries": 400, "gallery": 1600}
    tile = experiment.distances_tile(run, 1, 2)
    assert tile == {"distances": experiment.distances(run), "tile": place}
    search = experiment.search_tile(run, 1, 2)
    assert search == {"ranking": experiment.ranking(run), "tile": place}


def test_only_a_distance_with_a_search_is_searched(experiment):
    assert experiment.searched_runs() == []
    assert "search" not in experiment.tables()
    searching = CONFIG["retrieval"] | {"dtw": {"mode": "top_k", "device": "cpu"}}
    experiment = Experiment(CONFIG | {"retrieval": searching})
    codes = [r for r in experiment.table_runs("retrieval_autoencoder") if r.distance == "dtw"]
    assert experiment.searched_runs() == experiment.table_runs("retrieval_dtw") + codes
    assert experiment.tables()[-3:] == ["search", "significance", "summary"]


def test_only_a_run_on_a_gpu_takes_one_and_its_module(experiment):
    on_gpu = CONFIG["retrieval"] | {"dtw": {"mode": "full", "device": "cuda"}}
    other = Experiment(CONFIG | {"retrieval": on_gpu})
    dtw, cosine = (experiment.table_runs(f"retrieval_{name}")[0] for name in ("dtw", "cosine"))
    kernel = "resound.distances._dtw_cuda"
    assert other.distance_modules(dtw) == [*experiment.distance_modules(dtw), kernel]
    assert other.distance_modules(cosine) == experiment.distance_modules(cosine)
    assert experiment.distances(dtw)["hardware"] == {"device": "cpu"}
    assert other.distances(dtw)["hardware"] == {"device": "cuda"}
    assert other.distances(cosine) == experiment.distances(cosine)
    assert [e.n_gpus(run) for e in (experiment, other) for run in (dtw, cosine)] == [0, 0, 1, 0]


def test_strict_provenance_puts_versions_into_the_root_of_all_specs():
    experiment = Experiment(CONFIG | {"provenance": {"strict": True}})
    assert "numpy" in experiment.audio(44100)["versions"]
    assert "numpy" in experiment.matrix_costs()["versions"]


def test_the_matrix_has_a_table_and_a_figure(experiment):
    assert {"validation", "matrix_spectrogram"} <= set(experiment.tables())
    assert "stft_matrix_real" in experiment.displays.figures()
    figure, costs = experiment.displays.matrix_figure(), experiment.matrix_costs()
    assert json.loads(json.dumps([figure, costs])) == [figure, costs]
    assert figure["matrix"] == costs["matrix"]
    assert figure["audio"] == experiment.audio(44100)


def test_a_matrix_of_no_length_has_no_table():
    block = CONFIG["matrix_spectrogram"] | {"table": {"n_samples": [], "rounds": 1}}
    assert "matrix_spectrogram" not in Experiment(CONFIG | {"matrix_spectrogram": block}).tables()


def with_classification(**changes) -> Experiment:
    return Experiment(CONFIG | {"classification": CONFIG["classification"] | changes})


def test_the_study_s_classification_has_four_networks_on_eight_features(experiment):
    cells = experiment.cells()
    assert len(cells) == 32
    assert cells[0] == Cell("cnn", "mel", "sr44100_nfft2048_hop1024", "fold5", "0")
    assert "classification" in experiment.tables()


def test_cross_validation_and_seeds_multiply_the_trainings():
    cells = with_classification(protocol="cv", seeds=[0, 1]).cells()
    assert len(cells) == 32 * 5 * 2
    assert {cell.split for cell in cells} == {f"fold{n}" for n in range(1, 6)}


def test_without_folds_there_is_nothing_to_classify():
    config = CONFIG | {"retrieval": CONFIG["retrieval"] | {"protocol": "leave_one_out"}}
    assert Experiment(config).cells() == []
    assert "classification" not in Experiment(config).tables()


def test_the_two_protocols_share_the_specs_of_their_splits():
    experiment = with_classification(protocol="cv")
    assert experiment.split("fold5") == {"query_folds": [5], "on_split_recording": "keep"}
    assert experiment.split("fold2") == {"query_folds": [2], "on_split_recording": "keep"}
    assert list(experiment.splits) == ["fold5"]


def test_a_training_s_spec_is_plain_and_says_what_its_input_is(experiment):
    cell = Cell("resnet18", "stft_derivatives", "sr44100_nfft2048_hop1024", "fold5", "0")
    spec = experiment.training(cell)
    assert json.loads(json.dumps(spec)) == spec
    assert spec["bank"] == experiment.bank(cell.feature, cell.setting)
    assert spec["input"] == {"n_planes": 3, "scale": "magnitude", "max_bins": 128}
    assert spec["weights"] is None
    assert "weights" not in spec["options"]
    assert experiment.embeddings(cell)["training"] == spec


def test_of_stored_weights_only_the_digest_decides():
    def spec(source):
        weights = {"source": source, "sha256": "0" * 64}
        networks = CONFIG["networks"] | {"resnet18": {"weights": weights}}
        experiment = Experiment(CONFIG | {"networks": networks})
        return experiment.training(
            Cell("resnet18", "mel", "sr44100_nfft2048_hop1024", "fold5", "0")
        )

    assert spec("here.pth") == spec("there.pth")
    assert spec("here.pth")["weights"] == "0" * 64


def with_autoencoder(**changes) -> Experiment:
    return Experiment(CONFIG | {"autoencoder": CONFIG["autoencoder"] | changes})


def test_a_run_is_named_by_its_path():
    bank = Run("dtw", "mfcc", "sr16000_nfft2048_hop512", "fold5")
    vectors = Run("cosine", "mel", "sr44100_nfft2048_hop1024", "fold5", "cnn", "3")
    assert bank.path == "dtw/mfcc/sr16000_nfft2048_hop512/fold5"
    assert bank.bank == "features/mfcc/sr16000_nfft2048_hop512"
    assert vectors.path == "cosine/cnn/mel/sr44100_nfft2048_hop1024/seed3/fold5"
    assert vectors.bank == "embeddings/cnn/mel/sr44100_nfft2048_hop1024/fold5/seed3"
    for run in (bank, vectors):
        assert Run.at(run.distance, run.source, run.split) == run


def test_the_study_s_tables_of_embeddings_have_its_rows(experiment):
    embedded = experiment.table_runs("retrieval_embeddings")
    assert [run.cell for run in embedded] == experiment.cells()
    assert {run.distance for run in embedded} == {"cosine"}
    coded = experiment.table_runs("retrieval_autoencoder")
    assert [(run.distance, run.network) for run in coded] == [
        (distance, f"autoencoder_{size}")
        for distance in ("dtw", "cosine")
        for size in (128, 256, 512)
    ]


def test_embeddings_are_ranked_by_the_protocol_that_trained_them():
    experiment = with_classification(protocol="cv", seeds=[0, 1])
    assert len(experiment.table_runs("retrieval_embeddings")) == 32 * 5 * 2
    assert experiment.table_protocol("retrieval_embeddings") == "cv"
    assert len(experiment.table_runs("retrieval_autoencoder")) == 6
    assert experiment.table_protocol("retrieval_autoencoder") == "holdout"


def test_a_run_s_bank_is_what_its_network_makes(experiment):
    run = experiment.table_runs("retrieval_autoencoder")[0]
    spec = experiment.distances(run)
    assert json.loads(json.dumps(spec)) == spec
    assert spec["bank"] == experiment.embeddings(run.cell)
    training = spec["bank"]["training"]
    assert training["options"] == {"code_size": 128, "channels": [32, 64, 128, 256]}
    assert training["split"] == {"query_folds": [5], "on_split_recording": "keep"}
    assert training["selection"] == "fixed"
    assert "augmentation" not in training


def test_networks_that_the_queries_chose_have_no_table():
    assert "retrieval_embeddings" not in with_classification(selection="test").tables()


def test_without_trainings_there_is_no_table_of_them(experiment):
    assert "retrieval_autoencoder" in experiment.tables()
    assert "retrieval_autoencoder" not in with_autoencoder(code_sizes=[]).tables()
    assert "retrieval_embeddings" not in with_classification(features=[]).tables()
    alone = Experiment(CONFIG | {"retrieval": CONFIG["retrieval"] | {"protocol": "leave_one_out"}})
    assert not {"retrieval_autoencoder", "retrieval_embeddings"} & set(alone.tables())


def test_losses_are_networks_of_their_own_name():
    experiment = with_classification(
        networks=["cnn", "resnet18"], losses=["cross_entropy", "supcon"]
    )
    names = list(dict.fromkeys(cell.network for cell in experiment.cells()))
    assert names == ["cnn", "cnn_supcon", "resnet18", "resnet18_supcon"]
    cells = {cell.network: cell for cell in experiment.cells()}
    plain, supcon = (experiment.training(cells[name]) for name in ("cnn", "cnn_supcon"))
    assert plain["loss"] == {"name": "cross_entropy"}
    assert supcon == plain | {"loss": {"name": "supcon", "temperature": 0.1, "projection": 64}}
    assert cells["cnn_supcon"].path.startswith("cnn_supcon/")
    assert experiment.network_module(cells["cnn_supcon"]) == "resound.models.cnn"


def test_strict_provenance_puts_torch_s_version_into_trainings():
    experiment = Experiment(CONFIG | {"provenance": {"strict": True}})
    assert set(experiment.training(experiment.cells()[0])["versions"]) >= {"torch", "lightning"}
