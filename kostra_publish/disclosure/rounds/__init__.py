"""Between rounds: what an earlier release of the same vintage gives away beside this one.

The earlier release is out and cannot be changed. Its figures join the disclosure problem as
known; where nothing has changed they are figures of this release too, so that the pattern
stays as it was. Where something has, the earlier numbers are numbers of their own, and what
differs between the two rounds must not be found when it rests on too few. See ``matching``
for which numbers are the same, ``differences`` for what differs, ``joining`` for the whole.
"""

from kostra_publish.disclosure.rounds.joining import Joined, alone, joined

__all__ = ["Joined", "alone", "joined"]
