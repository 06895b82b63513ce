"""What each dataset must hold in each year: columns, rules on a row, and keys.

A contract is built once from plain declarations: the record layouts for skjema 11 and 11C,
the lists below for the rest. A row rule is a named boolean expression in a dataframely
schema, beside the words that tell a person what is wrong and what to do. Keys are not
dataframely rules, since its primary keys hold all rows in memory: they are counted, as
rows less distinct hashes, in the same pass as the query that uses the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from functools import cache, cached_property, reduce
from operator import or_
from types import MappingProxyType
from typing import Any

import dataframely as dy
import polars as pl

from kostra_publish.codes import regions
from kostra_publish.errors import UsageError
from kostra_publish.microdata import layouts
from kostra_publish.microdata.persons import PERSON, with_persons

ROW = "row_number"
"""The column that holds a row's number (1 = first) while a file is being diagnosed."""

KOMMUNE_UNKNOWN = "kommune_unknown"
KOMMUNE_NOT_IN_YEAR = "kommune_not_in_year"
UNKNOWN_KOMMUNE = "9999"

SYNTHETIC = "SYNTETISK"
"""What SAKSBEHANDLER says in every record of synthetic data of skjema 11 and 11C."""

_BYDEL_CODES = tuple(f"{number:02d}" for number in range(1, 16))
_BYDEL_REST = "99"
_FEW_CODES = 6
_YES_NO = MappingProxyType({"1": "Ja", "0": "Nei"})
_YES_NO_FORM = MappingProxyType({"1": "Ja", "2": "Nei"})

_DATAFRAMELY_TYPES: Mapping[Any, Callable[..., dy.Column]] = {
    pl.String: dy.String,
    pl.Int32: dy.Int32,
    pl.Int64: dy.Int64,
    pl.Float64: dy.Float64,
    pl.Date: dy.Date,
}


