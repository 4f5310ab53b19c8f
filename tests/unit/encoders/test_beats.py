import copy

import numpy as np
import pytest
import torch
from plain_beats import plain_beats, plain_bucket, plain_logits, plain_mask
from safetensors.torch import load_file
from tiny_encoders import BEATS_CFG, N_CLASSES, random_beats

from resound.encoders.beats import Beats, choose_tokens
from resound.encoders.beats_network import BeatsConfig, bucket_of
from resound.errors import CheckpointError, ParameterError
from resound.models.network import count_parameters

FINETUNED = {**BEATS_CFG, "finetuned_model": True, "predictor_class": N_CLASSES}
# The width, heads, kernel and buckets of the published model, one layer of it.
FULL_WIDTH = {**BeatsConfig().as_dict(), "encoder_layers": 1}


def waves(clips: int, samples: int, seed: int = 0) -> torch.Tensor:
    """Return noise with a tone of its own in every clip."""
    rng = np.random.default_rng(seed)
    tones = np.sin(np.outer(0.05 * (1 + np.arange(clips)), np.arange(samples)))
    noise = 0.1 * rng.standard_normal((clips, samples))
    return torch.from_numpy((0.2 * tones + noise).astype(np.float32))


def padding(samples: int, *kept: int) -> torch.Tensor:
    """Return a mask whose rows keep so many samples."""
    return torch.arange(samples) >= torch.tensor(kept)[:, None]


@pytest.fixture(scope="module")
def network() -> Beats:
    return random_beats(FINETUNED)


def compare(network: Beats, cfg: dict, x: torch.Tensor, mask: torch.Tensor | None) -> None:
    """Compare tokens, mask and logits with the oracle's."""
    with torch.inference_mode():
        tokens, token_mask = network.encode(x, mask)
    expected, expected_mask = plain_beats(
        cfg, network.state_dict(), x.numpy(), None if mask is None else mask.numpy()
    )
    torch.testing.assert_close(tokens.double(), expected, rtol=0, atol=1e-4)
    assert (token_mask is None) == (mask is None)
    if mask is not None:
        assert np.array_equal(token_mask.numpy(), expected_mask)
    if network.predictor is not None:
        logits = network.logits(x, mask).detach().double()
        expected_logits = plain_logits(network.state_dict(), expected, expected_mask)
        torch.testing.assert_close(logits, expected_logits, rtol=0, atol=5e-5)


@pytest.mark.parametrize(("clips", "samples"), [(1, 2800), (2, 5359), (3, 5360), (1, 16000)])
def test_tokens_and_logits_are_the_oracle_s(network, clips, samples):
    compare(network, FINETUNED, waves(clips, samples), None)


@pytest.mark.parametrize(
    ("samples", "kept"),
    [(8000, (8000, 6000, 2800)), (5360, (5360, 3000)), (7777, (7777, 100, 5001))],
)
def test_with_padding_tokens_logits_and_masks_are_the_oracle_s(network, samples, kept):
    compare(network, FINETUNED, waves(len(kept), samples), padding(samples, *kept))


@pytest.mark.parametrize(
    "other",
    [
        {"deep_norm": False},
        {"embed_dim": 16},
        {"conv_pos": 7},
        {"num_buckets": 8, "max_distance": 6},
    ],
)
def test_other_sizes_are_the_oracle_s(other):
    cfg = {**BEATS_CFG, **other}
    compare(random_beats(cfg), cfg, waves(2, 6000), padding(6000, 6000, 4000))


def test_a_layer_of_full_width_is_the_oracle_s():
    compare(random_beats(FULL_WIDTH), FULL_WIDTH, waves(2, 8000), padding(8000, 8000, 5000))


