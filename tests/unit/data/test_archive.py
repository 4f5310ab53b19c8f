import stat
import zipfile

import pytest

from resound.data.archive import unpack_zip
from resound.errors import DataError


def make_zip(path, members, **about):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            for key, value in about.items():
                setattr(info, key, value)
            file.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


def test_unpacks_files_and_folders(tmp_path):
    archive = make_zip(tmp_path / "a.zip", [("top/", ""), ("top/x", "1"), ("top/deep/y", "2")])
    unpack_zip(archive, tmp_path / "out")
    assert (tmp_path / "out" / "top" / "x").read_text() == "1"
    assert (tmp_path / "out" / "top" / "deep" / "y").read_text() == "2"


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "a/../../evil",
        "./../evil",
        "/evil",
        "a//evil",
        "C:/evil",
        "C:evil",
        "a\\..\\..\\evil",
        "\\\\host\\evil",
    ],
)
def test_member_that_would_leave_the_folder(tmp_path, name):
    archive = make_zip(tmp_path / "a.zip", [("fine", "1"), (name, "2")])
    with pytest.raises(DataError, match=r"1 fault:\n  .*evil.* would leave"):
        unpack_zip(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("*evil*"))
    assert not (tmp_path.parent / "evil").exists()


def test_symbolic_link(tmp_path):
    link = (stat.S_IFLNK | 0o777) << 16
    archive = make_zip(tmp_path / "a.zip", [("link", "/etc")], external_attr=link, create_system=3)
    with pytest.raises(DataError, match="'link' is a link or a special file"):
        unpack_zip(archive, tmp_path / "out")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_member_that_comes_twice(tmp_path):
    archive = make_zip(tmp_path / "a.zip", [("x", "1"), ("x", "2")])
    with pytest.raises(DataError, match="'x' comes 2 times"):
        unpack_zip(archive, tmp_path / "out")


def test_encrypted_member(tmp_path):
    archive = make_zip(tmp_path / "a.zip", [("x", "1")])
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(DataError, match="'x' is encrypted"):
        unpack_zip(archive, tmp_path / "out")


def test_bomb_is_not_unpacked(tmp_path):
    archive = make_zip(tmp_path / "a.zip", [("zeros", b"\0" * 1_000_000)])
    with pytest.raises(DataError, match="would unpack to 1000000 bytes, more than 999999"):
        unpack_zip(archive, tmp_path / "out", largest_total=999_999)
    assert not (tmp_path / "out").exists()


def test_member_larger_than_it_says(tmp_path):
    archive = make_zip(tmp_path / "a.zip", [("zeros", b"\0" * 1_000_000)])
    content = bytearray(archive.read_bytes())
    size_at = content.index(b"PK\x01\x02") + 24
    content[size_at : size_at + 4] = (1000).to_bytes(4, "little")
    archive.write_bytes(content)
    with pytest.raises(DataError, match="is not a whole zip archive"):
        unpack_zip(archive, tmp_path / "out")
    assert (tmp_path / "out" / "zeros").stat().st_size <= 1000


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: b"<!DOCTYPE html><html>Sign in</html>",
        lambda content: content.replace(content[60:80], bytes(20)),
        lambda content: content[:31] + b"\xff" + content[32:],
    ],
    ids=["truncated", "empty", "html", "bytes overwritten", "no deflate stream"],
)
def test_damaged_archive(tmp_path, damage):
    payload = bytes(range(256)) * 4
    archive = make_zip(tmp_path / "a.zip", [("x", payload), ("y", payload)])
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(DataError, match=r"a\.zip: is not a whole zip archive .* it starts with b'"):
        unpack_zip(archive, tmp_path / "out")
