"""Load files for the statbank, held against the statbank's own description of their table."""

from kostra_publish.loading.validation import Validated, validate

__all__ = ["Validated", "validate"]
