import hashlib
import re
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from tiny_encoders import write_beats, write_efficientat

from resound.encoders.beats import Beats
from resound.encoders.efficientat import EfficientAT
from resound.encoders.weights import locate
from resound.errors import CheckpointError, ParameterError
from resound.experiment import weights as pretrained
from resound.experiment.weights import Hub, Weights, cached_file, find, hub_cache, hub_place
from resound.registry import ENCODERS

CLAP = "laion/clap-htsat-unfused"
COMMIT = "8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Give every test an empty cache of the hub, in the place where the hub's code looks too."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("HF_HUB_CACHE", str(folder))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return folder


class Family(NamedTuple):
    """An encoder that we have written ourselves, and of a checkpoint in the published form."""

    name: str
    encoder: type[Beats] | type[EfficientAT]
    write: Callable[[Path], object]
    file: str
    size: str
    digest: str
    missing: tuple[str, str]


FAMILIES = (
    Family(
        "beats",
        Beats,
        write_beats,
        "BEATs_iter3_plus_AS2M.pt",
        "361,499,833",
        "d43cbf",
        ("encoder.layers.0.fc2.bias", "layer_norm.bias"),
    ),
    Family(
        "efficientat",
        EfficientAT,
        write_efficientat,
        "mn04_as_mAP_432.pt",
        "4,066,513",
        "899a8c",
        ("classifier.2.bias", "features.0.1.running_mean"),
    ),
)


@pytest.fixture(params=FAMILIES, ids=lambda family: family.name)
def family(request) -> Family:
    return request.param


@pytest.fixture
def net(family, tmp_path) -> Path:
    """Return the path of a sound checkpoint."""
    family.write(tmp_path / "net.pt")
    return tmp_path / "net.pt"


def in_cache(cache, files, kind="models"):
    """Put files into the hub's cache as its own code does, and return their folder."""
    folder = cache / f"{kind}--laion--clap-htsat-unfused" / "snapshots" / COMMIT
    shutil.copytree(files, folder)
    return folder


