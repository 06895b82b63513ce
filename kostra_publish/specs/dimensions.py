"""A cube's dimensions: codes and names in order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal, Self

from kostra_publish.specs.models import Text

Role = Literal["geo", "classification", "metric", "time"]

CONTENTS = "ContentsCode"
TIME = "Tid"
KOMMUNE_REGION = "KOKkommuneregion0000"
BYDEL_REGION = "KOKbydelsregion0000"


@dataclass(frozen=True)
class CubeDimension:
    """One dimension of a cube: its code, its name, and its categories in order."""

    code: str
    role: Role
    label: Text
    codes: tuple[str, ...]
    labels: tuple[Text, ...]
    total: str | None = None
    """The category that is the sum of the others, where there is one."""
    provisional: bool = False
    """Whether the dimension's official code could not be confirmed."""

    def __post_init__(self) -> None:
        """Refuse categories that are not one code and one name each."""
        if len(self.codes) != len(self.labels) or len(set(self.codes)) != len(self.codes):
            msg = f"dimension {self.code}: codes and labels must be unique and of equal number"
            raise ValueError(msg)

    def only(self, codes: Collection[str]) -> Self:
        """The dimension with these of its categories alone, in its own order.

        Raises ValueError for a code that it does not have.
        """
        if unknown := set(codes).difference(self.codes):
            msg = f"dimension {self.code} has no {', '.join(sorted(unknown))}"
            raise ValueError(msg)
        wanted = set(codes)
        pairs = zip(self.codes, self.labels, strict=True)
        kept = [pair for pair in pairs if pair[0] in wanted]
        return replace(
            self,
            codes=tuple(code for code, _ in kept),
            labels=tuple(label for _, label in kept),
            total=self.total if self.total in wanted else None,
        )
