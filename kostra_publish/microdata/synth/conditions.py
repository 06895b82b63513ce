"""Vilkår, exceptions for those under 30, and sanctions, as columns of skjema 11."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from kostra_publish.microdata.layouts import layout
from kostra_publish.microdata.synth.columns import date_or_null, ticked, yes_no
from kostra_publish.microdata.synth.identity import Dates
from kostra_publish.microdata.synth.targets import Flags, Ints

_MEETING = "VILKARSAMT"

# Of those with vilkår, the assumed share with each kind, and the kind's code.
_KINDS = {
    "VILKARARBEID": ("16", 0.25),
    "VILKARKURS": ("17", 0.22),
    "VILKARUTD": ("04", 0.06),
    "VILKARJOBBLOG": ("06", 0.42),
    "VILKARJOBBTILB": ("07", 0.08),
    _MEETING: ("08", 0.45),
    "VILKAROKRETT": ("10", 0.16),
    "VILKARLIVSH": ("18", 0.14),
    "VILKARHELSE": ("14", 0.12),
    "VILKARANNET": ("15", 0.12),
    "VILKARDIGPLAN": ("19", 0.18),
    "VILKARNORSKSAMISKOPPL": ("20", 0.13),
}
_EXCEPTIONS = {"VEDTAKARB": "01", "VEDTAKAKT": "02", "VEDTAKHELSE": "03", "VEDTAKGRUNN": "04"}
_EXCEPTION_PARTS = (0.15, 0.35, 0.40, 0.10)
_SANCTIONS = {"SANKSJONRED": ("01", 0.08), "SANKSJONANDRE": ("02", 0.03)}

_UNDER_30 = 30
_SHARE_UNDER_30 = 0.45
_SHARE_OTHERS = 0.26
_SHARE_SPOUSE = 0.10
_EXCEPTION_SHARE = 0.5
_LONGEST_DECISION = 120


@dataclass(frozen=True)
class Situation:
    """What vilkår depend on, by row: age, whether there is a spouse, months with support."""

    vintage: int
    age: Ints
    couple: Flags
    months: Flags


def condition_columns(rows: Situation, rng: np.random.Generator) -> dict[str, pl.Series]:
    """The columns from VILKARSOSLOV to SANKSJONANDRE.

    Rules 041-043: with vilkår for the person or the spouse there are a decision date, a
    to-date and at least one kind.
    """
    count = len(rows.age)
    young = rows.age < _UNDER_30
    own = rng.random(count) < np.where(young, _SHARE_UNDER_30, _SHARE_OTHERS)
    spouse = rows.couple & (rng.random(count) < _SHARE_SPOUSE)
    either = own | spouse
    decided = _first_day(rows, rng)
    until = decided + rng.integers(14, _LONGEST_DECISION, count)
    exempt = young & ~own & (rng.random(count) < _EXCEPTION_SHARE)
    columns = {
        "VILKARSOSLOV": yes_no(own),
        "VILKARSAMEKT": yes_no(spouse),
        "UTBETDATO": date_or_null(decided, either),
        "UTBETTOMDATO": date_or_null(until, either),
        "VEDTAKDATO": date_or_null(decided, exempt),
    }
    columns |= _kinds(either, rows.vintage, rng)
    reason = rng.choice(len(_EXCEPTION_PARTS), count, p=_EXCEPTION_PARTS)
    for position, (name, code) in enumerate(_EXCEPTIONS.items()):
        columns[name] = ticked(code, exempt & (reason == position))
    for name, (code, share) in _SANCTIONS.items():
        columns[name] = ticked(code, own & (rng.random(count) < share))
    return columns


def _kinds(either: Flags, vintage: int, rng: np.random.Generator) -> dict[str, pl.Series]:
    """The kinds that the form of the year knows; a meeting where no other kind was set."""
    known = {field.name for field in layout("11F", vintage)}
    flags = {
        name: either & (rng.random(len(either)) < share)
        for name, (_, share) in _KINDS.items()
        if name in known
    }
    flags[_MEETING] |= either & ~np.any(list(flags.values()), axis=0)
    return {name: ticked(_KINDS[name][0], where) for name, where in flags.items()}


def _first_day(rows: Situation, rng: np.random.Generator) -> Dates:
    """A day in the first month with support."""
    first = rows.months.argmax(axis=1)
    start = np.datetime64(f"{rows.vintage}-01", "M") + first
    return np.asarray(start.astype("datetime64[D]") + rng.integers(0, 28, len(first)))
