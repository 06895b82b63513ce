"""What a release hands over: its record of each package, and the rows that were made anonymous.

A package itself lies encrypted outside of the release. What its rows give away is looked at in
what the release keeps of them (``internal/handover``), beside what it was protected as and what
earlier releases of the year keep.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.records.gates import kept
from kostra_publish.disclosure.records.stored import StoredRecords
from kostra_publish.disclosure.stored_universe import StoredUniverse
from kostra_publish.errors import DisclosureError

_PACKAGE: Final = re.compile(r"(?P<delivery>[a-z][a-z0-9-]*)_p(?P<year>\d{4})_v(?P<version>\d+)")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_KEYS: Final = {"package", "delivery", "version", "data_sha256", "content_sha256", "missing"}


def is_record(path: Path, vintage: int) -> bool:
    """Whether a file is the record of a package of this year, and says nothing else."""
    try:
        said = json.loads(path.read_bytes())
        package = _PACKAGE.fullmatch(said["package"])
        return (
            said.keys() == _KEYS
            and package is not None
            and package["year"] == str(vintage)
            and [package["delivery"], int(package["version"])]
            == [said["delivery"], said["version"]]
            and path.name == f"{said['delivery']}.json"
            and all(_SHA256.fullmatch(said[key]) for key in ("data_sha256", "content_sha256"))
            and _are_kommuner(said["missing"], vintage)
        )
    except (AttributeError, KeyError, OSError, RecursionError, TypeError, ValueError):
        return False


def _are_kommuner(missing: Mapping[str, Sequence[str]], vintage: int) -> bool:
    """Whether all that is missing are kommuner of the year, by dataset."""
    known = {*codes.kommuner(vintage)["kommune"]}
    return all(
        _NAME.fullmatch(dataset) and sorted(set(own)) == own and known.issuperset(own)
        for dataset, own in missing.items()
    )


def given_away(
    rows: Mapping[str, StoredRecords],
    universes: Sequence[StoredUniverse],
    earlier: Mapping[str, Mapping[str, StoredRecords]],
) -> Iterator[tuple[str, str]]:
    """What the rows of a release give away: (set of rows, what), in numbers of sets alone.

    ``earlier`` has what earlier releases of the year keep, by release and set.
    """
    for name, own in rows.items():
        universe = next((one for one in universes if own.is_of(one)), None)
        if universe is None:
            yield name, "are of people that no table of the release is about"
            continue
        before = {release: every[name] for release, every in earlier.items() if name in every}
        try:
            proof = kept(own, universe, before)
        except (DisclosureError, IndexError, ValueError):
            yield name, "do not hold together with what the release was protected as"
            continue
        for gate in proof.gates:
            if not gate.passed:
                yield name, f"do not pass the gate {gate.name}: {gate.failing} of {gate.looked_at}"
