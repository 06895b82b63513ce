"""Every format is there, and what a release has of a table is told to readers."""

from __future__ import annotations

from kostra_publish.outputs.registry import FORMATS


def test_no_format_is_lost() -> None:
    assert [*FORMATS] == [
        "jsonstat",
        "csv",
        "px",
        "xlsx",
        "parquet",
        "deltabell",
        "correspondence",
        "csvw",
        "datapackage",
        "datadoc",
        "dcat",
        "changes",
        "feed",
    ]
