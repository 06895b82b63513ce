"""The formats there are. A new one is a module and one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.correspondence import write_correspondence
from kostra_publish.outputs.csv_table import write_csv
from kostra_publish.outputs.jsonstat import write_jsonstat
from kostra_publish.outputs.parquet import write_parquet
from kostra_publish.outputs.px import write_px
from kostra_publish.releases.rounds import ReleaseFacts
from kostra_publish.specs.catalogue import Catalogue

Format = Callable[[Sequence[SafeCube], Catalogue, ReleaseFacts], Iterator[tuple[str, bytes]]]
"""From safe cubes to files: (path in the release, bytes)."""

FORMATS: Final[Mapping[str, Format]] = {
    "jsonstat": write_jsonstat,
    "correspondence": write_correspondence,
    "csv": write_csv,
    "px": write_px,
    "parquet": write_parquet,
}
