"""What holds for every registered encoder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from resound.data.audioset import class_names
from resound.encoders.encoder import Encoder
from resound.errors import CheckpointError, ParameterError
from resound.registry import ENCODERS
from tests.shown_code import block_of
from tests.tiny_encoders import write_ast, write_efficientat

ROOT = Path(__file__).resolve().parents[3]
OWN = {"beats": "beats.pt", "clap": "clap", "ast": "ast", "efficientat": "efficientat.pt"}
OF_16K = {"sample_rate": 16000}
# Family, tiny checkpoint and options.
CASES = [
    *((family, file, {}) for family, file in OWN.items()),
    ("transformers", "wav2vec2", OF_16K),
    ("transformers", "whisper", {**OF_16K, "layer": 2}),
    ("transformers", "ast", {**OF_16K, "pooling": "first"}),
    ("transformers", "clap", {"sample_rate": 48000, "layer": -1, "pooling": "max"}),
    ("onnx", "waveforms.onnx", OF_16K),
]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def case(request) -> tuple[str, str, dict]:
    return request.param


@pytest.fixture(scope="module")
def encoder(case, tiny) -> Encoder:
    family, file, options = case
    return ENCODERS[family]({"source": str(tiny / file)}, **options)


def test_every_family_has_a_tiny_checkpoint():
    assert {family for family, *_ in CASES} == set(ENCODERS), "see tests/tiny_encoders.py"


def clips(encoder: Encoder, count: int = 3, seconds: float = 0.7) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    samples = int(seconds * encoder.sample_rate)
    return 0.1 * torch.randn(count, samples, generator=generator)


def test_the_registry_knows_before_what_the_encoder_says_then(case, encoder):
    name, _, options = case
    traits = ENCODERS.entry(name).traits
    assert (traits | options)["sample_rate"] == encoder.sample_rate
    assert traits.get("text", False) == encoder.has_text
    assert traits.get("masked", False) == encoder.can_mask
    assert traits.get("tags", False) == encoder.has_tags
    assert set(traits.get("text_options", [])) <= set(ENCODERS.options(name))


def test_a_clip_has_one_finite_embedding_that_depends_on_it_alone(encoder):
    x = clips(encoder)
    with torch.inference_mode():
        embeddings = encoder.embed(x)
        alone = encoder.embed(x[1:2])
    assert embeddings.shape == (3, encoder.dimension)
    assert embeddings.dtype == torch.float32
    assert embeddings.isfinite().all()
    torch.testing.assert_close(embeddings[1:2], alone, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(embeddings[0], embeddings[1])


def test_it_starts_in_evaluation_mode_and_is_repeatable(encoder):
    assert not any(module.training for module in encoder.modules())
    with torch.inference_mode():
        torch.testing.assert_close(
            encoder.embed(clips(encoder)), encoder.embed(clips(encoder)), rtol=0, atol=0
        )


def test_silence_and_the_shortest_clip_have_an_embedding(encoder):
    with torch.inference_mode():
        assert encoder.embed(torch.zeros(2, encoder.sample_rate)).isfinite().all()
        assert encoder.embed(clips(encoder)[:, : encoder.minimum]).isfinite().all()


def test_gradients_reach_every_parameter_of_the_layer_groups_once(case, encoder):
    if ENCODERS.entry(case[0]).traits.get("frozen"):
        pytest.skip("it cannot be trained: tests/unit/encoders/test_onnx.py")
    groups = encoder.layer_groups()
    parameters = [parameter for group in groups for parameter in group]
    assert len(groups) > 2
    assert all(groups)
    assert len({id(parameter) for parameter in parameters}) == len(parameters)
    encoder.zero_grad()
    encoder.embed(clips(encoder)).square().sum().mul(1e3).backward()
    assert all(parameter.grad is not None for parameter in parameters)
    reached = {id(p) for p in encoder.parameters() if p.grad is not None and p.grad.any()}
    assert reached <= {id(parameter) for parameter in parameters}


def test_frozen_parts_stay_as_they_are_in_training(encoder):
    before = [buffer.clone() for part in encoder.frozen_parts() for buffer in part.buffers()]
    with torch.no_grad():
        encoder.train().embed(clips(encoder))
    assert encoder.training
    assert not any(part.training for part in encoder.frozen_parts())
    after = [buffer for part in encoder.frozen_parts() for buffer in part.buffers()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    encoder.eval()


def test_mixed_precision_changes_little(encoder):
    x = clips(encoder)
    with torch.inference_mode():
        exact = encoder.embed(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed = encoder.embed(x)
    assert mixed.dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(mixed, exact).min() > 0.99


@pytest.mark.parametrize(
    ("shape", "dtype"), [((8000,), torch.float32), ((1, 1, 8000), torch.float32),
                         ((1, 8000), torch.int16)]
)  # fmt: skip
def test_waveforms_of_another_form_are_an_error(encoder, shape, dtype):
    with pytest.raises(ParameterError, match=r"must be floats \(clips, samples\), mono at"):
        encoder.embed(torch.zeros(shape, dtype=dtype))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_an_error_that_names_the_clips(encoder, value):
    x = clips(encoder)
    x[1, 5] = value
    with pytest.raises(ParameterError, match=r"NaN or infinity in the clips at positions \[1\]"):
        encoder.embed(x)


def test_clips_that_are_too_short_are_an_error(encoder):
    with pytest.raises(ParameterError, match=f"shorter than the {encoder.minimum} "):
        encoder.embed(torch.zeros(1, encoder.minimum - 1))


def test_masking_wants_a_share_a_generator_and_an_encoder_that_can(encoder):
    x, generator = clips(encoder), torch.Generator()
    for share in (-0.1, 1.0):
        with pytest.raises(ParameterError, match=rf"masked={share} must be a share"):
            encoder.embed(x, masked=share, generator=generator)
    if encoder.can_mask:
        with pytest.raises(ParameterError, match="needs a generator"):
            encoder.embed(x, masked=0.5)
        half = encoder.embed(x, masked=0.5, generator=generator)
        assert not torch.allclose(half, encoder.embed(x))
    else:
        with pytest.raises(ParameterError, match="cannot leave tokens out"):
            encoder.embed(x, masked=0.5, generator=generator)


def test_texts_are_embedded_or_refused(encoder):
    if not encoder.has_text:
        with pytest.raises(ParameterError, match="has no text"):
            encoder.embed_text(["a dog"])
        with pytest.raises(ParameterError, match="has no text"):
            encoder.embed_classes(["dog"])
        return
    with torch.inference_mode():
        embedded = encoder.embed_text(["This is a sound of dog.", "rain"])
    assert embedded.shape == (2, encoder.dimension)
    torch.testing.assert_close(embedded.norm(dim=1), torch.ones(2))


def test_tags_are_logits_of_audioset_s_classes_or_refused(encoder):
    x = clips(encoder)
    if not encoder.has_tags:
        with pytest.raises(ParameterError, match="has no tags; choose an encoder that has"):
            encoder.tag_logits(x)
        return
    with torch.inference_mode():
        logits = encoder.tag_logits(x)
        alone = encoder.tag_logits(x[1:2])
    assert logits.shape == (3, len(class_names()))
    torch.testing.assert_close(logits[1:2], alone, rtol=1e-4, atol=1e-4)
    with pytest.raises(ParameterError, match="shorter than"):
        encoder.tag_logits(x[:, : encoder.minimum - 1])


@pytest.mark.parametrize(
    ("family", "write"), [("efficientat", write_efficientat), ("ast", write_ast)]
)
def test_a_checkpoint_of_other_classes_has_no_tags(tmp_path, family, write):
    write(tmp_path / "net", n_classes=7)
    encoder = ENCODERS[family]({"source": str(tmp_path / "net")})
    assert encoder.embed(clips(encoder)).isfinite().all()
    with pytest.raises(CheckpointError, match="has 7 classes, not AudioSet's 527: it has no tags"):
        encoder.tag_logits(clips(encoder))


def test_loading_needs_none_of_the_packages_that_break(tiny):
    """In a process of its own, where importing them would be an error."""
    code = """
