"""Coordinates: what each knows of itself, written out and never read back."""

import pytest

from resound.experiment.coordinates import (
    Autoencoder,
    Classifier,
    Embedding,
    Encoding,
    Feature,
    HeadTraining,
    Pretrained,
    Run,
    Setting,
    Split,
    setting_of,
    splits,
)

FOLD5 = Split("fold5", (5,))
NET = Setting(44100, 2048, 1024)
MEL = Feature("mel", NET, "mel")


def classifier(network: str, loss: str = "cross_entropy") -> Classifier:
    return Classifier(MEL, FOLD5, "3", network, loss, network)


def test_a_setting_is_written_out():
    stft = {"sample_rate": 44100, "n_fft": 4096, "hop_length": 1024}
    assert setting_of(stft).name == "sr44100_nfft4096_hop1024"
    assert setting_of(stft).unframed.name == "sr44100"
    assert setting_of(stft).unframed.spec == {"sample_rate": 44100}


def test_the_engines_have_settings_of_their_own():
    """Both may stand in one table; an FFT that is named is the one that is not."""
    stft = {"sample_rate": 44100, "n_fft": 4096, "hop_length": 1024}
    plain, fft, by = (setting_of(stft | e) for e in ({}, {"engine": "fft"}, {"engine": "matrix"}))
    assert plain == fft
    assert by.name == f"{plain.name}_matrix"
    assert plain.spec == stft | {"engine": "fft"}
    assert by.spec == stft | {"engine": "matrix"}


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


def test_a_feature_knows_its_bank_and_its_module():
    variant = Feature("mfcc_hann", NET, "mfcc")
    assert variant.folder == "features/mfcc_hann/sr44100_nfft2048_hop1024"
    assert variant.module == "resound.features.mfcc"
    assert variant.training is None


def test_a_training_knows_its_name_its_folder_and_its_code():
    plain, contrastive = classifier("cnn"), classifier("cnn", "supcon")
    assert plain.path == "cnn/mel/sr44100_nfft2048_hop1024/fold5/seed3"
    assert contrastive.path == "cnn_supcon/mel/sr44100_nfft2048_hop1024/fold5/seed3"
    assert contrastive.module == plain.module == "resound.models.cnn"
    coder = Autoencoder(MEL, FOLD5, "0", 128)
    assert coder.path == "autoencoder_128/mel/sr44100_nfft2048_hop1024/fold5/seed0"
    assert coder.module == "resound.models.autoencoder"
    assert coder.panel[:2] == ("autoencoder", "mel, code 128")


@pytest.mark.parametrize("name", ["my_supcon", "autoencoder_big", "clap_knn", "autoencoder_9"])
def test_no_name_of_a_network_has_a_meaning(name):
    """Trained by the plain loss, it is what it is called, whatever that ends in."""
    of = classifier(name)
    assert (of.name, of.network, of.loss) == (name, name, "cross_entropy")
    assert of.panel == (name, "mel", True)
    assert Embedding(of).source == f"{name}/mel/sr44100_nfft2048_hop1024/seed3"


def test_a_run_is_named_by_what_it_compares():
    feature = Run("dtw", Feature("mfcc", Setting(16000, 2048, 512), "mfcc"), FOLD5)
    assert feature.path == "dtw/mfcc/sr16000_nfft2048_hop512/fold5"
    vectors = Run("cosine", Embedding(classifier("cnn")), FOLD5)
    assert vectors.path == "cosine/cnn/mel/sr44100_nfft2048_hop1024/seed3/fold5"
    assert vectors.bank.folder == "embeddings/cnn/mel/sr44100_nfft2048_hop1024/fold5/seed3"
    assert vectors.row.about == {
        "method": "cosine",
        "network": "cnn",
        "feature": "mel",
        "setting": "sr44100_nfft2048_hop1024",
    }


def test_a_frozen_bank_has_no_split_and_a_trained_one_has_its_own():
    clap = Pretrained("clap", "clap", 48000)
    frozen = Encoding("clap_frozen", clap, "frozen", None)
    assert frozen.folder == "embeddings/clap_frozen/waveform/sr48000"
    assert Run("cosine", frozen, FOLD5).path == "cosine/clap_frozen/waveform/sr48000/fold5"
    tuned = Encoding("clap_mlp", clap, "hidden", HeadTraining(clap, "finetuned", FOLD5))
    assert tuned.folder == "embeddings/clap_hidden/waveform/sr48000/fold5/seed0"
    assert tuned.training.path == "clap_finetuned/waveform/sr48000/fold5/seed0"
    assert Run("cosine", tuned, FOLD5).path == "cosine/clap_mlp/waveform/sr48000/seed0/fold5"
