"""Which texts with digits may stand in a published file.

A text is *accounted for* when its digits stand in words that the table specs or templates
have, in the names and codes of regions, or are of the few kinds that the program itself
writes: years, days of publication, rounds, how many cells a table has, and the notes that
the specs give a pattern for. Nothing else may carry a digit, so that no figure can hide in a
note, a title or a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from kostra_publish.auditing.released import has_number
from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.problem import Integers
from kostra_publish.disclosure.safe import VintageFacts
from kostra_publish.releases.rounds import Schedule
from kostra_publish.specs.calendar import Calendar
from kostra_publish.specs.dimensions import BYDEL_REGION, KOMMUNE_REGION
from kostra_publish.specs.files import CALENDAR
from kostra_publish.specs.yaml_text import Tree, read

FIRST_YEAR: Final = 1990
_FORM: Final = "skjema"
_TEMPLATES: Final = frozenset({".j2", ".css"})
"""Files whose words account for texts; a program that a page loads is no such thing."""
_SPACES: Final = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
_BARE: Final = re.compile(r"[\W\d]*?\d+\W*")
_RUN: Final = re.compile(r"\d+")
_WORD: Final = re.compile(r"\w+")
_LETTERS: Final = 4
"""A phrase has at least so many letters: a number with a unit behind it is no phrase."""
_QUOTED: Final = re.compile(r'"([^"]*)"')
_ATTRIBUTE: Final = re.compile(r'([\w-]+)="([^"{}]*)"')
_BRACES: Final = re.compile(r"\{(\w+)\}")
_DATED: Final = re.compile(r"^\d{4}(, \d{4})*: ")
_YEAR: Final = re.compile(r"(?<![\w.,])\d{4}(?!\w|[.,]\d)")
_CODED: Final = re.compile(r"([^()]+) \((\w+)\)")
_NUMBER: Final = re.compile(rf"(?<![\d.,])(?:\d{{1,3}}(?:[{_SPACES}.,]\d{{3}})+|\d{{4,}})(?![\d])")
_CELLS: Final = re.compile(rf"(?<![\d.,])\d{{1,3}}(?:[{_SPACES}]\d{{3}})* (?:celler|cells)\b")

_MONTHS: Final = (
    ("januar", "January"), ("februar", "February"), ("mars", "March"), ("april", "April"),
    ("mai", "May"), ("juni", "June"), ("juli", "July"), ("august", "August"),
    ("september", "September"), ("oktober", "October"), ("november", "November"),
    ("desember", "December"),
)  # fmt: skip
_WRITTEN: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"'sha256-[\w+/]{43}='",
        r"^2\.0$",
        r"^urn:ssb:classification:klass:1[03][13]$",
    )
)
_DATE: Final = re.compile(
    # A moment or a day, a day in words, a release, an hour.
    r"(?<!\w)\d{8} \d{2}:\d{2}(?!\w)|"
    r"(?<![\w-])\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}Z)?(?![\w-])"
    rf"|(?<!\w)\d{{1,2}}\.? (?:{'|'.join(name for names in _MONTHS for name in names)}) \d{{4}}\b"
    r"|(?<![\w-])\d{4}-\d{2}(?:-[a-z][a-z0-9]*)?(?:\.\d+(?!\d))?(?![\w-])"
    r"|(?<!\w)\d{2}:\d{2}(?!\w)"
)


class KnownTexts:
    """The texts that the specs, the templates and the lists of regions account for.

    ``cells`` are the numbers of cells that tables of the release have, ``last_year`` the last
    year that a text may name, ``calendar`` the one that the release was made with. What is
    carried on tells of an earlier one: ``vintages`` and ``next_updates`` are all that the tables
    of the release hold.
    """

    def __init__(
        self,
        specs: Path,
        templates: Path,
        *,
        cells: Iterable[int],
        last_year: int,
        calendar: Calendar,
        vintages: Iterable[VintageFacts] = (),
        next_updates: Iterable[datetime] = (),
    ) -> None:
        self.last_year = last_year
        self.calendar = calendar
        self._vintages = list(vintages)
        self._next_updates = list(next_updates)
        self.cells = frozenset(cells)
        found = {
            (keys, " ".join(scalar.split()))
            for content in _contents(specs, calendar)
            for keys, scalar in _scalars(content)
        }
        reasons = {
            (keys, words)
            for facts in self._vintages
            for one in facts.corrected
            for keys, words in _scalars(one.reason.model_dump())
        }
        scalars = {scalar for _, scalar in found | reasons}
        self._scalars = {written for scalar in scalars for written in _written(scalar)}
        self._forms = {scalar for keys, scalar in found if _FORM in keys}
        self._templates = {
            path.relative_to(templates).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(templates.rglob("*"))
            if path.suffix in _TEMPLATES
        }

    def accounts_for(self, text: str, *, is_code: bool = False) -> bool:
        """Whether every digit of a text is accounted for.

        A bare number is one of the specs' only where it stands as a code.
        """
        bare = _BARE.fullmatch(text) is not None
        if not has_number(text) or (text in self._whole and (is_code or not bare)):
            return True
        if not has_number(_YEAR.sub(self._years_gone, text)):
            return True
        rest = _DATED.sub(self._years_gone, text)
        if any(self._fits(pattern, rest) for pattern in self._patterns):
            return True
        for phrase in self._phrases_in(rest):
            rest = rest.replace(phrase, " ")
        for written in _WRITTEN:
            rest = written.sub(" ", rest)
        rest = _DATE.sub(self._dates_gone, rest)
        rest = _YEAR.sub(self._years_gone, rest)
        rest = _CELLS.sub(self._cells_gone, rest)
        rest = _WORD.sub(self._code_gone, rest)
        return not has_number(rest)

    # --- what the program writes by itself ------------------------------------------------

    def _years_gone(self, match: re.Match[str]) -> str:
        years = [int(year) for year in _RUN.findall(match[0])]
        return " " if all(FIRST_YEAR <= year <= self.last_year for year in years) else match[0]

    def _dates_gone(self, match: re.Match[str]) -> str:
        return " " if match[0] in self._dates else match[0]

    @cached_property
    def _dates(self) -> frozenset[str]:
        """Days and releases, of the calendar and of what is carried on, as they are written."""
        first, last = (datetime(year, 1, 1, tzinfo=UTC) for year in (2000, self.last_year + 2))
        planned = Schedule(self.calendar).between(first, last)
        zone = ZoneInfo(self.calendar.time_zone)
        moments = [
            *(one.updated for one in planned),
            *(facts.published for facts in self._vintages),
            *self._next_updates,
        ]
        days = {
            *(moment.astimezone(zone).date() for moment in moments),
            *(day for facts in self._vintages if (day := facts.final_day)),
            *(one.day for facts in self._vintages for one in facts.corrected),
        }
        releases = {
            *(one.name for one in planned),
            *(facts.round for facts in self._vintages),
            *(name for facts in self._vintages if (name := facts.replaces)),
        }
        hours = {f"{moment.astimezone(zone):%Y%m%d %H:%M}" for moment in moments}
        found = {f"{self.calendar.hour:%H:%M}", *hours, *releases}
        found |= {moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in moments}
        for day in days:
            names = _MONTHS[day.month - 1]
            found.add(day.isoformat())
            found |= {f"{day.day}{dot} {name} {day.year}" for name in names for dot in ("", ".")}
        return frozenset(found)

    def _cells_gone(self, match: re.Match[str]) -> str:
        return " " if _value(match[0]) in self.cells else match[0]

    def _code_gone(self, match: re.Match[str]) -> str:
        return " " if match[0] in self._codes else match[0]

    @cached_property
    def _codes(self) -> frozenset[str]:
        """Codes that may stand anywhere as a word: those with letters, and numbers of tables."""
        return frozenset(
            word
            for scalar in self._scalars
            for word in _WORD.findall(scalar)
            if has_number(word) and (_worded(word) or re.fullmatch(r"\d{5}", scalar))
        )

    # --- words of specs, templates and regions --------------------------------------------

    @cached_property
    def _whole(self) -> frozenset[str]:
        """Texts that are known as they stand, codes that are only numbers too."""
        of_templates = {
            text
            for template in self._templates.values()
            for text in (
                " ".join(re.split(r"[ \t\r\n]+", template.strip())),
                *(f"{name} {value}" for name, value in _ATTRIBUTE.findall(template)),
            )
        }
        variables = {KOMMUNE_REGION, BYDEL_REGION}
        return frozenset({*self._scalars, *_region_codes(), *variables, *of_templates})

    @cached_property
    def _phrases(self) -> Mapping[str, Sequence[str]]:
        """Words that carry digits, by each run of digits in them."""
        quoted = (found for text in self._templates.values() for found in _QUOTED.findall(text))
        found: dict[str, list[str]] = {}
        for phrase in {*self._scalars, *quoted, *self._regions}:
            if (_worded(phrase) or _CODED.fullmatch(phrase)) and "{" not in phrase:
                for run in set(_RUN.findall(phrase)):
                    found.setdefault(run, []).append(phrase)
        return found

    def _phrases_in(self, text: str) -> list[str]:
        """The known phrases that a text may hold, the longest first."""
        runs = set(_RUN.findall(text))
        found = {phrase for run in runs for phrase in self._phrases.get(run, ()) if phrase in text}
        return sorted(found, key=len, reverse=True)

    @cached_property
    def _regions(self) -> frozenset[str]:
        """Regions as notes and labels name them: ``Moss (3103)``, ``KOSTRA-gruppe 13``."""
        groups = [scalar for scalar in self._scalars if scalar.casefold().startswith("kostra")]
        numbered = {f"{word} {number}" for word in groups for number in range(1, 18)}
        return frozenset({*_named_regions(), *numbered})

    # --- notes that are filled in ----------------------------------------------------------

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        return [
            re.compile(
                "".join(
                    f"(?P<{part}>.+)" if number % 2 else re.escape(part)
                    for number, part in enumerate(_BRACES.split(scalar))
                )
            )
            for scalar in sorted(self._scalars)
            if (places := _BRACES.findall(scalar))
            and len(set(places)) == len(places)
            and self._filling.keys() >= set(places)
        ]

    def _fits(self, pattern: re.Pattern[str], text: str) -> bool:
        match = pattern.fullmatch(text)
        return match is not None and all(
            self._filling[name](value) for name, value in match.groupdict().items()
        )

    @cached_property
    def _filling(self) -> Mapping[str, Callable[[str], bool]]:
        """What may be filled in, by the name of the place."""
        return {
            "skjema": self._forms.__contains__,
            "vintage": lambda text: bool(_YEAR.fullmatch(text)) and not self._leftover_year(text),
            "regions": lambda text: all(one in self._regions for one in text.split(", ")),
            "count": lambda text: bool(re.fullmatch(r"\d{1,3}", text)),
            "share": _is_share,
            "shares": self._are_shares,
        }

    def _are_shares(self, text: str) -> bool:
        """Whether a text is regions by name and code, each with a per cent."""
        parts = [part.rpartition(" ") for part in text.split(", ")]
        return all(
            _is_share(share) and (match := _CODED.fullmatch(region)) and _is_larger(*match.groups())
            for region, _, share in parts
        )

    def _leftover_year(self, text: str) -> bool:
        return not FIRST_YEAR <= int(text) <= self.last_year


def _written(scalar: str) -> Iterator[str]:
    """A scalar as it stands in files; in some no quotation mark can stand, and no ``#``."""
    yield scalar
    yield scalar.replace('"', "'").replace("#", "\N{FULLWIDTH NUMBER SIGN}")


