"""The correspondence table: kommuner that got another code or were split, and how series join.

A series may be joined where a kommune got a new code and the area is the same; where it was
split, the parts have no figures from before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from kostra_publish.codes import regions
from kostra_publish.disclosure.safe import SafeCube, only_safe
from kostra_publish.releases.rounds import ReleaseFacts
from kostra_publish.specs.catalogue import Catalogue

FILE: Final = "public/statbank/kommuneendringer.json"


def write_correspondence(
    cubes: Sequence[SafeCube], _catalogue: Catalogue, _release: ReleaseFacts
) -> Iterator[tuple[str, bytes]]:
    """The changes up to the newest vintage of any table: (path in the release, bytes)."""
    newest = max((year for cube in only_safe(cubes) for year in cube.vintages), default=0)
    text = json.dumps(correspondence(newest), ensure_ascii=False, indent=1)
    yield FILE, f"{text}\n".encode()


def correspondence(newest: int) -> dict[str, Any]:
    """The changes up to a year, by year and former code.

    ``sameArea`` tells that the former series can be shown as that of the new kommune.
    """
    return {
        "changes": [
            {
                "year": one.year,
                "from": one.former,
                "fromName": one.former_name,
                "to": one.new,
                "toName": one.new_name,
                "sameArea": one.same_area,
            }
            for one in regions.changes()
            if one.year <= newest
        ]
    }