import sys
from pathlib import Path
for package in ("torchvision", "torchaudio", "timm"):
    sys.modules[package] = None
from resound.registry import ENCODERS
for argument in sys.argv[2:]:
    name, file = argument.split("=")
    ENCODERS[name]({"source": str(Path(sys.argv[1], file))})
print(sorted(m for m in ("librosa", "lightning", "pandas") if m in sys.modules))
"""
    files = [f"{name}={file}" for name, file in OWN.items()]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tiny), *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n"


def test_importing_encoders_does_not_import_transformers():
    names = ", ".join(ENCODERS.entry(name).module for name in ENCODERS)
    code = f"import {names}, sys; "
    code += "assert not {'transformers', 'huggingface_hub', 'torchvision'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_broken_torchvision_is_named_with_the_way_out(tiny, tmp_path):
    info = tmp_path / "torchvision-0.27.0.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", "Name: torchvision", "Version: 0.27.0"]
    (info / "METADATA").write_text("\n".join([*lines, "Requires-Dist: torch==2.12.0"]) + "\n")
    broken = "raise RuntimeError('operator torchvision::nms does not exist')"
    (tmp_path / "torchvision.py").write_text(broken)
    code = "import sys; from resound.registry import ENCODERS; "
    code += "ENCODERS['ast']({'source': sys.argv[1]})"
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", code, str(tiny / "ast")],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    message = done.stderr.strip().splitlines()[-1]
    assert "EnvironmentProblem: torchvision 0.27.0 does not work with torch" in message
    assert "python -m pip uninstall torchvision" in message


def test_an_encoder_is_one_file_and_one_line(tmp_path):
    """The example of the docs, put where it says, on a tiny checkpoint of its kind."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    code, shown = block_of("An encoder")
    line = yaml.safe_load(shown)
    assert list(line) == ["wav2vec2"]
    assert set(line["wav2vec2"]) == {"family", "weights", "optional", "threads"}
    shutil.copytree(ROOT / "src", tmp_path / "src")
    (tmp_path / "src/resound/encoders/wav2vec2.py").write_text(code)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    few = {"conv_dim": [8] * 7, "intermediate_size": 32, "num_conv_pos_embedding_groups": 4}
    Wav2Vec2Model(Wav2Vec2Config(**sizes, **few)).save_pretrained(tmp_path / "net")
    use = """
import sys, torch
from resound.registry import ENCODERS
encoder = ENCODERS["wav2vec2"]({"source": sys.argv[1]})
encoder.embed(torch.randn(2, 8000)).sum().backward()
print([all(p.grad is not None for p in group) for group in encoder.layer_groups()])
"""
    done = subprocess.run(
        [sys.executable, "-c", use, str(tmp_path / "net")],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[True, True, True]\n", done.stderr
