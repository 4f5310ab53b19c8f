"""Checkpoints of pretrained encoders, which come from strangers."""

import json

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from tiny_encoders import write_ast, write_beats, write_clap, write_efficientat

from resound.encoders.ast import Ast
from resound.encoders.beats import Beats
from resound.encoders.clap import Clap
from resound.encoders.efficientat import EfficientAT
from tests.examples import examples
from tests.hostile.strategies import damaged, with_other_value

pytestmark = [pytest.mark.hypothesis, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Return the path of a small checkpoint in the published form."""
    path = tmp_path_factory.mktemp("beats") / "net.pt"
    write_beats(path)
    return path


def test_a_damaged_checkpoint_is_read_or_refused(published, tmp_path, report):
    """a checkpoint of BEATs with damaged bytes"""
    path = tmp_path / "net.pt"

    @given(damaged(published.read_bytes()))
    def holds(content):
        path.write_bytes(content)
        report.read(lambda: Beats.from_checkpoint(path), path.name)

    holds()
    report.write()


def test_forged_sizes_of_a_checkpoint_are_used_or_refused(published, tmp_path, report):
    """a checkpoint of BEATs with other sizes in it than its tensors have"""
    path = tmp_path / "net.pt"
    good = torch.load(published, weights_only=True)

    @given(with_other_value(good["cfg"]))
    @example({**good["cfg"], "encoder_embed_dim": 2**40})
    @example({**good["cfg"], "encoder_layers": 10**9})
    def holds(cfg):
        torch.save({**good, "cfg": cfg}, path)
        report.read(lambda: Beats.from_checkpoint(path), path.name)

    holds()
    report.write()


LABELS = {0: "dog", 1: "rain"}


def test_forged_labels_of_a_checkpoint_are_read_or_refused(published, tmp_path, report):
    """a checkpoint of BEATs with other names of classes in it"""
    path = tmp_path / "net.pt"
    good = torch.load(published, weights_only=True)

    @given(with_other_value(LABELS))
    @example(7)
    @example(["dog"])
    @example({"dog": 0})
    @example({0: ["dog"]})
    def holds(labels):
        torch.save({**good, "label_dict": labels}, path)
        report.read(lambda: Beats.from_checkpoint(path), path.name)

    holds()
    report.write()


def test_a_forged_description_of_a_network_is_used_or_refused(published, tmp_path, report):
    """the JSON of a stored network of BEATs with other values in it"""
    network = Beats.from_checkpoint(published)
    network.label_dict = LABELS
    network.save(tmp_path)
    path = tmp_path / "config.json"
    good = json.loads(path.read_text())

    @given(with_other_value(good))
    @example([])
    @example({**good, "cfg": []})
    @example({**good, "label_dict": []})
    @example({**good, "label_dict": {"dog": "dog"}})
    @example({**good, "label_dict": {"0": {}}})
    def holds(config):
        path.write_text(json.dumps(config))
        report.read(lambda: Beats.read(tmp_path), tmp_path.name)

    holds()
    path.write_text("[" * 100_000)
    report.read(lambda: Beats.read(tmp_path), tmp_path.name)
    report.write()


@pytest.fixture(scope="module")
def state_dict(tmp_path_factory):
    """Return the path of a small state dict in the published form of EfficientAT."""
    path = tmp_path_factory.mktemp("efficientat") / "net.pt"
    write_efficientat(path)
    return path


def test_a_damaged_state_dict_is_read_or_refused(state_dict, tmp_path, report):
    """a checkpoint of EfficientAT with damaged bytes"""
    path = tmp_path / "net.pt"

    @given(damaged(state_dict.read_bytes()))
    def holds(content):
        path.write_bytes(content)
        report.read(lambda: EfficientAT.from_checkpoint(path), path.name)

    holds()
    report.write()


DTYPES = st.sampled_from([torch.float64, torch.int8, torch.bool, torch.complex64])
SHAPES = st.lists(st.sampled_from([0, 1, 7, 96, 97, 500]), max_size=2)
FORGED = (
    st.builds(torch.zeros, SHAPES, dtype=DTYPES)
    | st.sampled_from([2**20, 2**40, 2**62]).map(lambda size: torch.zeros(1).expand(size))
    | st.sampled_from([torch.tensor(float("nan")), None, 7, "dog"])
)
# Of these two the sizes of the network are told.
TELLING = ("features.16.0.weight", "classifier.5.bias")


def test_forged_tensors_are_used_or_refused(state_dict, tmp_path, report):
    """a checkpoint of EfficientAT with other tensors in it"""
    path = tmp_path / "net.pt"
    good = torch.load(state_dict, weights_only=True)

    @examples(times=0.25)
    @given(st.sampled_from(TELLING) | st.sampled_from(sorted(good)), FORGED)
    @example("classifier.5.bias", torch.zeros(1).expand(2**40))
    @example("features.16.0.weight", torch.zeros(0, 2, 1, 1))
    def holds(name, forged):
        torch.save({**good, name: forged}, path)
        report.read(lambda: EfficientAT.from_checkpoint(path), path.name)

    holds()
    report.write()


ILL_TYPED = st.none() | st.text(max_size=5) | st.just([]) | st.just({}) | st.lists(st.text())
FOLDERS = {
    "ast": (write_ast, Ast.from_folder, "config.json"),
    "ast frames": (write_ast, Ast.from_folder, "preprocessor_config.json"),
    "clap": (write_clap, Clap.from_folder, "config.json"),
    "clap frames": (write_clap, Clap.from_folder, "processor_config.json"),
    "clap words": (write_clap, Clap.from_folder, "tokenizer_config.json"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", FOLDERS)
def test_a_folder_with_a_forged_file_is_used_or_refused(tmp_path, report, kind):
    """a JSON file of a folder in transformers' form with values of other types in it"""
    write, read, name = FOLDERS[kind]
    write(tmp_path / "good")
    path = tmp_path / "good" / name
    good = json.loads(path.read_text())

    def use():
        encoder = read(tmp_path / "good")
        if name == "preprocessor_config.json":
            encoder.frames(torch.zeros(1, 2000))

    @examples(times=0.25)
    @given(with_other_value(good, ILL_TYPED))
    @example([])
    def holds(forged):
        path.write_text(json.dumps(forged))
        report.read(use, "good")

    holds()
    report.write(details=kind)
