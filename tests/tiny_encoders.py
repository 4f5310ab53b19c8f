"""Write tiny encoders of random weights in the formats of the published ones, without network.

``python tests/tiny_encoders.py OUT`` writes

- ``OUT/beats.pt`` and ``OUT/beats_finetuned.pt``, as Microsoft publishes BEATs,
- ``OUT/efficientat.pt``, as F. Schmid publishes EfficientAT,
- ``OUT/waveforms.onnx`` and ``OUT/frames.onnx``, networks of one layer,
- ``OUT/clap``, ``OUT/ast``, ``OUT/wav2vec2`` and ``OUT/whisper``, folders in transformers' form.

What they make of clips means nothing; all that loads, checks, stores and trains is the same.
"""

import json
import os
import sys
import warnings
from pathlib import Path

import torch

from resound.encoders.beats import Beats
from resound.encoders.beats_network import BeatsConfig
from resound.encoders.efficientat import EfficientAT
from resound.encoders.efficientat_checkpoint import Sizes
from resound.encoders.encoder import N_TAGS

N_CLASSES = 7
BEATS_CFG = {
    **BeatsConfig().as_dict(),
    "encoder_layers": 2,
    "encoder_embed_dim": 16,
    "encoder_ffn_embed_dim": 32,
    "encoder_attention_heads": 4,
    "embed_dim": 8,
    "conv_pos": 8,
    "conv_pos_groups": 4,
    "layer_wise_gradient_decay_ratio": 0.6,
}
CLASSES = "dog rooster rain sea_waves crackling_fire crying_baby sneezing clock_tick helicopter"


def random_beats(cfg: dict, seed: int = 0) -> Beats:
    """Return a network whose parameters are all random, biases and norms too."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Beats(BeatsConfig.from_dict(cfg)).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.add_(noise * 0.1 if parameter.ndim == 1 else noise * 0.05)
    return network


def write_beats(path: Path, *, finetuned: bool = False, cfg: dict | None = None) -> Beats:
    """Write a checkpoint as published: a dict of ``cfg``, ``model`` and perhaps ``label_dict``."""
    classes = {"finetuned_model": True, "predictor_class": N_CLASSES} if finetuned else {}
    cfg = {**(cfg or BEATS_CFG), **classes}
    if not finetuned:
        del cfg["predictor_class"], cfg["predictor_dropout"]
    network = random_beats(cfg)
    stored = {"cfg": cfg, "model": network.state_dict()}
    if finetuned:
        stored["label_dict"] = {i: f"/m/{i:05}" for i in range(N_CLASSES)}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(stored, path)
    return network


def write_clap(folder: Path) -> None:
    """Write an unfused CLAP of two stages, with the real extractor and a tokenizer of its own."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, ClapProcessor

    tokenizer = _tokenizer([f"This is a sound of {name}." for name in CLASSES.split()])
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 80,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    audio = {
        "patch_embeds_hidden_size": 8,
        "hidden_size": 16,
        "depths": [1, 1],
        "num_attention_heads": [1, 2],
        "num_hidden_layers": 2,
        "spec_size": 256,
        "num_mel_bins": 64,
        "window_size": 8,
        "enable_fusion": False,
    }
    torch.manual_seed(0)
    model = ClapModel(ClapConfig(text_config=text, audio_config=audio, projection_dim=32))
    extractor = ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad")
    ClapProcessor(feature_extractor=extractor, tokenizer=tokenizer).save_pretrained(folder)
    model.save_pretrained(folder)


def write_ast(folder: Path, *, n_classes: int = N_TAGS) -> None:
    """Write an AST with a classifier, as it is published, of 128 frames instead of 1024."""
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    torch.manual_seed(0)
    config = ASTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_length=128,
        num_labels=n_classes,
    )
    ASTForAudioClassification(config).save_pretrained(folder)
    with warnings.catch_warnings():
        # One of the 128 triangles holds no frequency: so it is in the published model too.
        warnings.filterwarnings("ignore", "At least one mel filter")
        ASTFeatureExtractor(max_length=128).save_pretrained(folder)


