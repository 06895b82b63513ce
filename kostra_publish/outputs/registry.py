"""The formats there are. A new one is a module and one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.correspondence import write_correspondence
from kostra_publish.outputs.csv_table import write_csv
from kostra_publish.outputs.deltabell import write_deltabell
from kostra_publish.outputs.jsonstat import write_jsonstat
from kostra_publish.outputs.metadata.changes import write_changes
from kostra_publish.outputs.metadata.csvw import write_csvw
from kostra_publish.outputs.metadata.datadoc import write_datadoc
from kostra_publish.outputs.metadata.datapackage import write_datapackage
from kostra_publish.outputs.metadata.dcat import write_dcat
from kostra_publish.outputs.metadata.feed import write_feed
from kostra_publish.outputs.parquet import write_parquet
from kostra_publish.outputs.px import write_px
from kostra_publish.outputs.xlsx import write_xlsx
from kostra_publish.releases.rounds import ReleaseFacts
from kostra_publish.specs.catalogue import Catalogue

Format = Callable[[Sequence[SafeCube], Catalogue, ReleaseFacts], Iterator[tuple[str, bytes]]]
"""From safe cubes to files: (path in the release, bytes)."""

FORMATS: Final[Mapping[str, Format]] = {
    "jsonstat": write_jsonstat,
    "csv": write_csv,
    "px": write_px,
    "xlsx": write_xlsx,
    "parquet": write_parquet,
    "deltabell": write_deltabell,
    "correspondence": write_correspondence,
    "csvw": write_csvw,
    "datapackage": write_datapackage,
    "datadoc": write_datadoc,
    "dcat": write_dcat,
    "changes": write_changes,
    "feed": write_feed,
}
