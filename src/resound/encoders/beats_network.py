"""Layers of BEATs, with the parameter names of its published checkpoints."""

import logging
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from resound.errors import CheckpointError

# What the published models have, and no other is written here.
ONLY = {
    "layer_norm_first": False,
    "relative_position_embedding": True,
    "gru_rel_pos": True,
    "activation_fn": "gelu",
}
# What a cfg may leave out: it serves training alone, or fine-tuned models alone.
OPTIONAL = {
    "conv_bias",
    "dropout",
    "attention_dropout",
    "activation_dropout",
    "dropout_input",
    "encoder_layerdrop",
    "finetuned_model",
    "predictor_dropout",
    "predictor_class",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BeatsConfig:
    """Sizes of a BEATs network, named as in its checkpoints; the defaults are the published ones.

    `relative position` sizes are `num_buckets`, of both directions, and `max_distance`, in tokens;
    ``predictor_class`` counts the classes of a fine-tuned model, and is 0 without them.
    """

    encoder_layers: int = 12
    encoder_embed_dim: int = 768
    encoder_ffn_embed_dim: int = 3072
    encoder_attention_heads: int = 12
    embed_dim: int = 512
    input_patch_size: int = 16
    conv_bias: bool = False
    conv_pos: int = 128
    conv_pos_groups: int = 16
    num_buckets: int = 320
    max_distance: int = 800
    deep_norm: bool = True
    dropout: float = 0.0
    attention_dropout: float = 0.0
    activation_dropout: float = 0.0
    dropout_input: float = 0.0
    encoder_layerdrop: float = 0.05
    finetuned_model: bool = False
    predictor_dropout: float = 0.0
    predictor_class: int = 0

    @classmethod
    def from_dict(cls, cfg: Mapping[str, Any]) -> "BeatsConfig":
        """Return the sizes of a checkpoint's ``cfg``; keys that decide nothing here are noted.

        Raises
        ------
        CheckpointError
            When a size is missing, or the model is of a kind that the published ones are not.
        """
        known = {field.name for field in fields(cls)}
        missing = sorted(known - OPTIONAL - set(cfg))
        if missing:
            raise CheckpointError(f"cfg lacks {', '.join(missing)}; it is not one of BEATs")
        other = {key: cfg[key] for key, only in ONLY.items() if cfg.get(key, only) != only}
        if other:
            raise CheckpointError(
                f"cfg has {other}; BEATs' published models, and this code, have "
                f"{ {key: ONLY[key] for key in other} }"
            )
        sizes = {key: value for key, value in cfg.items() if key in known}
        others = sorted(map(str, cfg.keys() - known - ONLY.keys()))
        if others:
            log.info("cfg of BEATs: %s decide nothing here", ", ".join(others))
        if not sizes.get("finetuned_model"):
            sizes["predictor_class"] = 0
        return cls(**sizes)

    def as_dict(self) -> dict[str, Any]:
        """Return the ``cfg`` of a checkpoint."""
        return {**ONLY, **asdict(self)}

    @property
    def residual_scale(self) -> float:
        """DeepNorm's factor of the residual: ``(2 layers) ** 0.25``, 1 without."""
        return math.pow(2.0 * self.encoder_layers, 0.25) if self.deep_norm else 1.0


class PositionConv(nn.Module):
    """The convolution over tokens whose result is added to them as their position.

    Its weights are :math:`g v / |v|` with one norm an offset of the kernel. The kernel is even, and
    the last of the outputs is dropped.
    """

    def __init__(self, width: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.kernel, self.groups = kernel, groups
        v = torch.empty(width, width // groups, kernel)
        nn.init.normal_(v, std=math.sqrt(4.0 / (kernel * width)))
        self.weight_v = nn.Parameter(v)
        self.weight_g = nn.Parameter(v.norm(dim=(0, 1), keepdim=True))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Return the positions of tokens, through GELU.

        Parameters
        ----------
        x : Tensor, shape (clips, n_tokens, width)
            Tokens.

        Returns
        -------
        Tensor, shape (clips, n_tokens, width)
        """
        weight = self.weight_v * (self.weight_g / self.weight_v.norm(dim=(0, 1), keepdim=True))
        padding = self.kernel // 2
        x = functional.conv1d(
            x.transpose(1, 2), weight, self.bias, padding=padding, groups=self.groups
        )
        if self.kernel % 2 == 0:
            x = x[..., :-1]
        return functional.gelu(x).transpose(1, 2)


class Attention(nn.Module):
    r"""Attention with a learned bias by relative position, which each query's content gates.

    .. math:: \mathrm{softmax}(q k^T / \sqrt{d} + g(q) B) v, \quad
              g = \sigma(a) (\sigma(b) r - 1) + 2

    with a and b the sums over four each of a linear map of the query, unscaled, and r the
    learned ``grep_a`` of the head.
    """

    def __init__(self, cfg: BeatsConfig, bias: nn.Embedding) -> None:
        super().__init__()
        width, self.heads = cfg.encoder_embed_dim, cfg.encoder_attention_heads
        self.dropout = cfg.attention_dropout
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)
        self.relative_attention_bias = bias
        self.grep_linear = nn.Linear(width // self.heads, 8)
        self.grep_a = nn.Parameter(torch.ones(1, self.heads, 1, 1))

    def forward(self, x: Tensor, bias: Tensor, padding: Tensor | None) -> Tensor:
        """Return what each token takes from the others.

        Parameters
        ----------
        x : Tensor, shape (clips, n_tokens, width)
            Tokens.
        bias : Tensor, shape (heads, n_tokens, n_tokens)
            Of each query and key.
        padding : Tensor of bool, shape (clips, n_tokens), or None
            True for tokens that are no keys.

        Returns
        -------
        Tensor, shape (clips, n_tokens, width)
        """
        clips, tokens, width = x.shape
        split = (clips, tokens, self.heads, width // self.heads)
        q, k, v = (
            linear(x).view(split).transpose(1, 2)
            for linear in (self.q_proj, self.k_proj, self.v_proj)
        )
        mask = self._gate(q) * bias
        if padding is not None:
            mask = mask.masked_fill(padding[:, None, None, :], float("-inf"))
        dropout = self.dropout if self.training else 0.0
        taken = functional.scaled_dot_product_attention(q, k, v, mask.to(q.dtype), dropout)
        merged: Tensor = self.out_proj(taken.transpose(1, 2).reshape(x.shape))
        return merged

    def _gate(self, q: Tensor) -> Tensor:
        """Return the factor of the bias (clips, heads, queries, 1)."""
        sums = self.grep_linear(q).unflatten(-1, (2, 4)).sum(-1)
        a, b = sums.sigmoid().chunk(2, dim=-1)
        gate: Tensor = a * (b * self.grep_a - 1.0) + 2.0
        return gate


class Layer(nn.Module):
    """Attention and two linear layers, each added to its scaled input and then normalised."""

    def __init__(self, cfg: BeatsConfig, bias: nn.Embedding) -> None:
        super().__init__()
        width, self.scale = cfg.encoder_embed_dim, cfg.residual_scale
        self.dropout, self.activation_dropout = cfg.dropout, cfg.activation_dropout
        self.self_attn = Attention(cfg, bias)
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, cfg.encoder_ffn_embed_dim)
        self.fc2 = nn.Linear(cfg.encoder_ffn_embed_dim, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, bias: Tensor, padding: Tensor | None) -> Tensor:
        """Return the tokens after the layer.

        Parameters
        ----------
        x : Tensor, shape (clips, n_tokens, width)
            Tokens.
        bias : Tensor, shape (heads, n_tokens, n_tokens)
            Of each query and key.
        padding : Tensor of bool, shape (clips, n_tokens), or None
            True for tokens that are no keys.

        Returns
        -------
        Tensor, shape (clips, n_tokens, width)
        """
        x = self.scale * x + self._drop(self.self_attn(x, bias, padding), self.dropout)
        x = self.self_attn_layer_norm(x)
        inner = self._drop(functional.gelu(self.fc1(x)), self.activation_dropout)
        x = self.scale * x + self._drop(self.fc2(inner), self.dropout)
        normalised: Tensor = self.final_layer_norm(x)
        return normalised

    def _drop(self, x: Tensor, share: float) -> Tensor:
        return functional.dropout(x, share, self.training)


class Transformer(nn.Module):
    """Positions, then the layers; they share one table of biases."""

    def __init__(self, cfg: BeatsConfig) -> None:
        super().__init__()
        self.cfg, self.layerdrop = cfg, cfg.encoder_layerdrop
        width = cfg.encoder_embed_dim
        self.pos_conv = nn.Sequential(PositionConv(width, cfg.conv_pos, cfg.conv_pos_groups))
        self.layer_norm = nn.LayerNorm(width)
        table = nn.Embedding(cfg.num_buckets, cfg.encoder_attention_heads)
        self.layers = nn.ModuleList(Layer(cfg, table) for _ in range(cfg.encoder_layers))
        self.table = (table,)  # in a tuple: its parameters are named by the layers

    def forward(self, x: Tensor, padding: Tensor | None) -> Tensor:
        """Return the tokens after all layers.

        Parameters
        ----------
        x : Tensor, shape (clips, n_tokens, width)
            Tokens.
        padding : Tensor of bool, shape (clips, n_tokens), or None
            True for tokens that are left out.

        Returns
        -------
        Tensor, shape (clips, n_tokens, width)
        """
        if padding is not None:
            x = x.masked_fill(padding[..., None], 0.0)
        x = self.layer_norm(x + self.pos_conv(x))
        x = functional.dropout(x, self.cfg.dropout, self.training)
        bias = self._bias(x.shape[1], x.device)
        for layer in self.layers:
            if self.training and torch.rand(()).item() < self.layerdrop:
                continue
            x = layer(x, bias, padding)
        return x

    def _bias(self, tokens: int, device: torch.device) -> Tensor:
        """Return the bias (heads, queries, keys) of every pair of tokens, before its gate."""
        position = torch.arange(tokens, device=device)
        buckets = bucket_of(
            position[None, :] - position[:, None], self.cfg.num_buckets, self.cfg.max_distance
        )
        values: Tensor = self.table[0](buckets)
        return values.permute(2, 0, 1)


def bucket_of(relative: Tensor, num_buckets: int, max_distance: int) -> Tensor:
    """Return the bucket of each position of a key relative to its query.

    Half of the buckets are for keys behind the query or at it, half for keys ahead. Of each half,
    the nearer half of distances has one bucket each, and the others share theirs by logarithm up to
    `max_distance`, from which on all have the last (Raffel et al., "T5", JMLR 21, 2020).

    Parameters
    ----------
    relative : Tensor of int, of any shape
        Position of the key minus that of the query, in tokens.
    num_buckets : int
        Buckets of both directions together.
    max_distance : int
        Distance from which on all keys share the last bucket, in tokens.

    Returns
    -------
    Tensor of int, of any shape: that of `relative`
        0 to ``num_buckets - 1``.
    """
    side = num_buckets // 2
    exact = side // 2
    distance = relative.abs()
    ratio = distance.clamp_min(1).float().div(exact).log() / math.log(max_distance / exact)
    far = (exact + (ratio * (side - exact)).long()).clamp_max(side - 1)
    return torch.where(distance < exact, distance, far) + side * (relative > 0).long()