def _contents(specs: Path, calendar: Calendar) -> Iterator[Tree]:
    """What the specs say, and the calendar as it was."""
    for path in sorted(specs.rglob("*.yaml")):
        if path != specs / CALENDAR:
            yield read(path).content
    yield calendar.model_dump(mode="json")


@cache
def _larger_regions() -> frozenset[str]:
    """Codes of fylker, KOSTRA groups and the country."""
    years = range(codes.FIRST_YEAR, codes.LAST_YEAR + 1)
    members = [codes.members(year) for year in years]
    return frozenset(
        region
        for of in members
        for region, kind in of["region", "kind"].iter_rows()
        if kind != "kommune"
    )


def _is_larger(name: str, code: str) -> bool:
    """Whether a name and a code are those of a larger region; a number in the name is its own."""
    own = code.removeprefix("EKG").lstrip("0")
    is_own = not has_number(name) or name.endswith(f" {own}")
    return code in _larger_regions() and is_own


def _is_share(text: str) -> bool:
    return re.fullmatch(r"\d{1,2}[.,]\d", text) is not None


def _worded(phrase: str) -> bool:
    return sum(map(str.isalpha, phrase)) >= _LETTERS


def _scalars(tree: Tree, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every scalar and every key of a document, with the keys that it stands under."""
    if isinstance(tree, str):
        yield keys, tree
    elif isinstance(tree, list):
        for part in tree:
            yield from _scalars(part, keys)
    elif isinstance(tree, dict):
        for name, part in tree.items():
            yield (), name
            yield from _scalars(part, (*keys, name))


def _region_codes() -> set[str]:
    return {code for code, _ in every_region()}


def _named_regions() -> set[str]:
    """``name (code)`` of every region of any year, and its name alone where it has digits.

    A region with names in several languages may be called by one of them.
    """
    named = {
        f"{one} ({code})" for code, name in every_region() for one in {name, *name.split(" - ")}
    }
    return named | {name for _, name in every_region() if has_number(name)}


@cache
def every_region() -> frozenset[tuple[str, str]]:
    """The code and name of every region of any year."""
    years = range(codes.FIRST_YEAR, codes.LAST_YEAR + 1)
    kommuner = {
        row for year in years for row in codes.kommuner(year)["kommune", "navn"].iter_rows()
    }
    fylker = {
        (f"EKA{code}", name) for year in years for code, name in codes.fylker(year).iter_rows()
    }
    groups = {(code, code) for code in codes.kostragrupper()["kostragruppe"]}
    return frozenset(kommuner | fylker | groups | set(codes.bydeler().iter_rows()))


# --- hidden numbers ------------------------------------------------------------------------


def hidden_numbers(values: Integers, known: Sequence[int]) -> frozenset[int]:
    """Hidden figures of four digits or more that cannot be taken for anything else.

    ``known`` are numbers that stand in files anyway, such as years and codes of regions.
    """
    ordinary = {*known, *(int(code) for code in _region_codes() if code.isdigit())}
    return frozenset(np.unique(values[values >= 1000]).tolist()) - ordinary


def numbers(text: str) -> Iterator[int]:
    """Numbers of four digits or more in a text, with or without signs between thousands."""
    for match in _NUMBER.finditer(text):
        yield _value(match[0])


def _value(number: str) -> int:
    return int("".join(_RUN.findall(number)))
