"""What the files of a package are called, and what can be looked up in it."""

from __future__ import annotations

from typing import Final

from kostra_publish.disclosure.safe import MISSING, NOT_APPLICABLE, SUPPRESSED
from kostra_publish.nav.package import Column, HandedOver, Package
from kostra_publish.specs.delivery import RecordSet, Variable

CODEBOOK: Final = "kodebok.html"
LETTER: Final = "folgebrev.html"
LETTER_PDF: Final = "folgebrev.pdf"
RECONCILIATION: Final = "avstemming.csv"
ANONYMISATION: Final = "anonymisering.json"
DESCRIPTOR: Final = "datapackage.json"

SIGNS: Final = {
    NOT_APPLICABLE: "sign_not_applicable",
    MISSING: "sign_missing",
    SUPPRESSED: "sign_suppressed",
}
"""By sign of the statbank: the word that says what it means."""
REGION: Final = "region"
"""The column that a region ladder generalises."""


def stem(package: Package, dataset: HandedOver) -> str:
    """What the files of a dataset are called before the point: ``tilfeller_p2025_v2``."""
    return f"{dataset.id}_p{package.year}_v{package.version}"


def changes_file(package: Package) -> str | None:
    """The file with what has changed; None where there is no package before."""
    if package.changes is None or package.previous is None:
        return None
    return f"endringer_v{package.previous.rpartition('_v')[2]}_v{package.version}.csv"


def record_set(package: Package, dataset: HandedOver) -> RecordSet | None:
    """What the delivery says of a dataset of rows; None for one of cells."""
    for one in package.delivery.datasets:
        if isinstance(one, RecordSet) and one.id == dataset.id:
            return one
    return None


def variable(records: RecordSet | None, column: Column) -> Variable | None:
    """How a column may be generalised; None where it is not."""
    every = records.variables if records else []
    return next((one for one in every if one.name == column.name), None)


def is_sign(column: Column) -> bool:
    """Whether a column holds the signs of the statbank."""
    return column.kind == "code" and bool(column.codes) and {*column.codes} <= {*SIGNS}
