"""The files that a table is published in: one list, for all that tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from kostra_publish.outputs import csv_table, jsonstat, parquet, px, xlsx
from kostra_publish.specs.models import LANGUAGES, Language

TOP: Final = "public/statbank"
"""The folder that paths of distributions begin in."""

_FILE_TYPE: Final = "http://publications.europa.eu/resource/authority/file-type/"


@dataclass(frozen=True)
class Form:
    """A form that tables are written in."""

    name: str
    """What readers call it."""
    media_type: str
    """Its media type."""
    file_type: str
    """Its address in the file types of the EU, which catalogues use; those have none for PX."""
    standard: str | None = None
    """Where the form is laid down."""


JSON_STAT: Final = Form(
    "JSON-stat", "application/json", f"{_FILE_TYPE}JSON", "https://json-stat.org/full/"
)
CSV: Final = Form(
    "CSV", "text/csv", f"{_FILE_TYPE}CSV", "https://www.w3.org/TR/tabular-data-model/"
)
PX: Final = Form("PX", "application/octet-stream", f"{_FILE_TYPE}OCTET")
XLSX: Final = Form(
    "XLSX",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    f"{_FILE_TYPE}XLSX",
)
PARQUET: Final = Form("Parquet", "application/vnd.apache.parquet", f"{_FILE_TYPE}PARQUET")


@dataclass(frozen=True)
class Distribution:
    """A file with all figures of a table."""

    form: Form
    path: str
    """Where it is, from ``TOP``."""
    language: Language | None = None
    """The language of its words; None: it has all of them."""

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages of its words."""
        return LANGUAGES if self.language is None else (self.language,)

    @property
    def title(self) -> str:
        """Form and language."""
        return f"{self.form.name} ({', '.join(self.languages)})"


def distributions(table_id: str) -> list[Distribution]:
    """The files of a table. CSV and workbooks have names in bokmål beside their figures."""
    json, csv, px_files, workbooks, parquet_files = map(_from_top, _FOLDERS)
    return [
        *(
            Distribution(JSON_STAT, f"{json}/{jsonstat.file_name(table_id, each)}", each)
            for each in LANGUAGES
        ),
        Distribution(CSV, f"{csv}/{csv_table.file_name(table_id)}", "nb"),
        Distribution(PX, f"{px_files}/{px.file_name(table_id)}"),
        *(
            Distribution(PX, f"{px_files}/{px.file_name(table_id, each)}", each)
            for each in LANGUAGES
        ),
        Distribution(XLSX, f"{workbooks}/{xlsx.file_name(table_id)}", "nb"),
        Distribution(PARQUET, f"{parquet_files}/{parquet.file_name(table_id)}"),
    ]


_FOLDERS: Final = (
    jsonstat.FOLDER, csv_table.FOLDER, px.FOLDER, xlsx.FOLDER, parquet.FOLDER,
)  # fmt: skip


def _from_top(folder: str) -> str:
    return PurePosixPath(folder).relative_to(TOP).as_posix()
