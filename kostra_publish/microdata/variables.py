"""The variables that a table spec may use, source by source.

A source is what one row counts:

=================  =====================================================================
skjema11           a tilfelle: one person in one kommune
mottakere          a mottaker: one person in the whole country (from skjema11)
skjema11c          a deltaker in kvalifiseringsprogrammet: one person in one kommune
skjema11_maaneder  a month of a tilfelle with support (from skjema11)
aarsverk           årsverk of one funksjon, education and position size (from skjema7)
the others         the rows of the dataset as they are
=================  =====================================================================

Whole numbers come out as Int64, so that their sums cannot overflow. Ids, journal numbers
and exact dates stay in this room: no source has a column for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

import polars as pl

from kostra_publish.errors import UsageError
from kostra_publish.microdata.contracts import DATASETS, Column, contract
from kostra_publish.microdata.persons import BORN, PERSON, age, person_key, with_persons

Kind = Literal["code", "number", "flag"]

MONTHS = tuple(f"STMND_{month}" for month in range(1, 13))
_MONTHS_OF_AMOUNTS = (
    *("JAN", "FEB", "MARS", "APRIL", "MAI", "JUNI"),
    *("JULI", "AUG", "SEPT", "OKT", "NOV", "DES"),
)
"""What the amounts of each month are called: ``BIDRAG_JAN``."""
NO_UPPER_AGE = 150
"""``alder_til`` of an open age group such as 67+."""

DATASET_OF_SOURCE: Mapping[str, str] = {
    "mottakere": "skjema11",
    "skjema11_maaneder": "skjema11",
    "aarsverk": "skjema7",
} | {dataset: dataset for dataset in DATASETS}
"""Which dataset each source is made of."""

_HIDDEN = frozenset(
    {"PERSON_JOURNALNR", "PERSON_FODSELSNR", "PERSON_DUF", "FODSELSDATO", "SAKSBEHANDLER"}
)


@dataclass(frozen=True)
class Variable:
    """One column of a source.

    ``kind``: a ``code`` is text (String, or Enum where it is made here) with a code list
    (which may be open), a ``number`` adds up, a ``flag`` is true or false, never null.
    ``codes`` maps code to Norwegian label.
    """

    name: str
    kind: Kind
    text: str
    expression: pl.Expr = field(repr=False)
    codes: Mapping[str, str] = field(default_factory=dict, repr=False)


# Familiefase -----------------------------------------------------------------------------

_AGE_BANDS = (("-19", 19), ("20-24", 24), ("25-44", 44), ("45-66", 66), ("67+", NO_UPPER_AGE))
_SEXES = (("1", "M", "menn"), ("2", "K", "kvinner"))
UOPPGITT = "UOPPGITT"


def _familiefase_codes() -> Mapping[str, str]:
    single = {
        f"E{letter}{band}": f"Enslige {name} uten barn under 18 år, {band} år"
        for _, letter, name in _SEXES
        for band, _ in _AGE_BANDS
    }
    return single | {
        "EBM": "Enslige menn med barn under 18 år",
        "EBK": "Enslige kvinner med barn under 18 år",
        "PUB": "Par uten barn under 18 år",
        "PMB": "Par med barn under 18 år",
        UOPPGITT: "Uoppgitt",
    }


FAMILIEFASE_CODES = _familiefase_codes()
"""The 14 base phases and ``UOPPGITT``; larger phases (enslige menn i alt) are their sums."""


def _familiefase() -> pl.Expr:
    """Familiefase from KJONN, alder, EKTSTAT (2 gift and 3 samboer are par) and BU18."""
    phases = pl.Enum(list(FAMILIEFASE_CODES))
    par = (pl.col("EKTSTAT") == "2") | (pl.col("EKTSTAT") == "3")
    children = pl.col("BU18") == "1"

    def phase(code: str) -> pl.Expr:
        return pl.lit(code, phases)

    chain = (
        pl.when(pl.col("EKTSTAT").is_null() | pl.col("BU18").is_null())
        .then(phase(UOPPGITT))
        .when(par & children)
        .then(phase("PMB"))
        .when(par)
        .then(phase("PUB"))
    )
    for code, letter, _ in _SEXES:
        chain = chain.when(children & (pl.col("KJONN") == code)).then(phase(f"EB{letter}"))
    for code, letter, _ in _SEXES:
        for band, oldest in _AGE_BANDS:
            in_band = (pl.col("KJONN") == code) & (pl.col("alder") <= oldest)
            chain = chain.when(in_band).then(phase(f"E{letter}{band}"))
    return chain.otherwise(phase(UOPPGITT))


_FAMILIEFASE = Variable(
    "familiefase",
    "code",
    "Familiefase: par eller enslig, kjønn, alder, barn under 18 år",
    _familiefase(),
    FAMILIEFASE_CODES,
)


# Columns as they are ---------------------------------------------------------------------


def _as_it_is(column: Column) -> Variable:
    value = pl.col(column.name)
    if column.dtype == pl.String:
        return Variable(column.name, "code", f"{column.name} as reported", value, column.codes)
    number = value if column.dtype == pl.Float64 else value.cast(pl.Int64)
    return Variable(column.name, "number", f"{column.name} as reported", number)


def _columns_as_they_are(dataset: str, year: int) -> dict[str, Variable]:
    columns = contract(dataset, year).fields
    kept = (one for one in columns if one.name not in _HIDDEN and one.dtype != pl.Date)
    return {column.name: _as_it_is(column) for column in kept}


def _named(variables: Sequence[Variable]) -> dict[str, Variable]:
    return {variable.name: variable for variable in variables}


def _has(name: str) -> pl.Expr:
    return pl.col(name).is_not_null()


def _is(name: str, code: str) -> pl.Expr:
    return (pl.col(name) == code).fill_null(value=False)


def _flag(name: str, text: str, expression: pl.Expr) -> Variable:
    return Variable(name, "flag", text, expression)


def _count(flags: Sequence[pl.Expr]) -> pl.Expr:
    return pl.sum_horizontal(flag.cast(pl.Int8) for flag in flags).cast(pl.Int64)


# skjema11: tilfeller ---------------------------------------------------------------------


def _exceptions(columns: Mapping[str, Variable]) -> list[pl.Expr]:
    return [_has(name) for name in columns if name.startswith("VEDTAK")]


def _tilfelle_variables(year: int) -> dict[str, Variable]:
    columns = _columns_as_they_are("skjema11", year)
    paid = _sum_of("BIDRAG", "LAAN")
    derived = [
        Variable("alder", "number", "Alder i hele år ved utgangen av årgangen", age(year)),
        Variable(
            "stoenadsmaaneder",
            "number",
            "Antall måneder i året med stønad, 0-12",
            _count([_has(month) for month in MONTHS]),
        ),
        Variable("utbetalt", "number", "Utbetalt i året, bidrag og lån, kroner", paid),
        _FAMILIEFASE,
        _flag("vilkaar_satt", "Det er satt vilkår for mottakeren", _is("VILKARSOSLOV", "1")),
        _flag(
            "vilkaar_samboer",
            "Det er satt vilkår for mottakerens ektefelle eller samboer",
            _is("VILKARSAMEKT", "1"),
        ),
        _flag(
            "unntak_under_30",
            "Det er gjort unntak fra aktivitetsplikten for mottaker under 30 år",
            pl.any_horizontal(_exceptions(columns)),
        ),
        _flag(
            "sanksjon",
            "Mottakeren er sanksjonert for brudd på vilkår",
            _has("SANKSJONRED") | _has("SANKSJONANDRE"),
        ),
        _flag("barn_under_18", "Mottakeren forsørger barn under 18 år", _is("BU18", "1")),
        _flag("har_bidrag", "Det er utbetalt bidrag", pl.col("BIDRAG").fill_null(0) > 0),
        _flag("har_laan", "Det er utbetalt lån", pl.col("LAAN").fill_null(0) > 0),
        _flag(
            "oekonomisk_raadgivning",
            "Mottakeren har fått økonomisk rådgivning",
            _is("GITT_OKONOMIRAD", "1"),
        ),
        _flag(
            "individuell_plan",
            "Mottakeren har individuell plan",
            _is("FAAT_INDIVIDUELL_PLAN", "1"),
        ),
        _flag("institusjon", "Mottakeren bor på institusjon", _is("BOSIT", "6")),
    ]
    return columns | _named(derived)


def _sum_of(*columns: str) -> pl.Expr:
    return pl.sum_horizontal(pl.col(column).cast(pl.Int64) for column in columns)


# Derived from derived: familiefase needs alder, so it is computed in a second step.
_SECOND_STEP = ("familiefase",)


def _with_variables(frame: pl.LazyFrame, variables: Mapping[str, Variable]) -> pl.LazyFrame:
    first = [
        one.expression.alias(name) for name, one in variables.items() if name not in _SECOND_STEP
    ]
    second = [variables[name].expression.alias(name) for name in _SECOND_STEP if name in variables]
    return frame.with_columns(first).with_columns(second)


def _tilfeller(frame: pl.LazyFrame, year: int, tilfelle: pl.Expr | None) -> pl.LazyFrame:
    """skjema11 with its variables and its id columns, only the rows that are tilfeller."""
    people = with_persons(frame, year, duf=True)
    derived = _with_variables(people, _tilfelle_variables(year))
    return derived if tilfelle is None else derived.filter(tilfelle)


# skjema11_maaneder: one row for each month of a tilfelle with support ---------------------

_OF_THE_YEAR = ("KOMMUNE_NR", "BYDELSNR", "BOSIT", "stoenadsmaaneder", "utbetalt")
"""What a month has of its tilfelle: where it is, and what tells whether it counts."""


def _month_variables(year: int) -> dict[str, Variable]:
    of_year = _tilfelle_variables(year)
    return {
        name: replace(of_year[name], expression=pl.col(name)) for name in _OF_THE_YEAR
    } | _named(
        [
            Variable("maaned", "number", "Måned i året, 1-12", pl.col("maaned")),
            Variable("beloep", "number", "Utbetalt i måneden, kroner", pl.col("beloep")),
        ]
    )


def _months(frame: pl.LazyFrame, year: int) -> pl.LazyFrame:
    months = [
        pl.when(_has(flag)).then(
            pl.struct(
                pl.lit(number, pl.Int64).alias("maaned"),
                _sum_of(f"BIDRAG_{name}", f"LAAN_{name}").alias("beloep"),
            )
        )
        for number, (flag, name) in enumerate(zip(MONTHS, _MONTHS_OF_AMOUNTS, strict=True), 1)
    ]
    each = _tilfeller(frame, year, None).select(*_OF_THE_YEAR, pl.concat_list(months).alias("each"))
    return each.explode("each").filter(pl.col("each").is_not_null()).unnest("each")


# mottakere: one row for each person in the country ---------------------------------------

# What a mottaker takes from the tilfelle that represents them. Each is packed into a few
# bits, so that the choice of tilfelle is one maximum over one whole number: the streaming
# engine then needs some sixty bytes for each person, however many tilfeller there are.
_TAKEN = ("KJONN", "EKTSTAT", "BU18", "VKLO", "ARBSIT", "TRYGDESIT", "BOSIT")
_CODE_BITS = 5
_AGE_BITS = 8
_KOMMUNE_BITS = 14
_PAID_BITS = 26
_ATTRIBUTE_BITS = _AGE_BITS + _CODE_BITS * len(_TAKEN)
_NO_AGE = (1 << _AGE_BITS) - 1
_PAID = "__months_paid__"
_HIGHEST_KOMMUNE = (1 << _KOMMUNE_BITS) - 1


def _rank() -> pl.Expr:
    """Most months first, then most paid, then lowest kommune number.

    A kommune has one tilfelle for each identified person, so the journal number never
    has to decide.
    """
    months, paid = pl.col("stoenadsmaaneder"), pl.col("utbetalt")
    low_kommune = _HIGHEST_KOMMUNE - pl.col("KOMMUNE_NR").cast(pl.Int64)
    return (months * (1 << _PAID_BITS) + paid) * (1 << _KOMMUNE_BITS) + low_kommune


def _packed() -> pl.Expr:
    known_age = pl.col("alder").clip(0, _NO_AGE - 1).fill_null(_NO_AGE)
    bits = known_age
    for name in _TAKEN:
        code = pl.col(name).cast(pl.Int8).cast(pl.Int64).fill_null(0)
        bits = bits * (1 << _CODE_BITS) + code
    return _rank().cast(pl.Int128) * (1 << _ATTRIBUTE_BITS) + bits.cast(pl.Int128)


def _unpacked(year: int) -> list[pl.Expr]:
    layout = {column.name: column.codes for column in contract("skjema11", year).fields}
    # What lies above is of no use, and Int64 is faster.
    bits = pl.col("__packed__").cast(pl.Int64, wrap_numerical=True) & ((1 << _ATTRIBUTE_BITS) - 1)
    taken = []
    for place, name in enumerate(reversed(_TAKEN)):
        number = (bits // (1 << (_CODE_BITS * place))) & ((1 << _CODE_BITS) - 1)
        given = pl.when(number > 0).then(number).cast(pl.UInt8)
        taken.append(given.cat.to(_by_number(layout[name])).alias(name))
    known_age = bits // (1 << (_CODE_BITS * len(_TAKEN)))
    alder = pl.when(known_age != _NO_AGE).then(known_age).alias("alder")
    return [*taken, alder]


def _by_number(codes: Mapping[str, str]) -> pl.Enum:
    """The codes in the places of their numbers; ``#4`` where no code has the number 4."""
    texts = {int(code): code for code in codes}
    return pl.Enum([texts.get(number, f"#{number}") for number in range(1 << _CODE_BITS)])


