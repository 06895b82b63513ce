"""What a new table of each source may measure: the first measure, and examples to take in use.

Columns are those of the forms, so these follow ``microdata.contracts`` and not anybody's specs.
Shared terms are named only where a folder of specs has them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from kostra_publish.specs.models import Source

Words: TypeAlias = tuple[str, str, str]
"""Bokmål, nynorsk, English."""


@dataclass(frozen=True)
class Example:
    """A measure: ``name`` ends its code, ``formula`` is as YAML writes it, on a line or several.

    ``about`` says what kind of measure it is, in a sentence for whoever edits the spec. ``more``
    are further keys. ``terms`` are the shared terms that it names.
    """

    name: str
    about: str
    label: Words
    unit: str
    formula: str
    decimals: int = 0
    more: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Persons:
    """A source with a row for each person: what they are called, and what they have."""

    words: Words
    part: str
    of_part: Words
    amount: str = ""
    months: str = ""


_CASES: Final = ("sosialhjelpstilfeller", "sosialhjelpstilfelle", "social assistance cases")
_CHILDREN: Final = ("med barn under 18 år", "med barn under 18 år", "with children under 18")
_PERSONS: Final[Mapping[str, _Persons]] = {
    "skjema11": _Persons(
        _CASES, '{BU18: "1"}', _CHILDREN, amount="utbetalt", months="stoenadsmaaneder"
    ),
    "mottakere": _Persons(
        ("sosialhjelpsmottakere", "sosialhjelpsmottakarar", "social assistance recipients"),
        '{BU18: "1"}',
        _CHILDREN,
        amount="utbetalt",
        months="stoenadsmaaneder",
    ),
    "skjema11_maaneder": _Persons(
        ("tilfeller med stønad i måneden", "tilfelle med stønad i månaden", "cases with support"),
        '{BOSIT: "3"}',
        ("som bor i eid bolig", "som bur i eigd bustad", "in owned housing"),
        amount="beloep",
    ),
    "skjema11c": _Persons(
        ("deltakere", "deltakarar", "participants"),
        "{fullfoert: true}",
        ("som fullførte", "som fullførte", "who completed"),
        amount="KVP_STONAD",
        months="kvp_maaneder",
    ),
}

_ALL_INHABITANTS: Final = "{source: befolkning, of: PERSONER}"
_AGES: Final = "{alder_fra: {from: 18}, alder_til: {to: 66}}"
_GROUP: Final = '{REGNSKAPSOMFANG: B, ART: [{from: "010", to: "480"}, "590"]}'


def _rate(numerator: str, denominator: str, factor: int) -> str:
    return f"kind: rate\nnumerator: {numerator}\ndenominator: {denominator}\nfactor: {factor}"


def examples(name: str, source: Source, terms: Collection[str]) -> list[Example]:
    """The measures for a source, the first one first; ``terms`` are the shared ones there are."""
    made = _of_persons(_PERSONS[name], source) if name in _PERSONS else _FORMS.get(name, ())
    return [one for one in made if set(one.terms) <= set(terms)]


def _of_persons(persons: _Persons, source: Source) -> Iterator[Example]:
    nb, nn, en = persons.words
    part = persons.of_part
    yield Example(
        "ialt",
        "A count: everybody in the population of the source.",
        (f"{nb.capitalize()} i alt", f"{nn.capitalize()} i alt", f"{en.capitalize()}, total"),
        "antall",
        "{kind: count}",
    )
    yield Example(
        "del",
        "A count of those who meet conditions: every one of them must hold.",
        (f"{nb.capitalize()} {part[0]}", f"{nn.capitalize()} {part[1]}", f"{en} {part[2]}"),
        "antall",
        f"{{kind: count, where: {persons.part}}}",
    )
    yield Example(
        "andel",
        "A share in per cent: those who meet `where`, of those in `among`; left out: of everybody.",
        (f"Andel {nb} {part[0]}", f"Del {nn} {part[1]}", f"Share of {en} {part[2]}"),
        "prosent",
        f"{{kind: share, where: {persons.part}}}",
        decimals=1,
    )
    if persons.amount:
        yield Example(
            "kroner",
            "A sum of a variable; 0.001 turns kr into 1000 kr.",
            ("Utbetalt i alt", "Utbetalt i alt", "Amount paid, total"),
            "tusen_kroner",
            f"{{kind: sum, of: {persons.amount}, factor: 0.001}}",
            more=("price_type: current",),
        )
    if persons.months:
        yield Example(
            "mnd",
            "A mean: the sum of a variable by the number of persons. With `per` by another sum.",
            ("Gjennomsnittlig antall måneder", "Gjennomsnittleg tal månader", "Mean months"),
            "maaneder",
            f"{{kind: mean, of: {persons.months}}}",
            decimals=1,
        )
    if not source.national_only:
        yield _per_inhabitants("{}", (nb, nn, en))


def _per_inhabitants(numerator: str, words: Words) -> Example:
    nb, nn, en = words
    return Example(
        "innb",
        "A rate: one number by another, here per 1 000 inhabitants.",
        (
            f"{nb.capitalize()} per 1 000 innbyggere",
            f"{nn.capitalize()} per 1 000 innbyggjarar",
            f"{en.capitalize()} per 1 000 inhabitants",
        ),
        "per_1000",
        _rate(numerator, _ALL_INHABITANTS, 1000),
        decimals=1,
    )


_INTRODUCTION: Final = (
    "mottakere av introduksjonsstønad",
    "mottakarar av introduksjonsstønad",
    "recipients of introduction benefit",
)

_FORMS: Final[Mapping[str, tuple[Example, ...]]] = {
    "introduksjon": (
        Example(
            "ialt",
            "A sum of a column that holds numbers of persons.",
            ("Mottakere i alt", "Mottakarar i alt", "Recipients, total"),
            "personer",
            "{kind: sum, of: MOTTAKERE}",
        ),
        Example(
            "andelk",
            "A rate of two sums: here the per cent who are women.",
            ("Andel kvinner", "Del kvinner", "Share of women"),
            "prosent",
            _rate('{of: MOTTAKERE, where: {KJONN: "2"}}', "{of: MOTTAKERE}", 100),
            decimals=1,
        ),
        _per_inhabitants("{of: MOTTAKERE}", _INTRODUCTION),
    ),
    "befolkning": (
        Example(
            "ialt",
            "A sum of a column that holds numbers of persons.",
            ("Innbyggere i alt", "Innbyggjarar i alt", "Inhabitants, total"),
            "personer",
            "{kind: sum, of: PERSONER}",
        ),
        Example(
            "1866",
            "A sum over some rows: age groups that lie between two ages.",
            ("Innbyggere 18-66 år", "Innbyggjarar 18-66 år", "Inhabitants 18-66 years"),
            "personer",
            f"{{kind: sum, of: PERSONER, where: {_AGES}}}",
        ),
        Example(
            "andel1866",
            "A rate of two sums: here the per cent who are 18 to 66 years.",
            ("Andel 18-66 år", "Del 18-66 år", "Share 18-66 years"),
            "prosent",
            _rate(f"{{of: PERSONER, where: {_AGES}}}", "{of: PERSONER}", 100),
            decimals=1,
        ),
    ),
    "regnskap": (
        Example(
            "utgift",
            "A sum of amounts: expenses of the group (konsern). Income has other arter.",
            ("Driftsutgifter", "Driftsutgifter", "Operating expenditure"),
            "tusen_kroner",
            f"kind: sum\nof: BELOEP\nwhere: {_GROUP}",
            more=("price_type: current",),
        ),
        Example(
            "netto",
            "A difference of shared terms, or one of them by its name.",
            ("Netto driftsutgifter", "Netto driftsutgifter", "Net operating expenditure"),
            "tusen_kroner",
            "{kind: difference, terms: [alle_utgifter, {term: alle_inntekter, factor: -1}]}",
            more=("price_type: current",),
            terms=("alle_utgifter", "alle_inntekter"),
        ),
        Example(
            "innb",
            "A rate: amounts in 1000 kr by inhabitants, in kr.",
            (
                "Driftsutgifter per innbygger",
                "Driftsutgifter per innbyggjar",
                "Operating expenditure per inhabitant",
            ),
            "kroner",
            _rate(f"{{of: BELOEP, where: {_GROUP}}}", _ALL_INHABITANTS, 1000),
            more=("price_type: current",),
        ),
    ),
    "aarsverk": (
        Example(
            "ialt",
            "A sum of årsverk, which have a decimal.",
            ("Årsverk i alt", "Årsverk i alt", "Full-time equivalents, total"),
            "aarsverk",
            "{kind: sum, of: AARSVERK}",
            decimals=1,
        ),
        Example(
            "f243",
            "A sum over some rows: one funksjon.",
            ("Årsverk i funksjon 243", "Årsverk i funksjon 243", "Full-time eq., function 243"),
            "aarsverk",
            '{kind: sum, of: AARSVERK, where: {FUNKSJON: "243"}}',
            decimals=1,
        ),
        _per_inhabitants("{of: AARSVERK}", ("årsverk", "årsverk", "full-time equivalents")),
    ),
    "skjema7": (
        Example(
            "oekraad",
            "A sum of a column of the form.",
            (
                "Årsverk i økonomisk rådgivning",
                "Årsverk i økonomisk rådgiving",
                "Full-time equivalents in financial counselling",
            ),
            "aarsverk",
            "{kind: sum, of: OEKRAAD_AARSVERK}",
            decimals=1,
        ),
        Example(
            "ipantall",
            "A sum that is a number of persons, so that small ones are hidden.",
            (
                "Personer med individuell plan",
                "Personar med individuell plan",
                "Persons with an individual plan",
            ),
            "personer",
            "{kind: sum, of: IP_ANTALL}",
            more=("counts: person",),
        ),
        Example(
            "aapent",
            "A figure copied from the form; a larger region has the mean of its kommuner.",
            ("Åpningstid, timer per uke", "Opningstid, timar per veke", "Opening hours per week"),
            "timer_per_uke",
            "{kind: figure, of: AAPNINGSTID_TIMER, across: mean}",
            decimals=1,
        ),
    ),
    "skjema12": (
        Example(
            "enslig",
            "A figure copied from the form; a larger region has the mean of its kommuner.",
            ("Sats per måned, enslige", "Sats per månad, einslege", "Rate per month, single"),
            "kroner",
            "{kind: figure, of: SATS_ENSLIG, across: mean}",
            more=("price_type: current",),
        ),
        Example(
            "vedtak",
            "A figure that does not add up: larger regions have none.",
            ("Vedtakstidspunkt", "Vedtakstidspunkt", "Time of decision"),
            "aar_maaned",
            "{kind: figure, of: vedtaksmaaned}",
        ),
    ),
}


def of_variable(variable: str, kind: str) -> Example:
    """A measure of one variable, by its kind: a number is summed, what is true is counted.

    A code is counted where it is filled in.
    """
    formula = {
        "number": f"{{kind: sum, of: {variable}}}",
        "flag": f"{{kind: count, where: {{{variable}: true}}}}",
        "code": f"{{kind: count, where: {{{variable}: {{given: true}}}}}}",
    }[kind]
    name = variable.lower().replace("_", "")
    return Example(name, f"Of {variable}.", (variable, variable, variable), "antall", formula)
