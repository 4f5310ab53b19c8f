"""Checkpoints of pretrained encoders, which come from strangers."""

import pytest
import torch
from hypothesis import example, given
from tiny_encoders import write_beats

from resound.encoders.beats import Beats
from tests.hostile.strategies import damaged, with_other_value

pytestmark = [pytest.mark.hypothesis, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Return the path of a small checkpoint in the published form."""
    path = tmp_path_factory.mktemp("beats") / "net.pt"
    write_beats(path)
    return path


def test_a_damaged_checkpoint_is_read_or_refused(published, tmp_path, report):
    """a checkpoint of BEATs with damaged bytes"""
    path = tmp_path / "net.pt"

    @given(damaged(published.read_bytes()))
    def holds(content):
        path.write_bytes(content)
        report.read(lambda: Beats.from_checkpoint(path), path.name)

    holds()
    report.write()


def test_forged_sizes_of_a_checkpoint_are_used_or_refused(published, tmp_path, report):
    """a checkpoint of BEATs with other sizes in it than its tensors have"""
    path = tmp_path / "net.pt"
    good = torch.load(published, weights_only=True)

    @given(with_other_value(good["cfg"]))
    @example({**good["cfg"], "encoder_embed_dim": 2**40})
    @example({**good["cfg"], "encoder_layers": 10**9})
    def holds(cfg):
        torch.save({**good, "cfg": cfg}, path)
        report.read(lambda: Beats.from_checkpoint(path), path.name)

    holds()
    report.write()