def _mottakere(frame: pl.LazyFrame, year: int, tilfelle: pl.Expr | None) -> pl.LazyFrame:
    """One row for each person. Who cannot be identified is one person in each journal.

    The rows without a person number get a negative number of their own, so that no
    group holds two of them. Months with stønad are a bit each, January the lowest.
    """
    alone = -1 - pl.col("__row__").cast(pl.Int64)
    paid = [_has(month).cast(pl.Int16) * (1 << place) for place, month in enumerate(MONTHS)]
    grouped = (
        _tilfeller(frame, year, tilfelle)
        .select(
            PERSON, "utbetalt", _packed().alias("__packed__"), pl.sum_horizontal(paid).alias(_PAID)
        )
        .with_row_index("__row__")
        .with_columns(pl.col(PERSON).fill_null(alone))
        .group_by(PERSON)
        .agg(
            pl.len().cast(pl.Int64).alias("antall_kommuner"),
            pl.col("utbetalt").sum(),
            pl.col("__packed__").max(),
            pl.col(_PAID).bitwise_or(),
        )
    )
    months = pl.col(_PAID).bitwise_count_ones().cast(pl.Int64).alias("stoenadsmaaneder")
    return grouped.with_columns(months, *_unpacked(year)).with_columns(
        _FAMILIEFASE.expression.alias("familiefase")
    )


