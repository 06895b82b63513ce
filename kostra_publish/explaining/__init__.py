"""Why a figure is hidden, missing or as it is, in words; never with a value.

Answers come from safe cubes and from what their release was protected as, held in memory
(``explainer``) or read from the release (``release``): neither microdata nor true cubes. What is
told (here) takes neither to pass on or to show.
"""

from kostra_publish.explaining.told import (
    Chain,
    Explained,
    Explanation,
    Kind,
    Line,
    Link,
)

__all__ = [
    "Chain",
    "Explained",
    "Explanation",
    "Kind",
    "Line",
    "Link",
]
