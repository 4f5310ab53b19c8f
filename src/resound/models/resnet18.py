"""ResNet-18 with the names that torchvision gives its parameters."""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from resound.errors import ParameterError
from resound.models.classifier import Classifier
from resound.registry import NETWORKS

IMAGE_PLANES = 3
STAGES = (64, 128, 256, 512)
# The names of Hugging Face's `microsoft/resnet-18`, as patterns, with torchvision's.
OTHER_NAMES = (
    (r"^resnet\.embedder\.embedder\.convolution\.", "conv1."),
    (r"^resnet\.embedder\.embedder\.normalization\.", "bn1."),
    (r"^resnet\.encoder\.stages\.(\d)\.layers\.(\d)\.layer\.(\d)\.convolution\.", "conv"),
    (r"^resnet\.encoder\.stages\.(\d)\.layers\.(\d)\.layer\.(\d)\.normalization\.", "bn"),
    (r"^resnet\.encoder\.stages\.(\d)\.layers\.(\d)\.shortcut\.convolution\.", "downsample.0."),
    (r"^resnet\.encoder\.stages\.(\d)\.layers\.(\d)\.shortcut\.normalization\.", "downsample.1."),
    (r"^classifier\.1\.", "fc."),
)


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut (He et al., "Deep residual learning", CVPR 2016)."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.downsample = None
        if stride != 1 or n_in != n_out:
            self.downsample = nn.Sequential(
                nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return the rectified sum of both ways.

        Parameters
        ----------
        x : Tensor, shape (batch, n_in, frames, bins)
            What the layer before leaves.

        Returns
        -------
        Tensor, shape (batch, n_out, frames / stride, bins / stride)
            At least 0; sizes are rounded up.
        """
        shortcut = x if self.downsample is None else self.downsample(x)
        y = self.bn1(self.conv1(x)).relu()
        rectified: Tensor = (self.bn2(self.conv2(y)) + shortcut).relu()
        return rectified


@NETWORKS.register("resnet18")
class ResNet18(Classifier):
    """ResNet-18; the mean over all positions of its last stage is the embedding.

    Parameters
    ----------
    n_dims, n_classes, n_planes : int
        As `Classifier`; `n_classes` logits.
    weights : mapping of str to Tensor, each of any shape, optional
        Parameters to start from, named by torchvision or Hugging Face, of any number of classes:
        all but the classifier are taken. With one plane, the first layer's weights are summed over
        the image's three colours; with three, each plane takes one of them.

    Raises
    ------
    ParameterError
        When a parameter is missing from `weights` or has another shape.
    """

    min_frames = 1

    def __init__(
        self,
        n_dims: int,
        n_classes: int,
        *,
        n_planes: int = 1,
        weights: Mapping[str, Tensor] | None = None,
    ) -> None:
        super().__init__(n_dims, n_planes)
        self.n_embedding = STAGES[-1]
        self.conv1 = nn.Conv2d(n_planes, STAGES[0], 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(STAGES[0])
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        inputs = (STAGES[0], *STAGES)
        for number, (n_in, n_out) in enumerate(zip(inputs, STAGES, strict=False), start=1):
            stride = 1 if number == 1 else 2
            blocks = BasicBlock(n_in, n_out, stride), BasicBlock(n_out, n_out, 1)
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
        self.fc = nn.Linear(STAGES[-1], n_classes)
        self._initialise()
        if weights is not None:
            self._take(weights)

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def embed_planes(self, x: Tensor) -> Tensor:
        """Average what the last stage leaves over time and frequency.

        Parameters
        ----------
        x : Tensor, shape (batch, planes, frames, bins)
            Planes of a feature of each clip, standardised.

        Returns
        -------
        Tensor, shape (batch, n_embedding)
        """
        x = self.maxpool(self.bn1(self.conv1(x)).relu())
        for number in range(1, 1 + len(STAGES)):
            x = self.get_submodule(f"layer{number}")(x)
        return x.mean((2, 3))

    def classify(self, embedding: Tensor) -> Tensor:
        """Return the logits of torchvision's last layer, `fc`.

        Parameters
        ----------
        embedding : Tensor, shape (batch, 512)
            Hidden vectors, as `embed` returns them.

        Returns
        -------
        Tensor, shape (batch, n_classes)
        """
        logits: Tensor = self.fc(embedding)
        return logits

    def _take(self, weights: Mapping[str, Tensor]) -> None:
        """Start from stored parameters, all but those of the classifier."""
        given = {torchvision_name(name): value for name, value in weights.items()}
        own = {k: v for k, v in self.state_dict().items() if not k.startswith("fc.")}
        missing = sorted(set(own) - set(given) - {k for k in own if k.endswith("batches_tracked")})
        if missing:
            raise ParameterError(
                f"weights lack {len(missing)} parameters of ResNet-18, the first {missing[0]!r}; "
                "give a file of torchvision's resnet18 or of Hugging Face's microsoft/resnet-18"
            )
        taken = {name: given[name] for name in own if name in given}
        taken["conv1.weight"] = self._fit_planes(taken["conv1.weight"])
        for name, value in taken.items():
            if value.shape != own[name].shape:
                raise ParameterError(
                    f"weights: {name} of shape {tuple(value.shape)} must be "
                    f"{tuple(own[name].shape)}; the file is of another network"
                )
        self.load_state_dict(taken, strict=False)

    def _fit_planes(self, weight: Tensor) -> Tensor:
        """Turn the first layer's weights for three colours into those for the planes."""
        if weight.ndim != 4 or weight.shape[1] in (self.n_planes, 1):
            return weight
        if self.n_planes == 1:
            return weight.sum(1, keepdim=True)
        return weight.mean(1, keepdim=True).repeat(1, self.n_planes, 1, 1)


def torchvision_name(name: str) -> str:
    """Return torchvision's name of a parameter of ResNet-18 that Hugging Face named.

    Examples
    --------
    >>> torchvision_name("resnet.encoder.stages.0.layers.1.layer.0.convolution.weight")
    'layer1.1.conv1.weight'
    """
    for pattern, to in OTHER_NAMES:
        found = re.match(pattern, name)
        if found and found.groups():
            stage, block, *layer = (int(group) for group in found.groups())
            part = f"{to}{layer[0] + 1}." if layer else to
            return f"layer{stage + 1}.{block}.{part}{name[found.end() :]}"
        if found:
            return to + name[found.end() :]
    return name