def _mottaker_variables(year: int) -> dict[str, Variable]:
    tilfelle = _tilfelle_variables(year)
    taken = [
        Variable(
            name,
            "code",
            f"{name} i tilfellet med flest måneder",
            pl.col(name),
            tilfelle[name].codes,
        )
        for name in _TAKEN
    ]
    derived = [
        Variable("alder", "number", "Alder i hele år ved utgangen av årgangen", pl.col("alder")),
        Variable(
            "antall_kommuner",
            "number",
            "Antall kommuner som har gitt stønad",
            pl.col("antall_kommuner"),
        ),
        Variable(
            "stoenadsmaaneder",
            "number",
            "Antall måneder i året med stønad fra minst én kommune, 0-12",
            pl.col("stoenadsmaaneder"),
        ),
        Variable(
            "utbetalt", "number", "Utbetalt i året fra alle kommuner, kroner", pl.col("utbetalt")
        ),
        _FAMILIEFASE,
    ]
    return _named([*taken, *derived])


# skjema11c: one row for each deltaker in a kommune ---------------------------------------

_BEFORE: Mapping[str, tuple[tuple[str, ...], str]] = {
    "foer_sosialhjelp": (("YTELSE_SOSHJELP",), "Sosialhjelp"),
    "foer_introduksjon": (("YTELSE_INTRO",), "Introduksjonsstønad"),
    "foer_individstoenad": (
        ("YTELSE_INDIVIDSTONAD", "YTELSE_TILTAKSPENGER"),
        "Individstønad (tiltakspenger)",
    ),
    "foer_folketrygd": (("YTELSE_FOLKETRYGDL",), "Ytelse etter folketrygdloven"),
}
_BESIDES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "med_kommunal_bostoette": (("KVP_MED_KOMMBOS",), "Kommunal bostøtte"),
    "med_husbankens_bostoette": (("KVP_MED_HUSBANKBOS",), "Husbankens bostøtte"),
    "med_sosialhjelp_engang": (("KVP_MED_SOSHJ_ENGANG",), "Sosialhjelp som engangsstønad"),
    "med_sosialhjelp_program": (("KVP_MED_SOSHJ_PGM",), "Sosialhjelp til særskilte utgifter"),
    "med_sosialhjelp_supplement": (("KVP_MED_SOSHJ_SUP",), "Sosialhjelp som fast supplement"),
}
_AFTER: Mapping[str, tuple[tuple[str, ...], str]] = {
    "etter_arbeid": (("AVSL_ORDINAERTARB",), "Ordinært arbeid"),
    "etter_loennstilskudd": (("AVSL_ARBLONNSTILS",), "Arbeid med lønnstilskudd"),
    "etter_arbeidsmarkedstiltak": (("AVSL_ARBMARK",), "Andre statlige arbeidsmarkedstiltak"),
    "etter_utdanning": (("AVSL_SKOLE",), "Skole eller utdanning"),
    "etter_ufoeretrygd": (("AVSL_UFORE",), "Uføretrygd"),
    "etter_aap": (("AVSL_AAP",), "Arbeidsavklaringspenger"),
    "etter_sosialhjelp_avklaring": (("AVSL_OK_AVKLAR",), "Sosialhjelp i påvente av avklaring"),
    "etter_sosialhjelp": (("AVSL_UTEN_OK_AVKLAR",), "Sosialhjelp uten slik avklaring"),
    "etter_annet": (("AVSL_ANNET",), "Annet"),
    "etter_ukjent": (("AVSL_UKJENT",), "Ukjent"),
}


