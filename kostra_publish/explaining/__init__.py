"""Why a figure is hidden, missing or as it is, in words; never with a value.

Answers come from safe cubes and from what their release was protected as, held in memory
(``Explainer``) or read from the release (``why``): neither microdata nor true cubes.
"""

from kostra_publish.explaining.explainer import Explainer
from kostra_publish.explaining.release import Asked, why
from kostra_publish.explaining.told import (
    Chain,
    Explained,
    Explanation,
    Kind,
    Line,
    Link,
)

__all__ = [
    "Asked",
    "Chain",
    "Explained",
    "Explainer",
    "Explanation",
    "Kind",
    "Line",
    "Link",
    "why",
]
