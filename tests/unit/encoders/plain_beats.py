"""BEATs written down plainly, with loops and 64 bits, from what is published of it: an oracle."""

import math

import numpy as np
import torch
from torch.nn import functional


def plain_fbank(waveform: np.ndarray, window: str = "povey", n_mels: int = 128) -> np.ndarray:
    """Return Kaldi's fbank of one waveform, frame by frame and triangle by triangle."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)
    shape = hann**0.85 if window == "povey" else hann

    def mel(f):
        return 1127 * np.log(1 + f / 700)

    edges = np.linspace(mel(20), mel(8000), n_mels + 2)
    rows = []
    for start in range(0, len(waveform) - 399, 160):
        x = waveform[start : start + 400].astype(np.float64)
        x = x - x.mean()
        y = np.array([x[i] - 0.97 * x[max(i - 1, 0)] for i in range(400)]) * shape
        power = np.abs(np.fft.rfft(y, 512)) ** 2
        row = []
        for m in range(n_mels):
            left, centre, right = edges[m : m + 3]
            energy = 0.0
            for k in range(257):
                position = mel(k * 16000 / 512)
                if left < position < right:
                    rises = position <= centre
                    weight = (
                        (position - left) / (centre - left)
                        if rises
                        else (right - position) / (right - centre)
                    )
                    energy += weight * power[k]
            row.append(np.log(max(energy, 1.1920928955078125e-07)))
        rows.append(row)
    return np.array(rows)


def plain_bucket(relative: int, num_buckets: int, max_distance: int) -> int:
    """Return the bucket of key minus query, the way T5's paper describes it."""
    side = num_buckets // 2
    bucket = side if relative > 0 else 0
    n = abs(relative)
    exact = side // 2
    if n < exact:
        return bucket + n
    far = exact + int(math.log(n / exact) / math.log(max_distance / exact) * (side - exact))
    return bucket + min(far, side - 1)


def plain_mask(mask: np.ndarray, length: int) -> np.ndarray:
    """Shorten a mask of one row: the tail goes, each of `length` stretches is masked wholly."""
    mask = list(mask)
    while len(mask) % length:
        mask.pop()
    step = len(mask) // length
    return np.array([all(mask[i * step : (i + 1) * step]) for i in range(length)])


def plain_beats(cfg: dict, state: dict, waveforms: np.ndarray, padding: np.ndarray | None = None):
    """Return tokens (clips, tokens, width) and the token mask of clips, all in 64 bits."""
    p = {name: value.double() for name, value in state.items()}
    tokens, masks = [], []
    for i, waveform in enumerate(waveforms):
        frames = torch.from_numpy(plain_fbank(waveform * 32768.0))
        x = ((frames - 15.41663) / (2 * 6.55582))[None, None]
        size = cfg["input_patch_size"]
        x = functional.conv2d(x, p["patch_embedding.weight"], stride=size)
        x = torch.stack(
            [x[0, :, t, f] for t in range(x.shape[2]) for f in range(x.shape[3])]
        )  # token t * 8 + f
        x = _norm(x, p, "layer_norm")
        if "post_extract_proj.weight" in p:
            x = _linear(x, p, "post_extract_proj")
        mask = None
        if padding is not None:
            mask = plain_mask(plain_mask(padding[i], len(frames)), len(x))
        tokens.append(_plain_encoder(cfg, p, x, mask))
        masks.append(mask)
    return torch.stack(tokens), None if padding is None else np.stack(masks)


def plain_logits(state: dict, tokens: torch.Tensor, masks: np.ndarray | None) -> torch.Tensor:
    """Return the mean of the logits of all tokens that are not masked."""
    p = {name: value.double() for name, value in state.items()}
    rows = []
    for i, clip in enumerate(tokens):
        kept = clip if masks is None else clip[~torch.from_numpy(masks[i])]
        rows.append(_linear(kept, p, "predictor").mean(0))
    return torch.stack(rows)


def _plain_encoder(cfg, p, x, mask):
    if mask is not None:
        x = torch.stack([torch.zeros_like(t) if m else t for t, m in zip(x, mask, strict=True)])
    g, v = p["encoder.pos_conv.0.weight_g"], p["encoder.pos_conv.0.weight_v"]
    weight = torch.stack(
        [g[0, 0, k] * v[:, :, k] / v[:, :, k].square().sum().sqrt() for k in range(v.shape[2])], -1
    )
    positions = functional.conv1d(
        x.T[None],
        weight,
        p["encoder.pos_conv.0.bias"],
        padding=cfg["conv_pos"] // 2,
        groups=cfg["conv_pos_groups"],
    )[0, :, : len(x)]
    x = _norm(x + _gelu(positions).T, p, "encoder.layer_norm")
    n = len(x)
    bucket = torch.tensor(
        [
            [plain_bucket(k - q, cfg["num_buckets"], cfg["max_distance"]) for k in range(n)]
            for q in range(n)
        ]
    )
    table = p["encoder.layers.0.self_attn.relative_attention_bias.weight"]
    alpha = (2 * cfg["encoder_layers"]) ** 0.25 if cfg["deep_norm"] else 1.0
    for layer in range(cfg["encoder_layers"]):
        name = f"encoder.layers.{layer}"
        attended = _plain_attention(cfg, p, f"{name}.self_attn", x, table[bucket], mask)
        x = _norm(alpha * x + attended, p, f"{name}.self_attn_layer_norm")
        inner = _linear(_gelu(_linear(x, p, f"{name}.fc1")), p, f"{name}.fc2")
        x = _norm(alpha * x + inner, p, f"{name}.final_layer_norm")
    return x


def _plain_attention(cfg, p, name, x, bias, mask):
    heads = cfg["encoder_attention_heads"]
    width = x.shape[1] // heads
    q, k, v = (_linear(x, p, f"{name}.{part}_proj") for part in "qkv")
    outputs = []
    for h in range(heads):
        part = slice(h * width, (h + 1) * width)
        gates = _linear(q[:, part], p, f"{name}.grep_linear")
        a = torch.sigmoid(gates[:, 0] + gates[:, 1] + gates[:, 2] + gates[:, 3])
        b = torch.sigmoid(gates[:, 4] + gates[:, 5] + gates[:, 6] + gates[:, 7])
        gate = a * (b * p[f"{name}.grep_a"][0, h, 0, 0] - 1) + 2
        scores = q[:, part] @ k[:, part].T / math.sqrt(width) + gate[:, None] * bias[:, :, h]
        if mask is not None:
            scores[:, torch.from_numpy(mask)] = -math.inf
        exponents = torch.exp(scores - scores.max(dim=1, keepdim=True).values)
        outputs.append(exponents / exponents.sum(dim=1, keepdim=True) @ v[:, part])
    return _linear(torch.cat(outputs, dim=1), p, f"{name}.out_proj")


def _linear(x, p, name):
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def _norm(x, p, name):
    centred = x - x.mean(-1, keepdim=True)
    scaled = centred / torch.sqrt(centred.square().mean(-1, keepdim=True) + 1e-5)
    return scaled * p[f"{name}.weight"] + p[f"{name}.bias"]


def _gelu(x):
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))
