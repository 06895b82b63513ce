"""Receipts are taken for what was sealed, once, and kept."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from shutil import rmtree

import pytest

from kostra_publish.errors import ReceiptError, ReleaseError, UsageError
from kostra_publish.nav import delivery_log
from kostra_publish.nav.opening import verify
from kostra_publish.nav.receipts import Received, receive
from kostra_publish.nav.sealing import Sealed
from tests.nav.handing_over import SEALED, Parties, run, sealed, tree

CAME = SEALED + timedelta(days=1)


def said(done: Sealed, **changed: object) -> dict[str, object]:
    """What a receiver says, all keys."""
    return {
        "package": done.line.package,
        "manifest_sha256": done.line.content_sha256,
        "received": "2026-03-17T08:15:00+01:00",
        "by": "Mottak, NAV",
        "contact": "mottak@example.org",
        **changed,
    }


def receipt(folder: Path, content: object) -> Path:
    path = folder / "fra-nav.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def came(folder: Path, out: Path, content: object) -> Received:
    return receive(receipt(folder, content), out, time=CAME)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_a_receipt_is_logged_and_kept(keys: Parties, tmp_path: Path, out: Path) -> None:
    done = sealed(keys, out)
    found = came(tmp_path, out, said(done))
    assert found.is_new
    line = delivery_log.read(out / "nav").lines[-1]
    assert found.line == line
    assert (line.step, line.number, line.time, line.by) == ("received", 2, CAME, "Mottak, NAV")
    assert line.received == datetime.fromisoformat("2026-03-17T08:15:00+01:00")
    same = {"package", "content_sha256", "data_sha256", "file_sha256", "recipients", "version"}
    assert line.model_dump(include=same) == done.line.model_dump(include=same)
    assert done.files.receipt.read_bytes() == (tmp_path / "fra-nav.json").read_bytes()
    assert verify(done.files.folder, keys.signer).findings == ()


def test_the_manifest_is_told_by_sha256sum(keys: Parties, tmp_path: Path, out: Path) -> None:
    done = sealed(keys, out)
    digest = run("sha256sum", done.files.manifest, cwd=tmp_path).split()[0]
    assert came(tmp_path, out, said(done, manifest_sha256=digest)).is_new


def test_the_same_receipt_again_changes_nothing(keys: Parties, tmp_path: Path, out: Path) -> None:
    done = sealed(keys, out)
    first = came(tmp_path, out, said(done))
    before = tree(out)
    for content in (said(done), json.dumps(said(done), indent=2)):
        again = came(tmp_path, out, content)
        assert (again.is_new, again.line) == (False, first.line)
    assert tree(out) == before


def test_another_receipt_is_refused(keys: Parties, tmp_path: Path, out: Path) -> None:
    done = sealed(keys, out)
    came(tmp_path, out, said(done))
    before = tree(out)
    with pytest.raises(ReleaseError, match="another receipt"):
        came(tmp_path, out, said(done, by="En annen"))
    assert tree(out) == before


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"package": "soshjelp-nav_p2025_v2"}, "package: no package of that name was sealed"),
        ({"package": "../../x"}, "package: not the name of a package"),
        ({"package": ""}, "package: String should have at least 1 character"),
        ({"manifest_sha256": "0" * 64}, "manifest_sha256: not the manifest of soshjelp-nav_p2025"),
        ({"manifest_sha256": "0"}, "manifest_sha256: String should match"),
        ({"received": "i går"}, "received: Input should be a valid datetime"),
        ({"received": "2026-03-17T08:15:00"}, "received: Input should have timezone"),
        ({"by": " "}, "by: String should have at least 1 character"),
        ({"hilsen": "hei"}, "hilsen: Extra inputs are not permitted"),
    ],
)
def test_a_receipt_for_anything_else_is_refused(
    keys: Parties, tmp_path: Path, out: Path, changed: dict[str, object], match: str
) -> None:
    done = sealed(keys, out)
    before = tree(tmp_path)
    with pytest.raises(ReceiptError, match=rf"fra-nav\.json: {match}") as caught:
        came(tmp_path, out, said(done, **changed))
    assert caught.value.exit_code == 7
    assert "i går" not in str(caught.value)
    (tmp_path / "fra-nav.json").unlink()
    assert tree(tmp_path) == before


@pytest.mark.parametrize("text", ["", "kvittering", "[]", "{", "null", '"x"'])
def test_what_is_no_receipt_is_refused(tmp_path: Path, out: Path, text: str) -> None:
    with pytest.raises(ReceiptError, match="1 problem in the receipt"):
        came(tmp_path, out, text)
    assert not out.exists()


def test_a_file_that_is_not_there_is_said(tmp_path: Path, out: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        receive(tmp_path / "nowhere.json", out, time=CAME)


def test_a_receipt_needs_its_package_beside_it(keys: Parties, tmp_path: Path, out: Path) -> None:
    done = sealed(keys, out)
    rmtree(done.files.folder)
    with pytest.raises(ReleaseError, match="there is no folder"):
        came(tmp_path, out, said(done))


def test_a_receipt_that_was_exchanged_is_found(keys: Parties, tmp_path: Path, out: Path) -> None:
    done = sealed(keys, out)
    kept = done.files.receipt
    kept.write_text(json.dumps(said(done)))
    (finding,) = verify(done.files.folder, keys.signer).findings
    assert finding.rule == "not the receipt that leveranselogg.jsonl tells of"
    came(tmp_path, out, said(done))
    assert verify(done.files.folder, keys.signer).findings == ()
    for change in (lambda: kept.write_text("{}"), kept.unlink, kept.mkdir):
        change()
        (finding,) = verify(done.files.folder, keys.signer).findings
        assert finding.file == "kvittering.json"
