import pytest
import torch

from resound.errors import ParameterError
from resound.models.network import count_parameters
from resound.models.resnet18 import ResNet18, torchvision_name

pytestmark = pytest.mark.usefixtures("one_thread")

# What torchvision's documentation gives for resnet18 with 1000 classes.
PARAMETERS = 11_689_512


@pytest.fixture(scope="module")
def image_network() -> ResNet18:
    torch.manual_seed(0)
    return ResNet18(3 * 32, 1000, n_planes=3)


def hugging_face_name(name: str) -> str:
    """Write torchvision's name of a parameter as Hugging Face does, the other way round."""
    part = name.split(".")
    if part[0] in ("conv1", "bn1"):
        layer = {"conv1": "convolution", "bn1": "normalization"}[part[0]]
        return ".".join(["resnet.embedder.embedder", layer, *part[1:]])
    if part[0] == "fc":
        return f"classifier.1.{part[1]}"
    where = f"resnet.encoder.stages.{int(part[0][-1]) - 1}.layers.{part[1]}"
    if part[2] == "downsample":
        layer = ["convolution", "normalization"][int(part[3])]
        return ".".join([where, "shortcut", layer, *part[4:]])
    kind = "convolution" if part[2].startswith("conv") else "normalization"
    return ".".join([where, "layer", str(int(part[2][-1]) - 1), kind, *part[3:]])


def test_names_and_size_are_torchvision_s(image_network):
    names = set(image_network.state_dict())
    assert len(names) == 122
    assert count_parameters(image_network) == PARAMETERS
    assert {
        "conv1.weight", "bn1.running_mean", "bn1.num_batches_tracked", "layer1.0.conv1.weight",
        "layer2.0.downsample.0.weight", "layer2.0.downsample.1.bias", "layer4.1.bn2.running_var",
        "fc.weight", "fc.bias",
    } <= names  # fmt: skip
    assert not {n for n in names if n.startswith("layer1") and "downsample" in n}


def test_both_stages_of_names_lead_to_torchvision_s(image_network):
    for name in image_network.state_dict():
        assert torchvision_name(name) == name
        assert torchvision_name(hugging_face_name(name)) == name


@pytest.mark.parametrize("rename", [str, hugging_face_name])
def test_stored_weights_are_where_training_starts(image_network, rename):
    state = {rename(name): value for name, value in image_network.state_dict().items()}
    network = ResNet18(3 * 32, 10, n_planes=3, weights=state).eval()
    x = torch.randn(2, 40, 96)
    torch.testing.assert_close(network.embed(x), image_network.eval().embed(x))
    assert network(x).shape == (2, 10)


def test_one_plane_is_read_as_a_grey_image(image_network):
    grey = ResNet18(32, 10, weights=image_network.state_dict()).eval()
    x = torch.randn(2, 40, 32)
    expected = image_network.eval().embed(torch.cat([x, x, x], dim=2))
    torch.testing.assert_close(grey.embed(x), expected, rtol=1e-4, atol=1e-4)


def test_a_missing_parameter_is_named(image_network):
    state = dict(image_network.state_dict())
    del state["layer3.0.conv2.weight"]
    with pytest.raises(ParameterError, match=r"lack 1 parameters .*'layer3\.0\.conv2\.weight'"):
        ResNet18(96, 10, n_planes=3, weights=state)


def test_a_parameter_of_another_network_is_named(image_network):
    state = dict(image_network.state_dict())
    state["layer4.0.conv1.weight"] = torch.zeros(512, 256, 1, 1)
    with pytest.raises(ParameterError, match=r"layer4\.0\.conv1\.weight of shape .* another netw"):
        ResNet18(96, 10, n_planes=3, weights=state)