def _ticked(
    boxes: Mapping[str, tuple[tuple[str, ...], str]],
    when: str,
    columns: Mapping[str, Variable],
) -> list[Variable]:
    """A flag for each box of the form that may be ticked, whatever it is called that year."""
    return [
        _flag(
            name,
            f"{text} {when}",
            pl.any_horizontal([_has(box) for box in names if box in columns]),
        )
        for name, (names, text) in boxes.items()
    ]


def _deltaker_variables(year: int) -> dict[str, Variable]:
    columns = _columns_as_they_are("skjema11c", year)
    derived = [
        Variable("alder", "number", "Alder i hele år ved utgangen av årgangen", age(year)),
        Variable(
            "kvp_maaneder",
            "number",
            "Antall måneder i året med kvalifiseringsstønad, 0-12",
            _count([_has(month) for month in MONTHS]),
        ),
        *_ticked(_BEFORE, "før søknaden", columns),
        _flag(
            "foer_sosialhjelp_hovedkilde",
            "Sosialhjelp var viktigste kilde til livsopphold før søknaden",
            _is("YTELSE_TYPE_SOSHJ", "2"),
        ),
        _flag(
            "foer_sosialhjelp_supplement",
            "Sosialhjelp var supplement før søknaden",
            _is("YTELSE_TYPE_SOSHJ", "3"),
        ),
        *_ticked(_BESIDES, "ved siden av kvalifiseringsstønaden", columns),
        *_ticked(_AFTER, "ved avsluttet program", columns),
        _flag("i_program", "I program ved årets slutt", _is("STATUS", "1")),
        _flag("i_permisjon", "I permisjon ved årets slutt", _is("STATUS", "2")),
        _flag("fullfoert", "Fullført eller avsluttet etter avtale", _is("STATUS", "3")),
        _flag("barn_under_18", "Deltakeren forsørger barn under 18 år", _is("BU18", "1")),
        _flag(
            "fra_annen_kommune",
            "Deltakeren kom fra program i en annen kommune",
            _is("KVP_KOMM", "1"),
        ),
    ]
    return columns | _named(derived)


