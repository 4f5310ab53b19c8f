"""Any audio model of transformers: its embedding beside what the library makes of the clip."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from resound.errors import CheckpointError, ParameterError
from resound.registry import ENCODERS


def load(folder: Path, **options):
    options = {"sample_rate": 16000, "name": "mine", **options}
    return ENCODERS["transformers"]({"source": str(folder)}, **options)


def sounds(samples: int = 12000) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (0.1 * rng.standard_normal((2, samples))).astype(np.float32)


@pytest.fixture
def copied(tiny, tmp_path):
    """Copy the folder of a model, to be spoilt."""
    return lambda name: Path(shutil.copytree(tiny / name, tmp_path / name))


@pytest.mark.parametrize("layer", [None, 0, 1, -1])
def test_the_mean_of_a_layer_is_that_of_the_library_s_own_model(tiny, layer):
    from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2Model

    folder = tiny / "wav2vec2"
    model = Wav2Vec2Model.from_pretrained(folder).eval()
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    x = sounds()
    inputs = extractor(list(x), sampling_rate=16000, return_tensors="pt")
    with torch.inference_mode():
        output = model(inputs["input_values"], output_hidden_states=True)
        states = output.last_hidden_state if layer is None else output.hidden_states[layer]
        ours = load(folder, layer=layer).embed(torch.from_numpy(x))
    torch.testing.assert_close(ours, states.mean(1), rtol=0, atol=1e-5)


def test_the_positions_that_padding_fills_are_not_pooled(tiny):
    """Whisper pads every clip to 30 seconds: 1500 positions, of which one second fills 50."""
    from transformers import WhisperFeatureExtractor, WhisperModel

    x = sounds(16000)
    model = WhisperModel.from_pretrained(tiny / "whisper").eval()
    extractor = WhisperFeatureExtractor.from_pretrained(tiny / "whisper")
    inputs = extractor(list(x), sampling_rate=16000, return_tensors="pt")
    with torch.inference_mode():
        states = model.get_encoder()(inputs["input_features"]).last_hidden_state
        ours = load(tiny / "whisper").embed(torch.from_numpy(x))
    torch.testing.assert_close(ours, states[:, :50].mean(1), rtol=0, atol=1e-5)


def test_the_first_position_of_ast_is_its_class_token(tiny):
    ast = ENCODERS["ast"]({"source": str(tiny / "ast")})
    mine = load(tiny / "ast", pooling="first")
    x = torch.from_numpy(sounds())
    with torch.inference_mode():
        states = ast.model(ast.frames(x)).last_hidden_state
        torch.testing.assert_close(mine.embed(x), states[:, 0], rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rate": 8000}, r"encoders\.mine\.sample_rate: 8000 Hz must be the 16000 Hz"),
        ({"layer": 3}, r"layer=3 must lie in -3 to 2: the model has 3 hidden states"),
        ({"pooling": "median"}, r"pooling='median' is not known; .* mean, max, first"),
    ],
)
def test_options_that_do_not_fit_the_model_are_an_error(tiny, options, message):
    with pytest.raises(ParameterError, match=message):
        load(tiny / "wav2vec2", **options)


def test_weights_that_lack_a_tensor_or_have_one_too_many_are_refused(copied):
    folder = copied("wav2vec2")
    state = load_file(folder / "model.safetensors")
    spare = state.pop("wav2vec2.encoder.layer_norm.weight")
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(CheckpointError, match=r"encoder\.layer_norm\.weight"):
        load(folder)
    state["wav2vec2.encoder.layer_norm.weight"] = state["wav2vec2.encoder.spare"] = spare
    save_file(
        {k: v.clone() for k, v in state.items()}, folder / "model.safetensors", {"format": "pt"}
    )
    with pytest.raises(CheckpointError, match=r"encoder\.spare"):
        load(folder)


@pytest.mark.parametrize(
    ("model_type", "message"),
    [
        ("wav2vec9", r"no model of type 'wav2vec9'; install a newer one"),
        (3, r"no model of type 3"),
        (["wav2vec2"], r"no model of type \['wav2vec2'\]"),
    ],
)
def test_a_model_that_the_library_does_not_know_is_named(copied, model_type, message):
    folder = copied("wav2vec2")
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_type": model_type}))
    with pytest.raises(CheckpointError, match=message):
        load(folder)


def test_a_model_of_texts_is_refused(tmp_path):
    from transformers import RobertaConfig, RobertaModel, Wav2Vec2FeatureExtractor

    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    RobertaModel(RobertaConfig(vocab_size=20, intermediate_size=8, **sizes)).save_pretrained(
        tmp_path
    )
    Wav2Vec2FeatureExtractor().save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match="RobertaModel reads input_ids, not sounds"):
        load(tmp_path)


def test_a_folder_without_an_extractor_is_refused(copied):
    folder = copied("wav2vec2")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(CheckpointError, match="AutoFeatureExtractor are missing or damaged"):
        load(folder)


@pytest.mark.parametrize("fault", ["absent", "empty", "page", "pointer", "cut"])
def test_bad_files_of_weights_are_named(copied, fault):
    folder = copied("wav2vec2")
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    if fault == "absent":
        path.unlink()
    else:
        made = {
            "empty": b"",
            "page": b"<html>Not found</html>",
            "pointer": b"version https://git-lfs.github.com/spec/v1\n",
            "cut": whole[: len(whole) // 2],
        }
        path.write_bytes(made[fault])
    with pytest.raises(CheckpointError, match=str(folder)):
        load(folder)
