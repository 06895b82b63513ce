"""What can go wrong, in the user's words; each kind with its own exit code.

A message names the file, the place in it, the rule and the way out. It never
holds a value from microdata.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from functools import partial

_DIGITS = 20
"""As many as a number is filled up to with zeros, where texts are put in order."""


@dataclass(frozen=True)
class Finding:
    """One line of a report on a file: where, which rule, and what to do.

    ``where`` is a place a person can go to: ``line 7``, ``row 12, position 48``,
    ``5 rows, first 3, 8, 12``. ``field`` is a column or a key, or empty. Findings sort by
    file, place and rule, numbers in them as numbers: row 11 before row 101.
    """

    file: str
    where: str
    field: str
    rule: str
    fix: str

    def __lt__(self, other: Finding) -> bool:
        return self._order < other._order

    @property
    def _order(self) -> list[str]:
        return [
            re.sub(r"\d+", lambda number: number[0].zfill(_DIGITS), text) for text in astuple(self)
        ]

    def __str__(self) -> str:
        place = ", ".join(part for part in (self.where, self.field) if part)
        return ": ".join(part for part in (self.file, place, f"{self.rule}. {self.fix}") if part)


class PublishError(Exception):
    """Something the user can mend; printed without a traceback."""

    exit_code = 1

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}\n{self.fix}" if self.fix else self.message


class UsageError(PublishError):
    """The command's own words are off: an unknown round, table or option value."""

    exit_code = 2


class FindingsError(PublishError):
    """Several findings, reported together."""

    subject = "the input"

    def __init__(self, findings: Sequence[Finding], *, fix: str = "") -> None:
        self.findings = tuple(sorted(findings))
        count = len(self.findings)
        noun = "problem" if count == 1 else "problems"
        lines = "\n".join(str(finding) for finding in self.findings)
        super().__init__(f"{count} {noun} in {self.subject}:\n{lines}", fix=fix)

    def __reduce__(self) -> tuple[object, ...]:
        """As it was made, so that it can come from another process."""
        return partial(type(self), fix=self.fix), (self.findings,)


class SpecError(FindingsError):
    """A table spec or a shared list does not hold together."""

    exit_code = 3
    subject = "the table specs"


class TemplateError(FindingsError):
    """A template does not hold together."""

    exit_code = 3
    subject = "the templates"


class DataError(FindingsError):
    """An input file breaks its contract."""

    exit_code = 4
    subject = "the data"


class LoadFileError(FindingsError):
    """A load file does not fit the description of its table, or that does not read."""

    exit_code = 4
    subject = "what is to be loaded"


class MissingDataError(FindingsError):
    """A dataset that the round needs is not there, or not yet at the round's date.

    Other findings on the data may stand beside those.
    """

    exit_code = 5
    subject = "the data"


class DisclosureError(PublishError):
    """A guarantee of disclosure control does not hold; nothing may be released."""

    exit_code = 6


class LeakError(DisclosureError):
    """The files of a release give something away, or are not what they should be."""

    exit_code = 8

    def __init__(self, leaks: Sequence[str], *, fix: str) -> None:
        self.leaks = tuple(leaks)
        noun = "violation" if len(leaks) == 1 else "violations"
        super().__init__("\n".join([f"{len(leaks)} {noun}:", *leaks]), fix=fix)


class ReleaseError(PublishError):
    """The release cannot be written, read or trusted."""

    exit_code = 7


class PackageError(FindingsError):
    """A package that is handed over is not what was sealed, or cannot be trusted."""

    exit_code = 7
    subject = "the package"


class ReceiptError(PackageError):
    """A receipt does not read, or is not for a package that was sealed."""

    subject = "the receipt"


@contextmanager
def written(what: str, *, fix: str) -> Iterator[None]:
    """Turn what the system says of a file that cannot be written into a ReleaseError.

    ``what`` is what could not be done, such as ``cannot write in data/``.
    """
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ReleaseError(f"{what}: {reason}", fix=fix) from error