_MOVED_TO_ANOTHER_BYDEL = "6"


def _deltakere(frame: pl.LazyFrame, year: int) -> pl.LazyFrame:
    """One row for each person in a kommune, from their last record by BEGYNT_DATO.

    A record that ended with a move to another bydel gives way to any other record of the
    person. What was paid is the sum of the records, the months are those of any record.
    A dataset this small (some 10 000 records a year) is grouped in memory.
    """
    person = ["KOMMUNE_NR", "__key__"]
    last_first = [
        pl.col("STATUS") == _MOVED_TO_ANOTHER_BYDEL,
        pl.col("BEGYNT_DATO").is_null(),
        -pl.col("BEGYNT_DATO").cast(pl.Int32).cast(pl.Int64),
        pl.col("PERSON_JOURNALNR"),
        pl.col("STATUS"),
    ]
    summed = pl.col("KVP_STONAD").cast(pl.Int64)
    paid = pl.when(summed.is_not_null().any()).then(summed.sum()).alias("KVP_STONAD")
    months = [pl.col(month).drop_nulls().first() for month in MONTHS]
    grouped = {"KOMMUNE_NR", "KVP_STONAD", *MONTHS}
    taken = [name for name in (*contract("skjema11c", year).columns, BORN) if name not in grouped]
    one_each = (
        with_persons(frame, year, duf=False)
        .with_columns(person_key().alias("__key__"))
        .group_by(person)
        .agg(pl.col(taken).sort_by(last_first).first(), paid, *months)
    )
    return _with_variables(one_each, _deltaker_variables(year))


