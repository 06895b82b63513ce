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


class Intervals(Model):
    """What must stay open about a hidden small figure of persons, beside its value."""

    width: Annotated[int, Field(ge=1, le=3)] = 1
    """How far apart its least and its greatest possible value are, at least."""
    could_be_shown: bool = False
    """Whether it must be possible that it is not small at all."""


class Policy(Model):
    """The file `shared/disclosure.yaml`."""

    cost: Cost = Cost()
    """What hiding a figure costs."""
    intervals: Intervals = Intervals()
    """What must stay open about a hidden small figure, in problems that are attacked in full."""
