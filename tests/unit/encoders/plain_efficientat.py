"""EfficientAT written down plainly, with loops and 64 bits, from what is published: an oracle."""

import numpy as np

# Of the fifteen blocks: R for ReLU, H for hardswish, and the stride of the depthwise convolution.
BLOCKS = (
    ("R", 1), ("R", 2), ("R", 1), ("R", 2), ("R", 1), ("R", 1), ("H", 2), ("H", 1),
    ("H", 1), ("H", 1), ("H", 1), ("H", 1), ("H", 2), ("H", 1), ("H", 1),
)  # fmt: skip


def plain_log_mel(waveform: np.ndarray) -> np.ndarray:
    """Return the log-mel frames (128, frames) of one waveform, frame by frame."""
    x = waveform.astype(np.float64)
    x = np.array([x[i] - 0.97 * x[i - 1] for i in range(1, len(x))])
    padded = np.concatenate([x[512:0:-1], x, x[-2:-514:-1]])
    window = np.zeros(1024)
    window[112:912] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(800) / 799)
    columns = []
    for start in range(0, len(padded) - 1023, 320):
        frame = padded[start : start + 1024] * window
        power = np.abs(np.fft.rfft(frame)) ** 2
        columns.append([_energy(power, band) for band in range(128)])
    return (np.log(np.array(columns).T + 1e-5) + 4.5) / 5


def _energy(power: np.ndarray, band: int) -> float:
    """Return the sum of the powers of bins 0 to 511 under one triangle."""

    def mel(f):
        return 1127 * np.log(1 + f / 700)

    step = mel(15000) / 129
    position = mel(np.arange(512) * 32000 / 1024) / step - band  # 0, 1 and 2 at the corners
    return float(np.sum(power[:512] * np.maximum(0, 1 - np.abs(position - 1))))


def plain_convolution(x: np.ndarray, weight: np.ndarray, stride: int, groups: int) -> np.ndarray:
    """Return the convolution of channels (n, height, width), padded by half of a kernel."""
    n_out, n_in, kernel, _ = weight.shape
    pad = kernel // 2
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    height, width = ((size - 1) // stride + 1 for size in x.shape[1:])
    out = np.zeros((n_out, height, width))
    for o in range(n_out):
        first = o // (n_out // groups) * n_in
        for i in range(height):
            for j in range(width):
                top, left = i * stride, j * stride
                seen = padded[first : first + n_in, top : top + kernel, left : left + kernel]
                out[o, i, j] = np.sum(seen * weight[o])
    return out


def plain_block(p: dict, name: str, x: np.ndarray, activation: str, stride: int) -> np.ndarray:
    """Return what a block makes of channels; its tensors tell of which layers it consists."""
    layers = sorted({int(key.removeprefix(f"{name}.").split(".")[0]) for key in under(p, name)})
    y = x
    for layer in layers:
        inner = f"{name}.{layer}"
        if f"{inner}.0.weight" not in p:
            y = plain_excitation(p, f"{inner}.conc_se_layers.0", y)
            continue
        weight = p[f"{inner}.0.weight"]
        depthwise = weight.shape[2] > 1
        y = plain_convolution(y, weight, stride if depthwise else 1, len(y) if depthwise else 1)
        y = plain_norm(p, f"{inner}.1", y)
        if layer != layers[-1]:
            y = np.maximum(y, 0) if activation == "R" else hardswish(y)
    return x + y if stride == 1 and len(x) == len(y) else y


def under(p: dict, name: str) -> list[str]:
    return [key for key in p if key.startswith(f"{name}.")]


def plain_excitation(p: dict, name: str, x: np.ndarray) -> np.ndarray:
    mean = np.array([channel.mean() for channel in x])
    hidden = np.maximum(p[f"{name}.fc1.weight"] @ mean + p[f"{name}.fc1.bias"], 0)
    weights = 1 / (1 + np.exp(-(p[f"{name}.fc2.weight"] @ hidden + p[f"{name}.fc2.bias"])))
    return np.stack([weight * channel for weight, channel in zip(weights, x, strict=True)])


def plain_norm(p: dict, name: str, x: np.ndarray) -> np.ndarray:
    mean, variance, scale, shift = (
        p[f"{name}.{part}"][:, None, None]
        for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / np.sqrt(variance + 1e-3) * scale + shift


def hardswish(x: np.ndarray) -> np.ndarray:
    return x * np.clip(x + 3, 0, 6) / 6


def plain_efficientat(state: dict, waveform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the embedding and the logits of one waveform."""
    p = {name: value.double().numpy() for name, value in state.items()}
    x = plain_log_mel(waveform)[None]
    x = hardswish(
        plain_norm(p, "features.0.1", plain_convolution(x, p["features.0.0.weight"], 2, 1))
    )
    for number, (activation, stride) in enumerate(BLOCKS, start=1):
        x = plain_block(p, f"features.{number}.block", x, activation, stride)
    x = plain_convolution(x, p["features.16.0.weight"], 1, 1)
    embedding = hardswish(plain_norm(p, "features.16.1", x)).mean((1, 2))
    hidden = hardswish(p["classifier.2.weight"] @ embedding + p["classifier.2.bias"])
    return embedding, p["classifier.5.weight"] @ hidden + p["classifier.5.bias"]
