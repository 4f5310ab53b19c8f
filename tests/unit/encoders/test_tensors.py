import pytest
import torch
from safetensors.torch import save_file

from resound.encoders.tensors import read_state
from resound.errors import CheckpointError

STATE = {"conv1.weight": torch.arange(6.0).reshape(2, 3)}


@pytest.mark.parametrize("write", [torch.save, save_file])
def test_both_forms_are_read(tmp_path, write):
    write(STATE, tmp_path / "net.weights")
    read = read_state(tmp_path / "net.weights")
    assert list(read) == ["conv1.weight"]
    assert torch.equal(read["conv1.weight"], STATE["conv1.weight"])


@pytest.mark.parametrize("content", [b"", b"PK nothing", b"<html>not found</html>"])
def test_anything_else_is_an_error(tmp_path, content):
    (tmp_path / "net.weights").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"net\.weights: is damaged"):
        read_state(tmp_path / "net.weights")


class Evil:
    def __reduce__(self):
        return (open, ("/dev/null",))


def test_a_file_that_would_run_code_is_refused(tmp_path):
    torch.save({"conv1.weight": Evil()}, tmp_path / "net.weights")
    with pytest.raises(CheckpointError, match=r"holds more than tensors .* it is refused"):
        read_state(tmp_path / "net.weights")