class Trap:
    """An object whose unpickling would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


# What is wrong with a file


def test_a_file_that_is_not_there(family, tmp_path):
    with pytest.raises(CheckpointError, match=r"none/net\.pt: there is no such file"):
        family.encoder.from_checkpoint(tmp_path / "none" / "net.pt")
    with pytest.raises(
        CheckpointError,
        match=rf"none/net\.pt: there is no such file or folder; name {family.file} .* "
        rf"in encoders\.{family.name}\.weights\.source; `resound weights` says where to get it",
    ):
        ENCODERS[family.name]({"source": str(tmp_path / "none" / "net.pt")})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n<!DOCTYPE html><html>Sign in</html>", "no checkpoint but a web page"),
        (b"<?xml version='1.0'?><Error>AuthenticationFailed", "no checkpoint but a web page"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:d43c\nsize 361499833\n",
            r"a pointer of git-lfs; run `git lfs pull`",
        ),
        (b"\x80\x02}q\x00X\x03\x00\x00\x00cfg", r"not what torch\.save has written"),
    ],
)
def test_a_file_that_is_no_checkpoint(family, tmp_path, content, message):
    (tmp_path / "net.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"net\.pt: .*{message}") as caught:
        family.encoder.from_checkpoint(tmp_path / "net.pt")
    assert "weights_only" not in str(caught.value)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_file_that_is_cut_off(family, net, share):
    content = net.read_bytes()
    net.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CheckpointError, match=r"net\.pt: is damaged or cut off .* download it aga"):
        family.encoder.from_checkpoint(net)


def test_another_digest_than_told(family, net):
    digest = hashlib.sha256(net.read_bytes()).hexdigest()
    family.encoder.from_checkpoint(net, sha256=digest)
    with pytest.raises(
        CheckpointError,
        match=rf"its sha256 is {digest}, not 0{{64}}, as encoders\.{family.name}\.w",
    ):
        family.encoder.from_checkpoint(net, sha256="0" * 64)


def test_a_published_name_on_a_file_of_another_size(family, net, tmp_path):
    path = tmp_path / family.file
    net.rename(path)
    with pytest.raises(CheckpointError, match=f"bytes, not the {family.size} of {family.file}"):
        family.encoder.from_checkpoint(path)


def test_a_published_name_on_a_file_of_another_digest(family, net, tmp_path, monkeypatch):
    path = tmp_path / family.file
    net.rename(path)
    (known,) = (entry for entry in pretrained.PUBLISHED if entry.file == family.file)
    entry = known._replace(size=path.stat().st_size)
    monkeypatch.setattr(pretrained, "PUBLISHED", (entry,))
    with pytest.raises(
        CheckpointError, match=f"its sha256 is .*, not {family.digest}.*, as the cat"
    ):
        family.encoder.from_checkpoint(path)


def test_an_unknown_digest_is_noted(family, net, caplog):
    family.encoder.from_checkpoint(net)
    assert "net.pt: no sha256 is known for it" in caplog.text


def test_a_pickle_with_code_in_it_is_refused_and_not_run(family, tmp_path):
    trace = tmp_path / "executed"
    stored = {"cfg": {}, "model": OrderedDict(x=torch.zeros(1)), "trap": Trap(trace)}
    torch.save(stored, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match=r"could run code .* refused\. Nothing was") as caught:
        family.encoder.from_checkpoint(tmp_path / "net.pt")
    assert not trace.exists()
    assert "weights_only" not in str(caught.value)
    assert "open" in str(caught.value)


@pytest.mark.parametrize(
    "stored",
    [
        [1, 2],
        {"model": {}},
        {"cfg": {"a": 1}, "model": {"x": 3}},
        {"conv1.weight": torch.zeros(1), "fc.bias": torch.zeros(10)},
        {0: torch.zeros(1), "a": torch.zeros(1)},
    ],
)
def test_something_else_than_a_checkpoint(family, tmp_path, stored):
    torch.save(stored, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match=r"net\.pt: .*(no checkpoint of |no state dict)"):
        family.encoder.from_checkpoint(tmp_path / "net.pt")


def test_missing_and_extra_tensors_are_all_listed_with_the_file(family, net):
    stored = torch.load(net, weights_only=True)
    state = stored.get("model", stored)
    for name in family.missing:
        del state[name]
    state["mystery"] = torch.zeros(1)
    torch.save(stored, net)
    missing = re.escape(", ".join(family.missing))
    with pytest.raises(
        CheckpointError, match=rf"net\.pt: .*2 missing: {missing}; 1 unexpected: mystery"
    ):
        family.encoder.from_checkpoint(net)


def test_a_tensor_of_another_shape_is_named_with_the_file(family, net):
    stored = torch.load(net, weights_only=True)
    state, name = stored.get("model", stored), family.missing[0]
    found, own = (*state[name].shape, 2), tuple(state[name].shape)
    state[name] = torch.zeros(found)
    torch.save(stored, net)
    message = re.escape(f"{name} of shape {found} must be {own}")
    with pytest.raises(CheckpointError, match=rf"net\.pt: .*{message}"):
        family.encoder.from_checkpoint(net)


def test_a_folder_without_our_files(family, tmp_path):
    with pytest.raises(CheckpointError, match=r"holds no model\.safetensors and no pytorch_model"):
        family.encoder.from_checkpoint(tmp_path)


def test_a_damaged_folder_of_ours(family, net, tmp_path):
    family.encoder.from_checkpoint(net).save(tmp_path / "own")
    weights = tmp_path / "own" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"model\.safetensors: is damaged, or neither"):
        family.encoder.from_checkpoint(tmp_path / "own")


def test_a_folder_of_beats_without_its_sizes(tmp_path):
    write_beats(tmp_path / "net.pt").save(tmp_path / "own")
    (tmp_path / "own" / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"own: holds no config\.json of BEATs"):
        Beats.from_checkpoint(tmp_path / "own")


# Where weights are looked for


def test_sources_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").mkdir()
    assert hub_place(CLAP) == Hub(CLAP, None, "model")
    assert hub_place("hf://owner/name/sub/net.pt") == Hub("owner/name", "sub/net.pt", "model")
    assert hub_place("hf://datasets/owner/name/net.pt") == Hub("owner/name", "net.pt", "dataset")
    for path in ("weights/clap", "net.pt", "/data/net.pt", "./a/b", "~/clap", "a/b/c"):
        assert hub_place(path) is None, path


def test_the_hub_s_code_and_ours_look_in_the_same_cache(cache, tiny):
    from huggingface_hub import snapshot_download

    assert hub_cache() == cache
    weights = Weights(CLAP, COMMIT)
    assert find(weights) is None
    folder = in_cache(cache, tiny / "clap")
    assert find(weights) == folder
    assert snapshot_download(CLAP, revision=COMMIT) == str(folder)
    reference = cache / "models--laion--clap-htsat-unfused" / "refs" / "main"
    reference.parent.mkdir()
    reference.write_text(COMMIT)
    assert find(Weights(CLAP)) == folder
    assert ENCODERS["clap"]({"source": CLAP, "revision": COMMIT}).dimension == 32


def test_one_file_of_a_hub_s_repository_is_found(cache, tiny, tmp_path):
    (tmp_path / "files").mkdir()
    shutil.copy2(tiny / "beats.pt", tmp_path / "files")
    folder = in_cache(cache, tmp_path / "files", "datasets")
    source = f"hf://datasets/{CLAP}/beats.pt"
    assert locate("beats", {"source": source, "revision": COMMIT}) == folder / "beats.pt"


def test_a_file_that_a_repository_does_not_hold(cache, tiny):
    in_cache(cache, tiny / "clap")
    with pytest.raises(CheckpointError, match=r"repository holds no net\.pt, or only a part"):
        locate("beats", {"source": f"hf://{CLAP}/net.pt", "revision": COMMIT})


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.delenv("HF_HUB_CACHE")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    assert hub_cache() == tmp_path / "hf" / "hub"
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert hub_cache() == tmp_path / "huggingface" / "hub"


def test_a_hub_id_that_is_not_in_the_cache_and_may_not_be_fetched():
    block = {"source": CLAP, "revision": COMMIT}
    message = (
        f"{CLAP}: there is no such path here; as a hub id, its model.safetensors or "
        "pytorch_model.bin is not in the cache and cannot be downloaded (HF_HUB_OFFLINE forbids "
        f"it); get it with `hf download {CLAP} --revision {COMMIT}` where there is a network, or "
        "name a local copy in encoders.clap.weights.source"
    )
    with pytest.raises(CheckpointError, match=re.escape(message)):
        ENCODERS["clap"](block)


def test_a_hub_without_a_network(monkeypatch):
    """The hub's own code tries an address at which nothing listens."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for name, source, file in [
        ("ast", "MIT/ast-finetuned-audioset-10-10-0.4593", "model.safetensors"),
        ("beats", "hf://mooneyko/BEATs/BEATs_iter3_plus_AS2M.pt", "BEATs_iter3_plus_AS2M.pt"),
    ]:
        with pytest.raises(CheckpointError, match=rf"{file}.* cannot be downloaded .*hf download"):
            ENCODERS[name]({"source": source, "revision": None})


