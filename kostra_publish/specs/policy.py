"""What hiding a figure costs, so that disclosure control hides the least useful ones."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kostra_publish.specs.models import Model, RegionKind

Weight = Annotated[float, Field(gt=0)]

_REGIONS: dict[RegionKind, float] = {
    "kommune": 1,
    "bydel": 1,
    "bydeler": 3,
    "fylke": 10,
    "kostragruppe": 10,
    "land_uten_oslo": 30,
    "land": 100,
}


class Cost(Model):
    """What hiding a figure costs: a weight for each of its traits, multiplied."""

    regions: dict[RegionKind, Weight] = Field(default_factory=lambda: dict(_REGIONS))
    """By kind of region; 1 where a kind is left out."""
    key_figure: Weight = 3
    """For what is shown on the key-figure pages."""
    total: Weight = 3
    """For all persons, with no condition on them."""
    persons: Literal["linear", "log"] = "linear"
    """How the cost grows with the number of persons behind the figure."""


class Policy(Model):
    """The file `shared/disclosure.yaml`."""

    cost: Cost = Cost()
    """What hiding a figure costs."""
