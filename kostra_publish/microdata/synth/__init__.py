"""A synthetic årgang that looks like Norway: every dataset a round reads, no real person.

The totals and distributions are those that were published (``data/``, each with its source
or marked as an assumption); every single record is drawn. :func:`write` is the way in.
"""

from kostra_publish.microdata.synth.delivery import write

__all__ = ["write"]
