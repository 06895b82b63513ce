"""Receipts: the receiver's answer that a package has come, ``kvittering.json``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, ValidationError

from kostra_publish.errors import Finding, ReceiptError, ReleaseError, UsageError
from kostra_publish.nav import bag, delivery_log
from kostra_publish.nav.delivery_log import DeliveryLog, Line
from kostra_publish.nav.sealed import RECEIPT, Files, sha256
from kostra_publish.releases.chain import Sha256
from kostra_publish.releases.staging import put_new, scratch
from kostra_publish.specs.models import Model, Words

_ASK: Final = "Ask the receiver for a receipt as docs/guide/nav.md describes it."


class Receipt(Model):
    """What the receiver says of a package."""

    package: Words
    """The package: `soshjelp-nav_p2025_v2`."""
    manifest_sha256: Sha256
    """The SHA-256 of its manifest, which tells that it is whole."""
    received: AwareDatetime
    """When it came, with its offset from UTC."""
    by: Words
    """Who received it."""
    contact: Words | None = None
    """Where to ask them."""


@dataclass(frozen=True)
class Received:
    """A receipt that is in the log."""

    line: Line
    is_new: bool
    """False: it was there already, and nothing has changed."""


def receive(path: Path, out: Path, *, time: datetime) -> Received:
    """Log a receipt, and keep it beside its package.

    The same receipt once more changes nothing.

    Raises UsageError when the file cannot be read, ReceiptError when it is no receipt for a
    package that was sealed, ReleaseError when there is another receipt, and when it cannot be kept.
    """
    data = _read(path)
    receipt = parse(path, data)
    # Only such a name is put into a path.
    if not bag.is_name(receipt.package):
        raise ReceiptError([Finding(path.name, "", "package", "not the name of a package", _ASK)])
    with scratch(out, receipt.package) as staging:
        log = delivery_log.read(out / delivery_log.FOLDER)
        sealed = _sealed(path, receipt, log)
        kept = Files(out / delivery_log.FOLDER / sealed.package, sealed.package).receipt
        if not kept.parent.is_dir():
            raise ReleaseError(f"there is no folder {kept.parent}", fix="Put the package back.")
        if kept.exists():
            data = _same(kept, receipt)
        else:
            staging.write(RECEIPT, data)
            put_new(staging.folder / RECEIPT, kept)
        digest = sha256(data)
        before = [
            line for line in log.of(sealed.package, "received") if line.receipt_sha256 == digest
        ]
        if before:
            return Received(before[-1], is_new=False)
        return Received(_append(log, sealed, receipt, time, digest), is_new=True)


def _append(log: DeliveryLog, sealed: Line, receipt: Receipt, time: datetime, digest: str) -> Line:
    changed = {
        "time": time,
        "step": "received",
        "by": receipt.by,
        "received": receipt.received,
        "receipt_sha256": digest,
    }
    fields = {name: getattr(sealed, name) for name in delivery_log.Entry.model_fields}
    return log.append(delivery_log.Entry.model_validate(fields | changed)).lines[-1]


def parse(path: Path, data: bytes) -> Receipt:
    """A receipt from its JSON.

    Raises ReceiptError that names each key that is wrong, and not what it says.
    """
    try:
        return Receipt.model_validate_json(data)
    except ValidationError as error:
        raise ReceiptError(
            [
                Finding(path.name, "", ".".join(map(str, one["loc"])), one["msg"], _ASK)
                for one in error.errors(include_input=False, include_url=False)
            ]
        ) from error


def _sealed(path: Path, receipt: Receipt, log: DeliveryLog) -> Line:
    """The line on the package that a receipt is for."""
    sealed = log.of(receipt.package, "sealed")
    if not sealed:
        rule = "no package of that name was sealed"
        fix = "See that the receipt is for this folder of releases (--out)."
        raise ReceiptError([Finding(path.name, "", "package", rule, fix)])
    if sealed[-1].content_sha256 != receipt.manifest_sha256:
        rule = f"not the manifest of {receipt.package} as it was sealed"
        fix = "What came is not what was sealed: ask the receiver to verify it, or send it again."
        raise ReceiptError([Finding(path.name, "", "manifest_sha256", rule, fix)])
    return sealed[-1]


def _same(kept: Path, receipt: Receipt) -> bytes:
    """The receipt that is there already, which must say the same."""
    data = _read(kept)
    if parse(kept, data) != receipt:
        raise ReleaseError(
            f"{kept} is another receipt for {receipt.package}",
            fix="Nothing has been changed. Ask the receiver which of both is right.",
        )
    return data


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "it does not read"
        raise UsageError(f"{path} cannot be read: {reason}", fix="Name a receipt.") from error