def test_local_files_only_keeps_the_hub_s_code_from_the_network(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    for source in (CLAP, f"hf://{CLAP}/net.pt"):
        block = {"source": source, "revision": COMMIT, "local_files_only": True}
        with pytest.raises(CheckpointError, match=r"\(encoders\.ast\.weights\.local_files_only "):
            locate("ast", block)


# Weights from an address


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def url(tmp_path, monkeypatch):
    """Return the address of a checkpoint on a server of this machine; torch's cache is empty."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    write_efficientat(tmp_path / "served" / "net.pt")
    handler = partial(Handler, directory=str(tmp_path / "served"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/net.pt"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_is_downloaded_into_torch_s_cache_and_found_there(url, tmp_path):
    served = tmp_path / "served" / "net.pt"
    block = {"source": url, "sha256": hashlib.sha256(served.read_bytes()).hexdigest()}
    assert find(Weights.of(block)) is None
    assert ENCODERS["efficientat"](block).dimension == 96
    kept = Path(torch.hub.get_dir(), "checkpoints", "net.pt")
    assert find(Weights.of(block)) == kept
    assert [path.name for path in kept.parent.iterdir()] == ["net.pt"]
    served.unlink()
    assert ENCODERS["efficientat"](block).dimension == 96


def test_a_file_of_an_address_with_another_digest_is_not_kept(url, tmp_path):
    with pytest.raises(
        CheckpointError, match=r"net\.pt: its sha256 is .*, not 0{64}; .*`curl --fa"
    ):
        locate("efficientat", {"source": url, "sha256": "0" * 64})
    assert not (tmp_path / "torch/hub/checkpoints/net.pt").exists()


def test_a_file_in_torch_s_cache_with_another_digest_is_an_error(url, tmp_path):
    write_efficientat(tmp_path / "torch/hub/checkpoints/net.pt")
    with pytest.raises(
        CheckpointError, match=r"hub/checkpoints/net\.pt: its sha256 is .*, not 0{64}, as encoders"
    ):
        locate("efficientat", {"source": url, "sha256": "0" * 64})


def test_an_address_without_a_digest_is_not_downloaded(url, tmp_path):
    with pytest.raises(
        CheckpointError, match=r"no sha256 is known .* in encoders\.efficientat\.weights\.sha256"
    ):
        locate("efficientat", {"source": url})
    assert not (tmp_path / "torch").exists()


def test_an_address_that_cannot_be_reached_or_may_not_be(url, monkeypatch):
    block = {"source": f"{url}x", "sha256": "0" * 64}
    with pytest.raises(CheckpointError, match=r"answers 404 .*; get it with `curl --fail"):
        locate("efficientat", block)
    message = (
        r"is not in torch's cache and cannot be downloaded \({} forbids it\); get it with `curl"
    )
    with pytest.raises(CheckpointError, match=message.format(r"encoders\..*local_files_only")):
        locate("efficientat", {**block, "local_files_only": True})
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(CheckpointError, match=message.format("HF_HUB_OFFLINE")):
        locate("efficientat", block)


def test_torch_s_own_code_and_ours_look_in_the_same_cache(monkeypatch, tmp_path):
    address = "https://example.org/release/mn10%20%282%29.pt?raw=1"
    for variable, folder in (("XDG_CACHE_HOME", "torch/hub"), ("TORCH_HOME", "hub")):
        monkeypatch.setenv(variable, str(tmp_path / variable))
        kept = tmp_path / variable / folder / "checkpoints"
        assert cached_file(address) == kept / "mn10 (2).pt"
        assert torch.hub.get_dir() == str(kept.parent)


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(CheckpointError, match=r"models/clap: there is no such file or folder"):
        ENCODERS["clap"]({"source": str(tmp_path / "models" / "clap")})


@pytest.mark.parametrize("block", [{}, {"source": None}, {"source": ""}, {"source": "a", "x": 1}])
def test_a_block_of_another_form(block):
    with pytest.raises(ParameterError, match="must hold source, a path, hub id or URL, and may"):
        Weights.of(block)


def test_the_catalogue_is_whole():
    digests = [entry.sha256 for entry in pretrained.PUBLISHED]
    assert len(set(digests)) == len(digests)
    for entry in pretrained.PUBLISHED:
        assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
        assert entry.encoder in ENCODERS
        assert entry.size > 10**6
        for source, revision in entry.sources:
            assert revision is None or re.fullmatch("[0-9a-f]{40}", revision)
            assert Weights(source).published == entry
            assert Weights(source).digest == entry.sha256
            assert Weights(source, revision, "0" * 64).digest == "0" * 64
    assert Weights("some/where.pt").digest is None
