"""What a release keeps of a cube beside its cells: ``internal/cubes/<table>.json``."""

from __future__ import annotations

from typing import Final, Self

from kostra_publish.disclosure.safe import SafeCube, VintageFacts
from kostra_publish.specs.dimensions import CubeDimension, Role
from kostra_publish.specs.models import Model, Text

FOLDER: Final = "internal/cubes"
"""Where a release keeps its cubes."""


class StoredDimension(Model):
    """A dimension, as kept on disk."""

    code: str
    role: Role
    label: Text
    codes: tuple[str, ...]
    labels: tuple[Text, ...]
    total: str | None
    provisional: bool


class StoredCube(Model):
    """All of a safe cube but its cells, as kept on disk."""

    table: str
    dimensions: tuple[StoredDimension, ...]
    vintages: tuple[VintageFacts, ...]

    @classmethod
    def of(cls, cube: SafeCube) -> Self:
        """What is kept of a cube."""
        return cls(
            table=cube.table.id,
            dimensions=tuple(_described(dimension) for dimension in cube.dimensions),
            vintages=tuple(cube.vintages.values()),
        )


def _described(dimension: CubeDimension) -> StoredDimension:
    return StoredDimension(
        code=dimension.code,
        role=dimension.role,
        label=dimension.label,
        codes=dimension.codes,
        labels=dimension.labels,
        total=dimension.total,
        provisional=dimension.provisional,
    )