@dataclass(frozen=True)
class Column:
    """One column: its type, whether it must be filled, and what it may hold.

    ``size`` is the most characters (text) or digits (whole numbers) allowed, 0 = no limit.
    ``pattern`` is a regular expression that the whole text must match.
    """

    name: str
    dtype: type[pl.DataType]
    mandatory: bool = False
    codes: Mapping[str, str] = attribute(default_factory=dict)
    size: int = 0
    pattern: str = ""


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule on one row: ``valid`` is true (or null) where the row keeps it.

    ``built_in`` rules are those that dataframely makes itself from a column's type.
    """

    name: str
    field: str
    valid: pl.Expr = attribute(repr=False)
    text: str
    fix: str
    built_in: bool = False


@dataclass(frozen=True, eq=False)
class Key:
    """What no two rows may share, where ``applies`` is true."""

    name: str
    field: str
    parts: tuple[pl.Expr, ...] = attribute(repr=False)
    text: str
    fix: str
    applies: pl.Expr = attribute(default_factory=lambda: pl.lit(value=True), repr=False)


@dataclass(frozen=True, eq=False)
class Contract:
    """The promise of one dataset in one year."""

    dataset: str
    year: int
    fields: tuple[Column, ...] = attribute(repr=False)
    rules: Mapping[str, Rule] = attribute(repr=False)
    keys: tuple[Key, ...] = attribute(repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in the order of the file."""
        return tuple(column.name for column in self.fields)

    @property
    def schema(self) -> pl.Schema:
        """The Polars type of each column."""
        return pl.Schema({column.name: column.dtype() for column in self.fields})

    @cached_property
    def row_schema(self) -> type[dy.Schema]:
        """The dataframely schema that a row must keep."""
        return _row_schema(self, {})

    @cached_property
    def numbered_schema(self) -> type[dy.Schema]:
        """The same with the row number carried along in ``row_number``, to say where."""
        return _row_schema(self, {ROW: dy.Int64()})

    def validated(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """``frame`` with the row rules built in: running it fails where a row breaks one.

        ``frame`` must have the contract's columns and types.
        """
        return self.row_schema.validate(frame)

    def kept(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """One row with a Boolean for each row rule: whether every row of ``frame`` keeps it.

        The same rules as in ``validated``, without the rows: each is reduced as it is
        worked out, and nothing is held or copied.
        """
        return frame.select(rule.valid.all().alias(rule.name) for rule in self.rules.values())

    def keyed(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """``frame`` with the columns that the keys are made of."""
        if self.dataset not in layouts.FORM_OF_DATASET:
            return frame
        return with_persons(frame, self.year, duf="PERSON_DUF" in self.columns)

    def key_surplus(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """One row with a number for each key: rows less distinct values; 0 = unique.

        Distinct hashes are counted, which takes a few bytes for each row. Two values may
        share a hash (chance about 10^-5 in 15 million rows), so a number above 0 is a reason
        to look closer, while 0 is certain.
        """
        hashes = [
            pl.when(key.applies).then(pl.struct(key.parts).hash()).alias(key.name)
            for key in self.keys
        ]
        surplus = [
            pl.col(key.name).count().cast(pl.Int64)
            - pl.col(key.name).drop_nulls().n_unique().cast(pl.Int64)
            for key in self.keys
        ]
        return self.keyed(frame).select(hashes).select(surplus)


def _constant(valid: pl.Expr) -> Callable[[Any], pl.Expr]:
    """``valid`` as dataframely wants a rule: a function of the schema."""
    return lambda _schema: valid


def _row_schema(contract: Contract, extra: Mapping[str, dy.Column]) -> type[dy.Schema]:
    members: dict[str, Any] = dict(extra)
    for column in contract.fields:
        make = _DATAFRAMELY_TYPES[column.dtype]
        members[column.name] = make(nullable=not column.mandatory)
    for rule in contract.rules.values():
        if not rule.built_in:
            members[rule.name] = dy.rule()(_constant(rule.valid))
    title = f"{contract.dataset}_{contract.year}"
    return type(title, (dy.Schema,), members)


# Rules on one column ---------------------------------------------------------------------


def _mandatory(column: Column) -> Rule:
    return Rule(
        name=f"{column.name}|nullability",
        field=column.name,
        valid=pl.col(column.name).is_not_null(),
        text="a mandatory field is missing",
        fix="Fill the field in every row",
        built_in=True,
    )


def _not_blank(column: Column) -> Rule:
    return Rule(
        name=f"{column.name}|blank",
        field=column.name,
        valid=pl.col(column.name).str.strip_chars_start().str.len_bytes() > 0,
        text="a mandatory field is blank",
        fix="Fill the field in every row",
    )


def _known_code(column: Column, year: int) -> Rule:
    codes = list(column.codes)
    value = pl.col(column.name)
    # Comparing with a few codes one by one is faster than a set look-up.
    few = len(codes) <= _FEW_CODES
    valid = reduce(or_, [value == code for code in codes]) if few else value.is_in(codes)
    listed = ", ".join(f"{code} {label}" if label else code for code, label in column.codes.items())
    return Rule(
        name=f"{column.name}|code",
        field=column.name,
        valid=valid,
        text=f"unknown code for {year}",
        fix=f"Valid in {year}: {listed}",
    )


def _not_too_long(column: Column) -> Rule:
    value = pl.col(column.name)
    if column.dtype == pl.String:
        valid, unit = value.str.len_chars() <= column.size, "characters"
    else:
        valid, unit = value < 10**column.size, "digits"
    return Rule(
        name=f"{column.name}|size",
        field=column.name,
        valid=valid,
        text=f"longer than {column.size} {unit}",
        fix="Give the field as the record layout describes it",
    )


def _matches(column: Column) -> Rule:
    return Rule(
        name=f"{column.name}|pattern",
        field=column.name,
        valid=pl.col(column.name).str.contains(f"^(?:{column.pattern})$"),
        text="not written as it should be",
        fix=f"It must match the pattern {column.pattern}",
    )


def _not_negative(column: Column) -> Rule:
    return Rule(
        name=f"{column.name}|negative",
        field=column.name,
        valid=pl.col(column.name) >= 0,
        text="a negative amount or count",
        fix="Amounts and counts are 0 or more",
    )


def _finite(column: Column) -> list[Rule]:
    fix = "Give a number, or leave the field empty"
    value = pl.col(column.name)
    return [
        Rule(
            f"{column.name}|inf",
            column.name,
            value.is_finite(),
            "an infinite number",
            fix,
            built_in=True,
        ),
        Rule(
            f"{column.name}|nan",
            column.name,
            value.is_not_nan(),
            "not a number",
            fix,
            built_in=True,
        ),
    ]


_LISTED = frozenset({"KOMMUNE_NR", "BYDELSNR", "VERSION"})
"""Columns whose possible values rules of their own know: neither blank nor longer than those."""


def _column_rules(column: Column, year: int) -> list[Rule]:
    text = column.dtype == pl.String
    number = column.dtype in (pl.Int32, pl.Int64, pl.Float64)
    listed = bool(column.codes) or column.name in _LISTED
    wanted = [
        (column.mandatory, _mandatory),
        (column.mandatory and text and not (listed or column.pattern), _not_blank),
        (column.size > 0 and not listed, _not_too_long),
        (bool(column.pattern), _matches),
        (number and column.name != "AARGANG", _not_negative),
    ]
    rules = [make(column) for applies, make in wanted if applies]
    if column.codes:
        rules.append(_known_code(column, year))
    if column.dtype == pl.Float64:
        rules.extend(_finite(column))
    return rules


# Rules on kommune, bydel and year --------------------------------------------------------


@cache
def _kommune_codes(year: int) -> frozenset[str]:
    return frozenset(regions.kommuner(year).get_column("kommune").to_list())


@cache
def kommune_codes_ever() -> frozenset[str]:
    """Every kommune number of the years that the code lists cover."""
    years = range(regions.FIRST_YEAR, regions.LAST_YEAR + 1)
    return frozenset().union(*(_kommune_codes(year) for year in years))


def kommune_history(kommune: str, year: int) -> str:
    """Why a kommune number is not one of ``year``: what it was, and what replaced it."""
    changes = regions.kommune_changes()
    later = changes.filter((pl.col("from_kommune") == kommune) & (pl.col("year") <= year))
    if not later.is_empty():
        since = later.item(0, "year")
        heirs = " and ".join(later.filter(pl.col("year") == since).get_column("to_kommune").sort())
        return f"kommune {kommune} has not been in use since {since}; it became {heirs}"
    earlier = changes.filter((pl.col("to_kommune") == kommune) & (pl.col("year") > year))
    if not earlier.is_empty():
        since = earlier.item(0, "year")
        origins = " and ".join(earlier.get_column("from_kommune").sort())
        return f"kommune {kommune} is not in use until {since}; before that it was {origins}"
    return f"kommune {kommune} is not a kommune of {year}"


def _kommune_rules(year: int) -> list[Rule]:
    value = pl.col("KOMMUNE_NR")
    ever, now = kommune_codes_ever(), _kommune_codes(year)
    return [
        Rule(
            name=KOMMUNE_UNKNOWN,
            field="KOMMUNE_NR",
            valid=value.is_in(sorted(ever)),
            text=f"not a kommune number of {year} or of any year the code lists cover",
            fix="Give the four digits of the kommune, the leading zero included",
        ),
        Rule(
            name=KOMMUNE_NOT_IN_YEAR,
            field="KOMMUNE_NR",
            valid=~value.is_in(sorted(ever - now)),
            text=f"a kommune number that is not in use in {year}",
            fix=f"Use the kommune numbers of {year}",
        ),
    ]


def _bydel_rules(codes: tuple[str, ...], *, required: bool) -> list[Rule]:
    oslo = pl.col("KOMMUNE_NR") == regions.OSLO
    bydel = pl.col("BYDELSNR")
    known = bydel.is_in(list(codes))
    in_oslo = known.fill_null(value=False) if required else known.fill_null(value=True)
    return [
        Rule(
            name="bydel_in_oslo",
            field="BYDELSNR",
            valid=~oslo | in_oslo,
            text="a row of Oslo without a valid bydel",
            fix=f"Give the bydel, {codes[0]}-{codes[-1]}, in rows of kommune {regions.OSLO}",
        ),
        Rule(
            name="bydel_outside_oslo",
            field="BYDELSNR",
            valid=oslo | bydel.is_null(),
            text="a bydel outside Oslo",
            fix=f"Leave BYDELSNR blank in all kommuner but {regions.OSLO}",
        ),
    ]


def _year_rule(column: str, year: int) -> Rule:
    if column == "VERSION":
        value, expected = f"{year % 100:02d}", f"'{year % 100:02d}'"
        valid = pl.col(column) == value
    else:
        expected, valid = str(year), pl.col(column) == year
    return Rule(
        name=f"{column}|year",
        field=column,
        valid=valid,
        text=f"not of årgang {year}",
        fix=f"{column} must be {expected}; move rows of other years to their own file",
    )


# The datasets ----------------------------------------------------------------------------

_POLARS_TYPES: Mapping[str, type[pl.DataType]] = {
    "STRING": pl.String,
    "INTEGER": pl.Int32,
    "DATE": pl.Date,
}

# Dates that the control rules 014-016 of form 11CF ask of all kommuner but Oslo, whose
# bydeler take over programmes that another bydel began.
_DATES_NOT_ASKED_OF_OSLO = ("REG_DATO", "VEDTAK_DATO", "BEGYNT_DATO")


def _form_column(field_: layouts.Field, year: int) -> Column:
    codes = field_.codes
    if field_.name == "KOMMNR_KVP_KOMM":
        codes = dict.fromkeys(sorted(_kommune_codes(year)), "") | {UNKNOWN_KOMMUNE: ""}
    return Column(
        name=field_.name,
        dtype=_POLARS_TYPES[field_.kind],
        mandatory=field_.mandatory and field_.name not in _DATES_NOT_ASKED_OF_OSLO,
        codes=codes,
        size=0 if field_.kind == "DATE" else field_.size,
    )


def _form_columns(dataset: str, year: int) -> tuple[Column, ...]:
    fields = layouts.layout(layouts.FORM_OF_DATASET[dataset], year)
    return tuple(_form_column(field_, year) for field_ in fields)


def _asked_outside_oslo(column: str) -> Rule:
    return Rule(
        name=f"{column}|outside_oslo",
        field=column,
        valid=(pl.col("KOMMUNE_NR") == regions.OSLO) | pl.col(column).is_not_null(),
        text="a mandatory date is missing",
        fix="Give the date in every row outside Oslo",
    )


_AARGANG = Column("AARGANG", pl.Int32, mandatory=True)
_KOMMUNE = Column("KOMMUNE_NR", pl.String, mandatory=True)
_BYDEL = Column("BYDELSNR", pl.String)
_KJONN = Column("KJONN", pl.String, mandatory=True, codes={"1": "Mann", "2": "Kvinne"})

EDUCATIONS = ("SOSIONOM", "BARNEVERNSPEDAGOG", "ANNEN_HOEGSKOLE", "KONTOR", "ANNEN")
POSITIONS = ("HELTID", "DELTID")

_SKJEMA7 = (
    _AARGANG,
    _KOMMUNE,
    _BYDEL,
    *(
        Column(f"AARSVERK_{funksjon}_{education}_{position}", pl.Float64)
        for funksjon in ("243", "242")
        for education in EDUCATIONS
        for position in POSITIONS
    ),
    Column("RUS_VEDTAK", pl.Int32),
    Column("RUS_KJOEP", pl.Int32),
    Column("OEKRAAD_SAKER", pl.Int32),
    Column("IP_ANTALL", pl.Int32),
    Column("OEKRAAD_AARSVERK", pl.Float64),
    Column("AAPNINGSTID_TIMER", pl.Float64),
    Column("BRUKERUNDERSOEKELSE", pl.String, codes=_YES_NO_FORM),
    Column("FLYKTNING_LIVSOPPHOLD", pl.Int32),
    Column("KOMM_AARSVERK_STAT", pl.Float64),
    Column("STAT_AARSVERK_KOMM", pl.Float64),
)

_SKJEMA12 = (
    _AARGANG,
    _KOMMUNE,
    Column(
        "BEREGNINGSGRUNNLAG",
        pl.String,
        codes={"1": "Statens veiledende satser", "2": "Annet"},
    ),
    *(
        Column(f"SATS_{name}", pl.Int32)
        for name in ("ENSLIG", "PAR", "BOFELLESSKAP", "BARN_0_5", "BARN_6_10", "BARN_11_17")
    ),
    Column("VEDTAKSDATO", pl.Date),
    *(
        Column(f"INKL_{name}", pl.String, codes=_YES_NO)
        for name in (
            "DAGLIGVARER",
            "KLAER",
            "HUSHOLDNING",
            "TV_AVIS_TELEFON",
            "FRITID",
            "REISE",
        )
    ),
    *(
        Column(f"UTENFOR_{name}", pl.String, codes=_YES_NO)
        for name in ("BARNETRYGD", "KONTANTSTOETTE", "BARNS_INNTEKTER")
    ),
)

FUNKSJONER: Mapping[str, str] = MappingProxyType(
    {
        "242": "Råd, veiledning og sosialt forebyggende arbeid",
        "243": "Tilbud til personer med rusproblemer",
        "273": "Arbeidsrettede tiltak i kommunal regi",
        "275": "Introduksjonsordningen",
        "276": "Kvalifiseringsordningen",
        "281": "Ytelse til livsopphold",
    }
)

_REGNSKAP = (
    _AARGANG,
    _KOMMUNE,
    Column(
        "REGNSKAPSOMFANG",
        pl.String,
        mandatory=True,
        codes={"A": "Kommunekasse", "B": "Konsern"},
    ),
    Column("FUNKSJON", pl.String, mandatory=True, codes=FUNKSJONER),
    Column("ART", pl.String, mandatory=True, pattern="[0-9]{3}"),
    Column("BELOEP", pl.Int64, mandatory=True),
)

_BEFOLKNING = (
    _AARGANG,
    _KOMMUNE,
    _BYDEL,
    _KJONN,
    Column("ALDER", pl.String, mandatory=True, pattern="[0-9]{1,3}(-[0-9]{1,3}|[+])?"),
    Column("PERSONER", pl.Int32, mandatory=True),
)

_INTRODUKSJON = (_AARGANG, _KOMMUNE, _KJONN, Column("MOTTAKERE", pl.Int32, mandatory=True))

_REPORTED = ("skjema11", "skjema11c", "skjema7", "skjema12", "regnskap", "introduksjon")

_INNRAPPORTERING = (
    _AARGANG,
    Column("SKJEMA", pl.String, mandatory=True, codes=dict.fromkeys(_REPORTED, "")),
    _KOMMUNE,
    _BYDEL,
    Column(
        "STATUS",
        pl.String,
        mandatory=True,
        codes={"levert": "", "ingen": "", "mangler": ""},
    ),
)

_DECLARED: Mapping[str, tuple[Column, ...]] = {
    "skjema7": _SKJEMA7,
    "skjema12": _SKJEMA12,
    "regnskap": _REGNSKAP,
    "befolkning": _BEFOLKNING,
    "introduksjon": _INTRODUKSJON,
    "innrapportering": _INNRAPPORTERING,
}

DATASETS = (*layouts.FORM_OF_DATASET, *_DECLARED)
"""The datasets that a data folder may hold."""

_NATURAL_KEYS: Mapping[str, tuple[str, ...]] = {
    "skjema7": ("KOMMUNE_NR", "BYDELSNR"),
    "skjema12": ("KOMMUNE_NR",),
    "regnskap": ("KOMMUNE_NR", "REGNSKAPSOMFANG", "FUNKSJON", "ART"),
    "befolkning": ("KOMMUNE_NR", "BYDELSNR", "KJONN", "ALDER"),
    "introduksjon": ("KOMMUNE_NR", "KJONN"),
    "innrapportering": ("SKJEMA", "KOMMUNE_NR", "BYDELSNR"),
}

# Which bydel codes a dataset knows, and whether a row of Oslo must have one. 99 is what
# lies outside the fifteen bydeler, or is not placed.
_BYDELER: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "skjema11": (_BYDEL_CODES, True),
    "skjema11c": (_BYDEL_CODES, True),
    "skjema7": ((*_BYDEL_CODES, _BYDEL_REST), True),
    "befolkning": ((*_BYDEL_CODES, _BYDEL_REST), True),
    "innrapportering": ((*_BYDEL_CODES, _BYDEL_REST), False),
}


def _natural_key(columns: tuple[str, ...]) -> Key:
    return Key(
        name="key",
        field=", ".join(columns),
        parts=tuple(pl.col(column) for column in columns),
        text="two rows have the same key",
        fix="Keep one row for each key",
    )


def _form_keys(dataset: str) -> tuple[Key, ...]:
    kommune, bydel, journal = (
        pl.col(name) for name in ("KOMMUNE_NR", "BYDELSNR", "PERSON_JOURNALNR")
    )
    person = pl.col(PERSON)
    if dataset == "skjema11":
        return (
            Key(
                name="journal",
                field="KOMMUNE_NR, BYDELSNR, PERSON_JOURNALNR",
                parts=(kommune, bydel, journal),
                text="a journal number stands in more than one row (005B)",
                fix="Keep one row for each journal",
            ),
            Key(
                name="person",
                field="KOMMUNE_NR, person id",
                parts=(kommune, person),
                applies=person.is_not_null(),
                text="a person has more than one row in a kommune (005A)",
                fix="Merge the person's journals into one tilfelle",
            ),
        )
    return (
        Key(
            name="journal",
            field="KOMMUNE_NR, PERSON_JOURNALNR",
            parts=(kommune, journal),
            applies=kommune != regions.OSLO,
            text="a journal number stands in more than one row outside Oslo (005B)",
            fix="Keep one row for each journal",
        ),
        Key(
            name="person",
            field="KOMMUNE_NR, BYDELSNR, person id, STATUS",
            parts=(kommune, bydel, person, pl.col("STATUS")),
            applies=person.is_not_null(),
            text="a person has more than one row with the same status (005A)",
            fix="Keep one row for each person and status",
        ),
    )


def _columns(dataset: str, year: int) -> tuple[Column, ...]:
    if dataset in layouts.FORM_OF_DATASET:
        return _form_columns(dataset, year)
    return _DECLARED[dataset]


def _rules(dataset: str, columns: tuple[Column, ...], year: int) -> list[Rule]:
    names = {column.name for column in columns}
    rules = [rule for column in columns for rule in _column_rules(column, year)]
    rules.extend(_kommune_rules(year))
    rules.extend(_year_rule(name, year) for name in ("VERSION", "AARGANG") if name in names)
    if dataset in _BYDELER:
        codes, required = _BYDELER[dataset]
        rules.extend(_bydel_rules(codes, required=required))
    if dataset == "skjema11c":
        rules.extend(_asked_outside_oslo(name) for name in _DATES_NOT_ASKED_OF_OSLO)
    return rules


@cache
def contract(dataset: str, year: int) -> Contract:
    """The contract of ``dataset`` in ``year``.

    Raises UsageError for a dataset that does not exist, a form's year without a record
    layout, or a year without a kommune list.
    """
    if dataset not in DATASETS:
        raise UsageError(
            f"there is no dataset {dataset}", fix=f"The datasets are {', '.join(DATASETS)}."
        )
    if not regions.FIRST_YEAR <= year <= regions.LAST_YEAR:
        raise UsageError(
            f"there is no kommune list for {year}",
            fix=f"Use a year from {regions.FIRST_YEAR} to {regions.LAST_YEAR}.",
        )
    columns = _columns(dataset, year)
    is_form = dataset in layouts.FORM_OF_DATASET
    return Contract(
        dataset=dataset,
        year=year,
        fields=columns,
        rules={rule.name: rule for rule in _rules(dataset, columns, year)},
        keys=_form_keys(dataset) if is_form else (_natural_key(_NATURAL_KEYS[dataset]),),
    )
