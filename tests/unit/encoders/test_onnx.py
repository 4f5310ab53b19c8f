"""ONNX files as encoders: beside the arithmetic that the tiny ones hold, and their faults."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_encoders import write_onnx

from resound.errors import CheckpointError, ParameterError
from resound.features.extraction import extract_batch
from resound.registry import ENCODERS

MEL = {"n_fft": 512, "hop_length": 256, "n_mels": 16}


def load(path: Path, **options):
    return ENCODERS["onnx"]({"source": str(path)}, sample_rate=16000, name="mine", **options)


def sounds(samples: int = 4000) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (0.1 * rng.standard_normal((3, samples))).astype(np.float32)


def weights_of(path: Path) -> np.ndarray:
    import onnx
    from onnx import numpy_helper

    stored = {w.name: numpy_helper.to_array(w) for w in onnx.load(path).graph.initializer}
    return stored["weights"].astype(np.float64)


@pytest.mark.parametrize("pooling", ["mean", "max", "first"])
def test_the_positions_of_a_waveform_are_pooled(tiny, pooling):
    x, weights = sounds(), weights_of(tiny / "waveforms.onnx")[:, 0]
    cut = np.lib.stride_tricks.sliding_window_view(x.astype(float), 400, axis=1)[:, ::160]
    positions = np.maximum(cut @ weights.T, 0)
    pool = {"mean": np.mean, "max": np.max, "first": lambda p, axis: p[:, 0]}[pooling]
    ours = load(tiny / "waveforms.onnx", pooling=pooling).embed(torch.from_numpy(x))
    np.testing.assert_allclose(ours.numpy(), pool(positions, axis=1), atol=1e-5)


@pytest.mark.parametrize("layout", ["frames_bands", "bands_frames"])
def test_frames_are_those_of_the_feature_mel_scaled(tmp_path, tiny, layout):
    x = sounds()
    frames = extract_batch("mel", x, sample_rate=16000, **MEL)
    expected = ((frames.astype(float) + 40) / 20) @ weights_of(tiny / "frames.onnx")
    options = {"mel": MEL, "mean": -40.0, "std": 20.0, "output": "whole"}
    if layout == "bands_frames":
        with pytest.raises(ParameterError, match=r"cannot be given \(1, 16, .* layout"):
            load(tiny / "frames.onnx", layout=layout, **options)
        return
    ours = load(tiny / "frames.onnx", layout=layout, **options).embed(torch.from_numpy(x))
    np.testing.assert_allclose(ours.numpy(), expected.mean(1), atol=1e-3)


def test_a_network_of_one_clip_at_a_time_is_given_one(tmp_path, tiny):
    write_onnx(tmp_path / "one.onnx", batch=1)
    x = torch.from_numpy(sounds())
    one, many = load(tmp_path / "one.onnx"), load(tiny / "waveforms.onnx")
    torch.testing.assert_close(one.embed(x), many.embed(x), rtol=0, atol=1e-6)


def test_it_cannot_be_trained(tiny):
    with pytest.raises(ParameterError, match="cannot be fine-tuned; probe it"):
        load(tiny / "waveforms.onnx").layer_groups()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "logits"}, "output='logits' is not known; there are: positions, whole"),
        ({"pooling": "median"}, "pooling='median' is not known"),
        ({"layout": "bands"}, "layout='bands' is not known"),
        ({"std": 0}, r"encoders\.mine\.std: 0 must be more than 0"),
        ({"mel": MEL}, r"input 'x' of shape .* cannot be given \(1, \d+, 16\)"),
    ],
)
def test_options_that_do_not_fit_are_an_error(tiny, options, message):
    with pytest.raises(ParameterError, match=message):
        load(tiny / "waveforms.onnx", **options)


def test_inputs_of_another_form_are_refused(tmp_path):
    import onnx
    from onnx import TensorProto, helper

    ends = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["clips", 4]) for name in ("x", "y")
    ]
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "ints", ends[:1], ends[1:])
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), tmp_path / "ints.onnx")
    with pytest.raises(CheckpointError, match=r"inputs are x tensor\(int64\) .* one of float32"):
        load(tmp_path / "ints.onnx")


@pytest.mark.parametrize("fault", ["absent", "empty", "page", "noise", "cut"])
def test_bad_files_are_named(tiny, tmp_path, fault):
    path = tmp_path / "mine.onnx"
    whole = (tiny / "waveforms.onnx").read_bytes()
    made = {
        "empty": b"",
        "page": b"<html>Not found</html>",
        "noise": bytes(range(256)) * 8,
        "cut": whole[: len(whole) // 2],
    }
    if fault != "absent":
        path.write_bytes(made[fault])
    with pytest.raises(CheckpointError, match=r"mine\.onnx"):
        load(path)
