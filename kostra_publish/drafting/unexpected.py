"""What is told of an error that nobody has foreseen."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

from kostra_publish.drafts import Wrong


def unexpected(error: Exception) -> Wrong:
    """Where it happened, and of what kind it is: its own words may hold a value of a person."""
    frame = extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    return Wrong(
        f"what makes drafts stopped in {place} ({type(error).__name__})",
        fix="This is a defect in kostra-publish: report it. Start the preview again.",
    )
