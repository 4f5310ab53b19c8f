"""CLAP and AST beside what transformers itself makes of the same folders."""

import json
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from resound.encoders.ast import Ast
from resound.encoders.clap import Clap, features_of
from resound.errors import CheckpointError, EnvironmentProblem, ParameterError
from resound.registry import ENCODERS


def sounds(samples: int, clips: int = 2, seed: int = 0) -> np.ndarray:
    """Return tones in faint noise, of which half of the last is zeros."""
    rng = np.random.default_rng(seed)
    tones = np.sin(np.outer(0.03 * (1 + np.arange(clips)), np.arange(samples)))
    waveforms = (0.5 * tones + 1e-3 * rng.standard_normal((clips, samples))).astype(np.float32)
    waveforms[-1, samples // 2 :] = 0.0
    return waveforms


@pytest.fixture(scope="module")
def clap(tiny) -> Clap:
    return Clap.from_folder(tiny / "clap")


@pytest.fixture(scope="module")
def ast(tiny) -> Ast:
    return Ast.from_folder(tiny / "ast")


@pytest.fixture
def copied(tiny, tmp_path):
    """Copy the folder of an encoder, to be spoilt."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(tiny / name, tmp_path / name))

    return copy


def spoil(folder: Path, change) -> None:
    """Rewrite the tensors of a folder."""
    state = load_file(folder / "model.safetensors")
    change(state)
    save_file(state, folder / "model.safetensors", {"format": "pt"})


# CLAP


@pytest.mark.parametrize("samples", [480, 48000, 70001, 240000, 480000])
def test_clap_s_frames_are_those_of_its_extractor(clap, tiny, samples):
    from transformers import ClapFeatureExtractor

    x = sounds(samples)
    extractor = ClapFeatureExtractor.from_pretrained(tiny / "clap")
    expected = extractor(list(x), sampling_rate=48000, return_tensors="pt")["input_features"]
    ours = clap.mel(torch.from_numpy(x))
    assert ours.dtype == torch.float32
    assert ours.shape == (2, 1, 1001, 64)
    torch.testing.assert_close(ours, expected.float(), rtol=0, atol=1e-3)


def test_clap_hears_the_middle_of_long_clips(clap):
    x = torch.from_numpy(sounds(500_001))
    torch.testing.assert_close(clap.mel(x), clap.mel(x[:, 10_000:490_000]), rtol=0, atol=0)


def test_clap_s_embeddings_are_those_of_transformers(clap, tiny):
    from transformers import ClapModel, ClapProcessor

    x = sounds(48000)
    model = ClapModel.from_pretrained(tiny / "clap").eval()
    processor = ClapProcessor.from_pretrained(tiny / "clap")
    sentences = ["This is a sound of dog.", "This is a sound of sea waves."]
    with torch.inference_mode():
        inputs = processor(audio=list(x), sampling_rate=48000, return_tensors="pt")
        expected = features_of(model.get_audio_features(**inputs))
        tokens = processor(text=sentences, padding=True, return_tensors="pt")
        texts = features_of(model.get_text_features(**tokens))
        torch.testing.assert_close(clap.embed(torch.from_numpy(x)), expected, rtol=0, atol=1e-5)
        torch.testing.assert_close(clap.embed_text(sentences), texts, rtol=0, atol=1e-6)
        torch.testing.assert_close(clap.embed_classes(["dog", "sea_waves"]), texts)
        logits = clap.logit_scale * expected @ texts.T
        whole = model(**inputs, **tokens)
        torch.testing.assert_close(whole.logits_per_audio, logits, rtol=1e-4, atol=1e-4)


def test_both_forms_of_features_are_read():
    class Output:
        pooler_output = torch.ones(2, 3)

    assert features_of(Output()) is Output.pooler_output
    assert features_of(Output.pooler_output) is Output.pooler_output


def test_an_ensemble_of_prompts_is_the_normalised_mean(tiny):
    prompts = ["This is a sound of {name}.", "{name}", "the sound of a {name}"]
    clap = ENCODERS["clap"]({"source": str(tiny / "clap")}, prompts=prompts)
    with torch.inference_mode():
        single = [
            clap.embed_text([prompt.format(name=name) for name in ("dog", "sea waves")])
            for prompt in prompts
        ]
        ensemble = clap.embed_classes(["dog", "sea_waves"])
    torch.testing.assert_close(ensemble, functional.normalize(sum(single) / 3, dim=-1))
    assert not torch.allclose(ensemble, single[0])


@pytest.mark.parametrize("prompts", [[], "a {name}", ["a {name}", "a sound"]])
def test_prompts_without_a_place_for_the_name_are_an_error(tiny, prompts):
    with pytest.raises(ParameterError, match=r"prompts.*\{name\}"):
        ENCODERS["clap"]({"source": str(tiny / "clap")}, prompts=prompts)


def test_the_order_in_a_batch_changes_no_embedding_of_a_text(clap):
    with torch.inference_mode():
        both = clap.embed_text(["dog", "a much longer sentence about crackling fire"])
        torch.testing.assert_close(both[:1], clap.embed_text(["dog"]), rtol=0, atol=1e-5)


def test_a_fused_clap_is_refused(copied):
    folder = copied("clap")
    path = folder / "processor_config.json"
    config = json.loads(path.read_text())
    config["feature_extractor"]["truncation"] = "fusion"
    path.write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="is a fused CLAP"):
        Clap.from_folder(folder)


def test_the_hub_s_old_layout_is_read(clap, copied):
    """As the published CLAP has it: tensors pickled, the tokenizer in parts."""
    folder = copied("clap")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    processor = json.loads((folder / "processor_config.json").read_text())
    (folder / "processor_config.json").unlink()
    settings = json.dumps(processor["feature_extractor"])
    (folder / "preprocessor_config.json").write_text(settings)
    words = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "vocab.json").write_text(json.dumps(words["vocab"]))
    merges = "\n".join(" ".join(pair) for pair in words["merges"])
    (folder / "merges.txt").write_text(f"#version: 0.2\n{merges}\n")
    (folder / "tokenizer.json").unlink()
    old = ENCODERS["clap"]({"source": str(folder)})
    x = torch.from_numpy(sounds(48000))
    with torch.inference_mode():
        torch.testing.assert_close(old.embed(x), clap.embed(x), rtol=0, atol=0)
        torch.testing.assert_close(old.embed_text(["rain"]), clap.embed_text(["rain"]))


def test_a_pickle_with_code_in_a_folder_is_refused(copied, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    folder = copied("clap")
    (folder / "model.safetensors").unlink()
    torch.save({"logit_scale_a": Trap()}, folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin: .* Nothing was executed"):
        Clap.from_folder(folder)
    assert not (tmp_path / "executed").exists()


# AST


@pytest.mark.parametrize("samples", [400, 16000, 80000])
def test_ast_s_frames_are_those_of_its_extractor(ast, tiny, samples):
    from transformers import ASTFeatureExtractor

    x = sounds(samples)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "At least one mel filter")
        extractor = ASTFeatureExtractor.from_pretrained(tiny / "ast")
    expected = extractor(list(x), sampling_rate=16000, return_tensors="pt")["input_values"]
    ours = ast.frames(torch.from_numpy(x))
    assert ours.shape == (2, 128, 128)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-3)


def test_ast_s_embedding_is_the_pooled_output_of_transformers(ast, tiny):
    from transformers import ASTModel

    x = torch.from_numpy(sounds(16000))
    model = ASTModel.from_pretrained(tiny / "ast").eval()
    with torch.inference_mode():
        torch.testing.assert_close(ast.embed(x), model(ast.frames(x)).pooler_output)


def test_ast_s_tags_are_the_logits_of_transformers_classifier(copied):
    from transformers import ASTForAudioClassification

    folder = copied("ast")
    generator = torch.Generator().manual_seed(0)

    def change(state):
        # As they are written they do nothing to an embedding that is normalised already.
        for name in ("weight", "bias"):
            state[f"classifier.layernorm.{name}"].normal_(generator=generator)

    spoil(folder, change)
    ast = Ast.from_folder(folder)
    x = torch.from_numpy(sounds(16000))
    model = ASTForAudioClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        torch.testing.assert_close(ast.tag_logits(x), model(ast.frames(x)).logits)


def test_ast_s_classifier_is_no_part_of_what_is_trained(ast):
    head = {id(parameter) for parameter in ast.classifier.parameters()}
    assert len(head) == 4
    assert not head & {id(p) for group in ast.layer_groups() for p in group}


# What is wrong with a folder


def test_an_ast_without_a_classifier_embeds_and_has_no_tags(copied):
    folder = copied("ast")

    def change(state):
        for key in [key for key in state if key.startswith("classifier.")]:
            del state[key]

    spoil(folder, change)
    ast = Ast.from_folder(folder)
    x = torch.from_numpy(sounds(16000))
    assert ast.embed(x).isfinite().all()
    with pytest.raises(CheckpointError, match="Ast has 0 classes, not AudioSet's 527"):
        ast.tag_logits(x)


def test_a_classifier_of_ast_that_is_not_whole_is_refused(copied):
    folder = copied("ast")

    def change(state):
        del state["classifier.layernorm.bias"]
        state["classifier.mystery"] = torch.zeros(2)

    spoil(folder, change)
    message = r"ast\S*: classifier: its .* 1 missing: layernorm\.bias; 1 unexpected: mystery"
    with pytest.raises(CheckpointError, match=message):
        Ast.from_folder(folder)


@pytest.mark.parametrize(("name", "cls"), [("clap", Clap), ("ast", Ast)])
def test_missing_and_extra_tensors_are_all_listed(copied, name, cls):
    folder = copied(name)

    def change(state):
        for key in sorted(key for key in state if key.endswith("after.bias"))[:2]:
            del state[key]
        state["mystery"] = torch.zeros(2)

    spoil(folder, change)
    with pytest.raises(
        CheckpointError,
        match=r"2 missing: \S+after\.bias, \S+after\.bias; 1 unexpected: mystery",
    ):
        cls.from_folder(folder)


@pytest.mark.parametrize(
    ("name", "cls", "tensor"),
    [
        ("clap", Clap, "audio_projection.linear1.bias"),
        ("ast", Ast, "audio_spectrogram_transformer.layernorm.bias"),
    ],
)
def test_a_misshapen_tensor_is_named(copied, name, cls, tensor):
    folder = copied(name)
    spoil(folder, lambda state: state.update({tensor: torch.zeros(3)}))
    with pytest.raises(CheckpointError, match=r"bias of shape \(3,\) must be \(\d+,\)"):
        cls.from_folder(folder)


def test_the_folder_of_another_model_is_refused(tiny):
    with pytest.raises(CheckpointError, match="is of a model of type 'clap', not 'audio-spectro"):
        Ast.from_folder(tiny / "clap")


@pytest.mark.parametrize(
    ("name", "cls", "file"),
    [
        ("clap", Clap, "config.json"),
        ("clap", Clap, "processor_config.json"),
        ("clap", Clap, "tokenizer.json"),
        ("ast", Ast, "preprocessor_config.json"),
    ],
)
def test_a_file_that_is_missing_from_a_folder(copied, name, cls, file):
    folder = copied(name)
    (folder / file).unlink()
    with pytest.raises(
        CheckpointError, match=r"missing or (damaged|not what transformers)|no tokenizer"
    ):
        cls.from_folder(folder)


def test_transformers_that_cannot_be_imported(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(EnvironmentProblem, match=r"transformers cannot be imported .*encoders\]"):
        Ast.from_folder(tiny / "ast")