# befolkning ------------------------------------------------------------------------------


def _befolkning_variables(year: int) -> dict[str, Variable]:
    youngest = pl.col("ALDER").str.extract("^([0-9]+)").cast(pl.Int64)
    oldest = (
        pl.when(pl.col("ALDER").str.ends_with("+"))
        .then(NO_UPPER_AGE)
        .otherwise(pl.col("ALDER").str.extract("([0-9]+)$").cast(pl.Int64))
    )
    return _columns_as_they_are("befolkning", year) | _named(
        [
            Variable("alder_fra", "number", "Laveste alder i gruppen", youngest),
            Variable(
                "alder_til",
                "number",
                f"Høyeste alder i gruppen; {NO_UPPER_AGE} i en åpen gruppe",
                oldest,
            ),
        ]
    )


# skjema12 ----------------------------------------------------------------------------------


def _skjema12_variables(year: int) -> dict[str, Variable]:
    decided = pl.col("VEDTAKSDATO")
    month = decided.dt.year().cast(pl.Int64) * 100 + decided.dt.month().cast(pl.Int64)
    text = "Måneden satsene ble vedtatt, ååååmm"
    return _columns_as_they_are("skjema12", year) | _named(
        [Variable("vedtaksmaaned", "number", text, month)]
    )


# aarsverk: skjema 7's årsverk, one row per funksjon, education and position ----------------

