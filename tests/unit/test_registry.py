import subprocess
import sys

import pytest

from resound.errors import ParameterError
from resound.registry import DISTANCES, FEATURES, NETWORKS, SEARCHES, Registry

CLASSIFIER_INPUTS = {
    "mel", "mfcc_dst", "mfcc_dct", "mfcc_derivatives_dst",
    "mfcc_derivatives_dct", "stft", "stft_dct", "stft_derivatives",
}  # fmt: skip


def test_all_names_of_the_study_are_there():
    assert {*CLASSIFIER_INPUTS, "fft", "mfcc", "lfcc", "f0", "f1"} <= set(FEATURES)
    assert set(DISTANCES) == {"cosine", "dtw", "dtw_flattened", "dtw_subsequence", "gaussian"}


def test_a_class_has_the_options_of_its_constructor():
    assert NETWORKS.options("crnn") == ("channels", "hidden", "dropout")
    assert NETWORKS.options("resnet18") == ("weights",)
    assert NETWORKS["crnn"].__name__ == "CRNN"


def test_features_say_what_networks_must_know_of_them():
    def having(trait):
        return {name for name in FEATURES if trait in FEATURES.entry(name).traits}

    assert having("scale") == {"fft", "stft", "stft_derivatives", "mel_power"}
    assert having("planes") == {
        "mel_derivatives", "mfcc_derivatives_dct", "mfcc_derivatives_dst", "stft_derivatives"
    }  # fmt: skip


def test_names_and_options_are_known_without_importing_numpy():
    code = (
        "import sys; from resound.registry import FEATURES, DISTANCES, NETWORKS;"
        "from resound.registry import HEADS, LOSSES;"
        "from resound.experiment import config, specs; from resound.jobs import environment;"
        "assert {'width', 'n_mfcc', 'n_mels'} <= set(FEATURES.options('mfcc_derivatives_dct'));"
        "assert 'band' in DISTANCES.options('dtw');"
        "assert 'channels' in NETWORKS.options('cnn');"
        "assert LOSSES.options('supcon') == ('temperature', 'projection');"
        "assert list(HEADS) == ['adapter', 'mlp', 'own'] and HEADS.options('mlp') == ();"
        "print(sorted({'numpy', 'numba', 'torch', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", list(FEATURES))
def test_a_feature_is_what_its_module_registers(name):
    function = FEATURES[name]
    assert function.__module__ == FEATURES.entry(name).module
    assert "sample_rate" not in FEATURES.options(name)


def test_only_the_whole_clip_spectrum_is_unframed():
    assert [n for n in FEATURES if not FEATURES.entry(n).traits.get("framed", True)] == ["fft"]


@pytest.mark.parametrize("name", list(SEARCHES))
def test_a_search_knows_the_options_of_its_distance(name):
    assert SEARCHES[name].__module__ == SEARCHES.entry(name).module
    assert SEARCHES.options(name) == DISTANCES.options(name)


def test_both_readings_of_dtw_have_a_search():
    assert set(SEARCHES) == {"dtw", "dtw_flattened"}


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ParameterError, match=r"feature 'mfc' is not known; did you mean 'mfcc'\?"):
        FEATURES["mfc"]


def test_a_name_registered_twice_is_an_error(monkeypatch, tmp_path):
    for module in ("one", "two"):
        folder = tmp_path / "pack"
        folder.mkdir(exist_ok=True)
        (folder / f"{module}.py").write_text('@THINGS.register("same")\ndef f(*, x=1): ...\n')
    monkeypatch.setattr("resound.registry.SOURCE", tmp_path)
    with pytest.raises(
        ParameterError, match=r"'same' is registered by both pack\.one and pack\.two"
    ):
        Registry("thing", "THINGS", "pack", ()).entries  # noqa: B018
