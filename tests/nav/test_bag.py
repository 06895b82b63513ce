"""Bags: the same bytes for the same input, valid to others, and nothing that leads outside."""

from __future__ import annotations

import hashlib
import io
import tarfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import bagit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kostra_publish.errors import PackageError, ReleaseError, UsageError
from kostra_publish.nav import bag
from tests.nav.handing_over import INFO, PAYLOAD, PUBLISHED

NAME = "soshjelp-nav_p2025_v1"
FILES = bag.bag(NAME, PAYLOAD, INFO)

part = st.from_regex(r"[a-z0-9_][a-z0-9_-]{0,8}", fullmatch=True)
path = st.lists(part, min_size=1, max_size=3).map("/".join)
payloads = st.dictionaries(path, st.binary(max_size=50), min_size=1, max_size=6).filter(
    lambda found: (
        not any(other.startswith(f"{one}/") for one in found for other in found)
        and not any(one.startswith("data/") for one in found)
    )
)
words = st.text(st.characters(categories=["L", "N", "P"]), min_size=1)
infos = st.dictionaries(
    st.from_regex(r"[A-Z][a-z]{1,8}-[A-Z][a-z]{1,8}", fullmatch=True), words
).filter(lambda found: "Payload-Oxum" not in found)


def write(folder: Path, files: dict[str, bytes]) -> None:
    for relative, data in files.items():
        (folder / relative).parent.mkdir(parents=True, exist_ok=True)
        (folder / relative).write_bytes(data)


@settings(max_examples=25)
@given(payloads, infos)
def test_every_bag_is_valid_to_the_library(payload: dict[str, bytes], info: dict[str, str]) -> None:
    files = bag.bag(NAME, payload, info)
    assert bag.altered(NAME, files) == []
    with TemporaryDirectory() as folder:
        write(Path(folder), files)
        bag.validate(Path(folder))
        read = bagit.Bag(folder)
        assert read.version_info == (1, 0)
        assert set(read.payload_entries()) == {f"data/{each}" for each in payload}
        size = sum(map(len, payload.values()))
        assert read.info == {**info, "Payload-Oxum": f"{size}.{len(payload)}"}


@settings(max_examples=30)
@given(payloads, infos)
def test_the_order_of_the_input_makes_no_difference(
    payload: dict[str, bytes], info: dict[str, str]
) -> None:
    turned = bag.bag(NAME, dict([*payload.items()][::-1]), dict([*info.items()][::-1]))
    files = bag.bag(NAME, payload, info)
    assert [*turned.items()] == [*files.items()]
    assert bag.tar(NAME, turned, PUBLISHED) == bag.tar(NAME, files, PUBLISHED)
    assert bag.untar(NAME, bag.tar(NAME, files, PUBLISHED)) == files


def test_the_bytes_of_a_bag_and_of_its_tar_do_not_change() -> None:
    assert hashlib.sha256(FILES[bag.TAG_MANIFEST]).hexdigest()[:16] == "b4c70de8baad876d"
    whole = bag.tar(NAME, FILES, PUBLISHED)
    assert hashlib.sha256(whole).hexdigest()[:16] == "cb0d927c05687889"
    oslo = PUBLISHED.astimezone(timezone(timedelta(hours=1)))
    assert bag.tar(NAME, FILES, oslo) == whole


def test_a_tar_tells_nothing_of_who_made_it() -> None:
    with tarfile.open(fileobj=io.BytesIO(bag.tar(NAME, FILES, PUBLISHED))) as archive:
        members = archive.getmembers()
    assert [one.name for one in members] == sorted(f"{NAME}/{each}" for each in FILES)
    for one in members:
        assert (one.uid, one.gid, one.uname, one.gname, one.mode) == (0, 0, "", "", 0o644)
        assert datetime.fromtimestamp(one.mtime, UTC) == PUBLISHED
        assert one.isreg()
        assert not one.pax_headers


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "/etc/passwd", "../a", "a/../b", "a/..", "./a", "a//b", "a/", ".skjult", "C:/a"),
        *("a\\b", "a\nb", "a b", "bokmål.csv", "slutt.", "-rf", "data/a.csv", "x" * 80, "a%0a"),
    ],
)
def test_paths_that_lead_outside_or_trouble_others_are_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="path"):
        bag.bag(NAME, {"a.csv": b"", wrong: b""}, INFO)