_UTDANNING = {
    "SOSIONOM": ("1", "Sosionom"),
    "BARNEVERNSPEDAGOG": ("2", "Barnevernspedagog"),
    "ANNEN_HOEGSKOLE": ("3", "Annen høgskole- eller universitetsutdanning"),
    "KONTOR": ("4", "Kontor/merkantil"),
    "ANNEN": ("5", "Annen/ufaglært"),
}
_STILLINGSOMFANG = {"HELTID": ("heltid", "Heltid"), "DELTID": ("deltid", "Deltid")}
_AARSVERK_COLUMN = r"^AARSVERK_(\d+)_([A-Z_]+?)(?:_(HELTID|DELTID))?$"


def _aarsverk_variables(year: int) -> dict[str, Variable]:
    kept = _columns_as_they_are("skjema7", year)
    column = pl.col("variable").str
    utdanning = dict(_UTDANNING.values())
    stillingsomfang = dict(_STILLINGSOMFANG.values())
    return {name: kept[name] for name in ("KOMMUNE_NR", "BYDELSNR")} | _named(
        [
            Variable(
                "FUNKSJON",
                "code",
                "KOSTRA-funksjon",
                column.extract(_AARSVERK_COLUMN, 1),
                {
                    "242": "Råd, veiledning og sosialt forebyggende arbeid",
                    "243": "Tilbud til personer med rusproblemer",
                },
            ),
            Variable(
                "UTDANNING",
                "code",
                "Utdanning",
                column.extract(_AARSVERK_COLUMN, 2).replace_strict(
                    {name: code for name, (code, _) in _UTDANNING.items()}
                ),
                utdanning,
            ),
            Variable(
                "STILLINGSOMFANG",
                "code",
                "Stillingsomfang; bare for funksjon 243",
                column.extract(_AARSVERK_COLUMN, 3).replace_strict(
                    {name: code for name, (code, _) in _STILLINGSOMFANG.items()}, default=None
                ),
                stillingsomfang,
            ),
            Variable("AARSVERK", "number", "Årsverk per 31.12", pl.col("value")),
        ]
    )


def _aarsverk(frame: pl.LazyFrame, year: int) -> pl.LazyFrame:
    columns = [name for name in contract("skjema7", year).columns if name.startswith("AARSVERK_")]
    long = frame.unpivot(columns, index=["KOMMUNE_NR", "BYDELSNR"])
    return _with_variables(long, _aarsverk_variables(year))


# Public ----------------------------------------------------------------------------------


@cache
def variables(source: str, year: int) -> Mapping[str, Variable]:
    """The variables of ``source`` in ``year``, by name.

    Raises UsageError for an unknown source.
    """
    if source not in DATASET_OF_SOURCE:
        raise UsageError(
            f"there is no source {source}", fix=f"The sources are {', '.join(DATASET_OF_SOURCE)}."
        )
    makers = {
        "skjema11": _tilfelle_variables,
        "mottakere": _mottaker_variables,
        "skjema11_maaneder": _month_variables,
        "skjema11c": _deltaker_variables,
        "befolkning": _befolkning_variables,
        "skjema12": _skjema12_variables,
        "aarsverk": _aarsverk_variables,
    }
    make = makers.get(source)
    return make(year) if make else _columns_as_they_are(source, year)


def source_frame(
    source: str,
    validated: Mapping[str, pl.LazyFrame],
    year: int,
    tilfelle: pl.Expr | None = None,
) -> pl.LazyFrame:
    """``source`` as a lazy frame with exactly the columns of ``variables(source, year)``.

    ``validated`` holds the contract-checked frame of each dataset, by dataset name.
    ``tilfelle``, a Boolean expression over the variables of skjema11, says which of its
    rows count; it applies to the sources skjema11 and mottakere.
    """
    known = variables(source, year)
    frame = validated[DATASET_OF_SOURCE[source]]
    if source == "skjema11":
        made = _tilfeller(frame, year, tilfelle)
    elif source == "mottakere":
        made = _mottakere(frame, year, tilfelle)
    elif source == "skjema11c":
        made = _deltakere(frame, year)
    elif source == "skjema11_maaneder":
        made = _months(frame, year)
    elif source == "aarsverk":
        made = _aarsverk(frame, year)
    else:
        made = _with_variables(frame, known)
    return made.select(list(known))
