"""Stages of a publication that nobody listens to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kostra_publish.making import Say


class Unheard:
    """Takes what a stage says."""

    def __call__(self, text: str) -> None:
        """What was found."""

    def progress(self, done: int, of: int) -> None:
        """How much is done."""


@contextmanager
def silent(_name: str) -> Iterator[Say]:
    yield Unheard()