def random_efficientat(width: float = 0.1, n_classes: int = N_CLASSES) -> EfficientAT:
    """Return a network whose parameters and statistics are all random."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = EfficientAT(Sizes(width, n_classes)).eval()
        with torch.no_grad():
            for module in network.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    for values in (module.weight, module.running_var):
                        values.uniform_(0.5, 1.5)
                    for values in (module.bias, module.running_mean):
                        values.normal_(0.0, 0.2)
                    module.num_batches_tracked.fill_(7)
                elif isinstance(module, torch.nn.Conv2d):
                    torch.nn.init.kaiming_normal_(module.weight)
    return network


def write_efficientat(path: Path, *, width: float = 0.1, n_classes: int = N_CLASSES) -> None:
    """Write a checkpoint as published: a plain state dict."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(random_efficientat(width, n_classes).state_dict()), path)


def write_wav2vec2(folder: Path) -> None:
    """Write a wav2vec 2.0 with a head for letters, as it is published."""
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=[8] * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        vocab_size=N_CLASSES,
    )
    Wav2Vec2ForCTC(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)


def write_whisper(folder: Path) -> None:
    """Write a Whisper, encoder and decoder, whose extractor pads clips to 30 seconds."""
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

    torch.manual_seed(0)
    layers = {
        f"{part}_{key}": value
        for part in ("encoder", "decoder")
        for key, value in {"layers": 2, "attention_heads": 2, "ffn_dim": 32}.items()
    }
    few = {"vocab_size": 20, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    few |= {"decoder_start_token_id": 1, "max_target_positions": 8, "begin_suppress_tokens": []}
    WhisperModel(WhisperConfig(d_model=16, **layers, **few)).save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)


def write_onnx(path: Path, *, frames: bool = False, batch: int | str = "clips") -> None:
    """Write a network of one layer as ONNX: of waveforms, or of frames of 16 bands.

    Its outputs are ``positions`` (clips, positions, 8) and ``whole`` (clips, 8), their mean.
    """
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    if frames:
        shape: list[int | str] = [batch, "frames", 16]
        weights = rng.standard_normal((16, 8)).astype(np.float32)
        nodes = [helper.make_node("MatMul", ["x", "weights"], ["positions"])]
        constants = []
    else:
        shape = [batch, "samples"]
        weights = rng.standard_normal((8, 1, 400)).astype(np.float32) / 20
        constants = [numpy_helper.from_array(np.array([1], np.int64), "one")]
        nodes = [
            helper.make_node("Unsqueeze", ["x", "one"], ["channel"]),
            helper.make_node("Conv", ["channel", "weights"], ["made"], strides=[160]),
            helper.make_node("Relu", ["made"], ["positive"]),
            helper.make_node("Transpose", ["positive"], ["positions"], perm=[0, 2, 1]),
        ]
    axes = numpy_helper.from_array(np.array([1], np.int64), "axes")
    nodes.append(helper.make_node("ReduceMean", ["positions", "axes"], ["whole"], keepdims=0))
    outputs = {"positions": [batch, "positions", 8], "whole": [batch, 8]}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)
            for name, sizes in outputs.items()
        ],
        [numpy_helper.from_array(weights, "weights"), *constants, axes],
    )
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)


def write_all(folder: Path) -> None:
    """Write all of them."""
    write_beats(folder / "beats.pt")
    write_beats(folder / "beats_finetuned.pt", finetuned=True)
    write_clap(folder / "clap")
    write_ast(folder / "ast")
    write_wav2vec2(folder / "wav2vec2")
    write_whisper(folder / "whisper")
    write_onnx(folder / "waveforms.onnx")
    write_onnx(folder / "frames.onnx", frames=True)
    write_efficientat(folder / "efficientat.pt", n_classes=N_TAGS)


def _tokenizer(sentences: list[str]):
    """Return a byte-level tokenizer trained on a few sentences, special tokens as RoBERTa's."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import RobertaTokenizer

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    words.train_from_iterator(sentences, trainer)
    learned = json.loads(words.to_str())["model"]
    merges = [tuple(pair) for pair in learned["merges"]]
    return RobertaTokenizer(vocab=learned["vocab"], merges=merges, model_max_length=64)


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    write_all(Path(sys.argv[1]))