@pytest.mark.parametrize(
    ("one", "other"), [("a.csv", "A.csv"), ("a/b.csv", "A"), ("a/b.csv", "a"), ("a/b", "a/B")]
)
def test_paths_that_some_systems_cannot_tell_apart_are_refused(one: str, other: str) -> None:
    with pytest.raises(UsageError, match="some systems"):
        bag.bag(NAME, {one: b"", other: b""}, INFO)


@pytest.mark.parametrize(
    "wrong",
    ["", "..", "a/b_p2025_v1", "soshjelp", "soshjelp_p2025", "soshjelp_p2025_v0", "../x_p2025_v1",
     "Soshjelp_p2025_v1", "soshjelp_p2025_v1\n", "søk_p2025_v1"],
)  # fmt: skip
def test_names_that_are_none_of_a_package_are_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="not the name of a package"):
        bag.bag(wrong, PAYLOAD, INFO)


def test_a_bag_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing"):
        bag.bag(NAME, {}, INFO)


@pytest.mark.parametrize(
    ("label", "value"),
    [("A:b", "x"), ("", "x"), ("Æ", "x"), ("Payload-Oxum", "1.1"), ("A", " "), ("A", "b\nC: d")],
)
def test_information_that_would_be_another_line_is_refused(label: str, value: str) -> None:
    with pytest.raises(UsageError, match=r"bag-info\.txt"):
        bag.bag(NAME, PAYLOAD, {label: value})


def archive_of(name: str, kind: bytes = tarfile.REGTYPE, *, twice: bool = False) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.type = kind
        member.linkname = "/etc/passwd"
        archive.addfile(member)
        if twice:
            archive.addfile(member)
    return whole.getvalue()


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../a", f"{NAME}/../../a", f"{NAME}/../a", f"{NAME}//etc/passwd", "a", NAME,
     f"{NAME}/data/.profile", f"{NAME}x/a", f"{NAME}/a\\..\\b", f"{NAME}/a/./b"],
)  # fmt: skip
def test_a_member_outside_is_never_read(name: str) -> None:
    with pytest.raises(PackageError, match="a member that is not a file below"):
        bag.untar(NAME, archive_of(name))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_only_files_are_read(kind: bytes) -> None:
    with pytest.raises(PackageError, match="a member that is not a file"):
        bag.untar(NAME, archive_of(f"{NAME}/data/a", kind))


def test_a_member_that_is_there_twice_is_refused() -> None:
    assert bag.untar(NAME, archive_of(f"{NAME}/data/a")) == {"data/a": b""}
    with pytest.raises(PackageError, match="twice"):
        bag.untar(NAME, archive_of(f"{NAME}/data/a", twice=True))


@pytest.mark.parametrize("data", [b"", b"not a tar", bag.tar(NAME, FILES, PUBLISHED)[:700]])
def test_what_is_no_tar_is_refused(data: bytes) -> None:
    with pytest.raises(PackageError, match="not a whole tar"):
        bag.untar(NAME, data)


@given(st.data())
def test_any_change_of_a_bag_is_found(data: st.DataObject) -> None:
    files = dict(FILES)
    changed = data.draw(st.sampled_from([*files]))
    old = files[changed]
    files[changed] = data.draw(st.binary(max_size=20) | st.just(old[:-1]) | st.just(old.upper()))
    if files[changed] != old:
        assert bag.altered(NAME, files)
    missing = data.draw(st.sampled_from([*FILES]))
    assert bag.altered(NAME, {one: FILES[one] for one in FILES if one != missing})
    extra = data.draw(st.sampled_from(["data/x", "fetch.txt", "manifest-md5.txt", "x/y"]))
    assert bag.altered(NAME, {**FILES, extra: b""})


def test_the_manifest_must_be_the_one_that_was_signed() -> None:
    other = bag.bag(NAME, {"a": b""}, INFO)
    (found,) = bag.altered(NAME, other, FILES[bag.MANIFEST])
    assert (found.where, found.rule) == (bag.MANIFEST, "not the manifest that was signed")


def test_a_folder_that_is_no_bag_is_said_plainly(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "data/extra": b"x"})
    with pytest.raises(ReleaseError, match="not a valid bag"):
        bag.validate(tmp_path)