@pytest.mark.parametrize(("seconds", "frames"), [(2, 198), (5, 498), (3, 298)])
def test_masks_of_whole_seconds_are_shortened_as_published(seconds, frames):
    samples = 16000 * seconds
    mask = padding(samples, samples - 16000, samples // 2 + 77)
    tokens = frames // 16 * 8
    with torch.inference_mode():
        _, ours = random_beats(BEATS_CFG).encode(torch.zeros(2, samples), mask)
    expected = [plain_mask(plain_mask(row, frames), tokens) for row in mask.numpy()]
    assert np.array_equal(ours.numpy(), np.stack(expected))


def test_two_seconds_filled_up_to_three_keep_100_tokens_and_96_alone(network):
    x = torch.zeros(1, 48000)
    with torch.inference_mode():
        _, mask = network.encode(x, padding(48000, 32000))
        tokens, _ = network.encode(x[:, :32000])
    assert (~mask).sum().item() == 100
    assert tokens.shape[1] == 96


def test_a_clip_that_is_all_padding_is_nan_and_spoils_no_other(network):
    x, mask = waves(2, 4000), padding(4000, 4000, 0)
    with torch.inference_mode():
        tokens, _ = network.encode(x, mask)
        alone, _ = network.encode(x[:1], mask[:1])
        logits = network.logits(x, mask)
    assert tokens[1].isnan().all()
    assert logits[1].isnan().all()
    torch.testing.assert_close(tokens[:1], alone)


def test_buckets_are_the_oracle_s_up_to_the_longest_clips():
    relative = torch.arange(-2500, 2501)
    ours = bucket_of(relative, 320, 800)
    assert ours.tolist() == [plain_bucket(r, 320, 800) for r in relative.tolist()]


def test_the_published_size():
    with torch.device("meta"):
        network = Beats(BeatsConfig())
        finetuned = Beats(BeatsConfig(finetuned_model=True, predictor_class=527))
    assert count_parameters(network) == 90_311_792
    assert len(network.state_dict()) == 250
    assert len(finetuned.state_dict()) == 252
    state = network.state_dict()
    assert state["encoder.pos_conv.0.weight_g"].shape == (1, 1, 128)
    assert state["encoder.pos_conv.0.weight_v"].shape == (768, 48, 128)
    assert state["encoder.layers.11.self_attn.grep_a"].shape == (1, 12, 1, 1)
    assert state["encoder.layers.11.self_attn.relative_attention_bias.weight"].shape == (320, 12)
    assert state["post_extract_proj.weight"].shape == (768, 512)
    assert network.minimum == 2800


def test_an_embedding_is_the_mean_of_the_tokens(network):
    x = waves(2, 4000)
    with torch.inference_mode():
        torch.testing.assert_close(network.embed(x), network.encode(x)[0].mean(1))


def test_masked_tokens_decide_nothing(network):
    x = waves(2, 8000)
    patches = network._patches(torch.randn(2, 48, 128))
    mask = choose_tokens(2, patches.shape[1], 0.5, torch.Generator().manual_seed(3))
    changed = patches.masked_fill(mask[..., None], 7.0)
    kept = ~mask
    torch.testing.assert_close(
        network._transform(patches, mask)[kept], network._transform(changed, mask)[kept]
    )
    one, same, other = (
        network.embed(x, masked=0.5, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.allclose(one, other)


@pytest.mark.parametrize(("share", "count"), [(0.25, 6), (0.5, 12), (0.99, 23)])
def test_so_many_tokens_are_masked_in_every_clip(share, count):
    mask = choose_tokens(5, 24, share, torch.Generator().manual_seed(0))
    assert mask.sum(1).tolist() == [count] * 5
    assert len(np.unique(mask.numpy(), axis=0)) > 1


def test_short_clips_are_an_error(network):
    with pytest.raises(ParameterError, match=r"2799 samples .* 2800 \(0\.175 s at 16000 Hz\)"):
        network.encode(torch.zeros(1, 2799))
    assert network.encode(torch.zeros(1, 2800))[0].shape == (1, 8, 16)


def test_a_mask_of_another_form_is_an_error(network):
    for mask in (torch.zeros(2, 4000, dtype=torch.bool), torch.zeros(1, 4000)):
        with pytest.raises(ParameterError, match="padding_mask of shape"):
            network.encode(torch.zeros(1, 4000), mask)


def test_without_fine_tuning_there_are_no_logits():
    with pytest.raises(ParameterError, match="was not fine-tuned"):
        random_beats(BEATS_CFG).logits(torch.zeros(1, 4000))


def test_layerdrop_leaves_out_layers_in_training_alone(network):
    dropping = copy.deepcopy(network)
    dropping.set_layerdrop(0.999999)
    x = waves(1, 4000)
    torch.testing.assert_close(dropping.eval().embed(x), network.embed(x))
    torch.manual_seed(0)
    none = dropping.train().embed(x)
    dropping.encoder.layers = torch.nn.ModuleList()
    torch.testing.assert_close(none, dropping.embed(x))
    with pytest.raises(ParameterError, match=r"layerdrop=1\.5"):
        dropping.set_layerdrop(1.5)


def test_our_own_form_gives_the_same_network(network, tmp_path):
    network.label_dict = {0: "/m/0dgw9r"}
    network.save(tmp_path / "own")
    again = Beats.from_checkpoint(tmp_path / "own")
    assert sorted(p.name for p in (tmp_path / "own").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]
    stored = load_file(tmp_path / "own" / "model.safetensors")
    assert len(stored) == len(network.state_dict()) - 1
    x = waves(1, 4000)
    torch.testing.assert_close(again.logits(x), network.logits(x), rtol=0, atol=0)
    assert again.cfg == network.cfg
    assert again.label_dict == {0: "/m/0dgw9r"}


def test_parts_are_taken_strictly(network):
    state = dict(network.state_dict())
    for missing in ("layer_norm.bias", "encoder.layers.1.fc1.weight"):
        del state[missing]
    state |= {"mystery": torch.zeros(1), "module.layer_norm.bias": torch.zeros(8)}
    with pytest.raises(
        CheckpointError,
        match=r"2 missing: encoder\.layers\.1\.fc1\.weight, layer_norm\.bias; "
        r"2 unexpected: module\.layer_norm\.bias, mystery",
    ):
        Beats.from_parts(FINETUNED, state)


def test_a_tensor_of_another_shape_is_named(network):
    state = {**network.state_dict(), "layer_norm.bias": torch.zeros(9)}
    with pytest.raises(CheckpointError, match=r"layer_norm\.bias of shape \(9,\) must be \(8,\)"):
        Beats.from_parts(FINETUNED, state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer_norm_first": True}, r"cfg has \{'layer_norm_first': True\}"),
        ({"gru_rel_pos": False}, "gru_rel_pos"),
    ],
)
def test_models_of_another_kind_are_refused(network, change, message):
    with pytest.raises(CheckpointError, match=message):
        Beats.from_parts({**FINETUNED, **change}, network.state_dict())


def test_a_size_that_is_missing_is_named(network):
    cfg = {key: value for key, value in FINETUNED.items() if key != "num_buckets"}
    with pytest.raises(CheckpointError, match="cfg lacks num_buckets"):
        Beats.from_parts(cfg, network.state_dict())
