"""Any network in an ONNX file that reads waveforms or log-mel frames."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from resound.encoders.encoder import SHORTEST_SECONDS, Encoder
from resound.encoders.pooling import pooled
from resound.encoders.weights import locate
from resound.errors import CheckpointError, EnvironmentProblem, ParameterError, check_choice
from resound.features.extraction import extract_batch
from resound.registry import ENCODERS

Float32 = npt.NDArray[np.float32]

LAYOUTS = ("frames_bands", "bands_frames")
FLOAT32 = "tensor(float)"


@ENCODERS.register("onnx", frozen=True)
def load(
    weights: Mapping[str, Any],
    *,
    name: str = "onnx",
    sample_rate: int,
    mel: Mapping[str, Any] | None = None,
    layout: str = "frames_bands",
    mean: float = 0.0,
    std: float = 1.0,
    output: str | None = None,
    pooling: str = "mean",
) -> "OnnxEncoder":
    """Load a network from an ONNX file.

    Parameters
    ----------
    weights : mapping
        `source`, and perhaps `revision` and `sha256`: see `resound.encoders.weights.locate`.
    name : str
        Of the encoder in the config, for messages.
    sample_rate : int
        That the network was trained at, Hz.
    mel : mapping, optional
        ``n_fft``, ``hop_length`` and the options of the feature ``mel``, in dB, which the network
        reads; None: it reads waveforms.
    layout : str
        The axes of its frames: ``frames_bands`` or ``bands_frames``.
    mean, std : float
        What the network reads is x - `mean`, divided by `std`.
    output : str, optional
        The output that is the embedding; None: the first.
    pooling : str
        Over the positions of an output that has them: ``mean``, ``max`` or ``first``.

    Returns
    -------
    OnnxEncoder

    Raises
    ------
    CheckpointError
        When the file is absent, damaged, or its inputs and outputs are of another form.
    ParameterError
        For an unknown layout, output or pooling, or a `std` that is not positive.
    EnvironmentProblem
        When onnxruntime cannot be imported.
    """
    check_choice("layout", layout, LAYOUTS)
    if not std > 0:
        raise ParameterError(f"encoders.{name}.std: {std!r} must be more than 0")
    session = open_session(locate(name, weights))
    return OnnxEncoder(
        session, sample_rate, mel, layout=layout, mean=mean, std=std, output=output, pooling=pooling
    )


class OnnxEncoder(Encoder):
    """A network that onnxruntime computes on the CPU; it cannot be trained.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        Of one input.
    sample_rate : int
        As `load`.
    mel : mapping or None
        As `load`.
    layout, mean, std, output, pooling
        As `load`.

    Raises
    ------
    CheckpointError
        When its input or output is of another form.
    ParameterError
        When it has no such output, or there is no such pooling.
    """

    def __init__(
        self,
        session: Any,
        sample_rate: int,
        mel: Mapping[str, Any] | None,
        *,
        layout: str,
        mean: float,
        std: float,
        output: str | None,
        pooling: str,
    ) -> None:
        super().__init__()
        self.session, self.sample_rate = session, sample_rate
        self.mel, self.layout, self.pooling = mel, layout, pooling
        self.mean, self.std = mean, std
        self.input = _only_input(session)
        self.output = _output(session, output)
        self.minimum = mel["n_fft"] if mel else math.ceil(SHORTEST_SECONDS * sample_rate)
        # A batch of another size than the file says would be refused.
        self.one_by_one = self.input.shape[0] == 1
        self.eval()
        samples = max(sample_rate, self.minimum)
        if mel is None and isinstance(self.input.shape[-1], int):
            samples = self.minimum = self.input.shape[-1]
        self.dimension = self.embed_clips(torch.zeros(1, samples), 0.0, None).shape[1]

    def embed_clips(
        self, waveforms: Tensor, masked: float, generator: torch.Generator | None
    ) -> Tensor:
        """Return an output of the network, pooled over its positions where it has them.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            Mono, at `sample_rate`, in [-1, 1].
        masked : float
            As in `embed`.
        generator : torch.Generator, optional
            As in `embed`.

        Returns
        -------
        Tensor, shape (clips, dimension)
        """
        x = self._inputs(waveforms.detach().cpu().numpy())
        batches = np.split(x, len(x)) if self.one_by_one else [x]
        made = np.concatenate([self._run(batch) for batch in batches])
        return pooled(torch.from_numpy(made), self.pooling).to(waveforms.device)

    def layer_groups(self) -> list[list[nn.Parameter]]:
        """Raise ParameterError: an ONNX file is computed and not trained."""
        raise ParameterError(
            "an encoder of the family onnx cannot be fine-tuned; probe it, or take the weights "
            "that the file was made from by another family"
        )

    def _inputs(self, waveforms: Float32) -> Float32:
        """Return what the network reads, in the axes of its input."""
        if self.mel is None:
            x = waveforms
        else:
            x = extract_batch("mel", waveforms, sample_rate=self.sample_rate, **self.mel)
            x = x if self.layout == "frames_bands" else x.transpose(0, 2, 1)
        scaled: Float32 = ((x - self.mean) / self.std).astype(np.float32)
        # A channel of its own stands behind the clips, as images have it.
        return scaled[:, None] if len(self.input.shape) == scaled.ndim + 1 else scaled

    def _run(self, x: Float32) -> Float32:
        try:
            made: Float32 = self.session.run([self.output], {self.input.name: x})[0]
        except Exception as error:  # onnxruntime raises errors of many kinds
            reason = str(error).partition("\n")[0]
            raise ParameterError(
                f"input {self.input.name!r} of shape {self.input.shape} cannot be given {x.shape} "
                f"({reason}); set mel, layout or audio.duration to what the network was made for"
            ) from error
        if made.ndim not in (2, 3):
            raise CheckpointError(
                f"output {self.output!r} has the shape {made.shape}; an embedding is (clips, dims) "
                "or (clips, positions, dims): name another output"
            )
        return made


def open_session(path: Path) -> Any:
    """Return the onnxruntime session of a file, on as many threads as torch has.

    Raises
    ------
    CheckpointError
        When the file holds no network that can be computed.
    EnvironmentProblem
        When onnxruntime cannot be imported.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise EnvironmentProblem(
            f"onnxruntime cannot be imported ({error}); encoders of the family onnx need it: "
            "`python -m pip install 'resound[onnx]'`"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises errors of many kinds
        reason = str(error).partition("\n")[0]
        raise CheckpointError(
            f"{path}: holds no ONNX network that can be computed ({reason}); export it again"
        ) from error


def _only_input(session: Any) -> Any:
    inputs = session.get_inputs()
    fits = len(inputs) == 1 and inputs[0].type == FLOAT32 and len(inputs[0].shape) in (2, 3, 4)
    if not fits:
        found = ", ".join(f"{x.name} {x.type} {x.shape}" for x in inputs)
        raise CheckpointError(
            f"the network's inputs are {found or 'none'}; it must have one of float32, waveforms "
            "(clips, samples) or frames (clips, frames, bands), with or without a channel"
        )
    return inputs[0]


def _output(session: Any, name: str | None) -> str:
    names = [x.name for x in session.get_outputs()]
    chosen: str = check_choice("output", names[0] if name is None else name, names)
    return chosen
