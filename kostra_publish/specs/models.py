"""What a table spec may say.

A spec is written in YAML (see ``table_specs/``) and validated here. Unknown keys
are errors. A spec may tighten the threshold of four persons, never loosen it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

Language = Literal["nb", "nn", "en"]
LANGUAGES: tuple[Language, ...] = ("nb", "nn", "en")
Tongue = Literal["nb", "en"]
"""The languages that explanations for those who work with the figures are given in."""

RoundKind = str
"""A kind of round, by its name in the calendar: `march`, `june` …"""
MissingRule = Literal["estimate", "sum"]
FileColumn = Literal[
    "label", "unit", "preliminary", "round", "synthetic", "value", "status",
    "what", "variable", "code", "nb", "nn", "en",
]  # fmt: skip
RegionKind = Literal[
    "kommune", "bydel", "bydeler", "fylke", "kostragruppe", "land", "land_uten_oslo"
]
Unit = Literal["person", "tilfelle", "kommune"]

THRESHOLD = 4
"""Data on fewer persons than this are not published."""

Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Model(BaseModel):
    """A frozen model that refuses keys it does not know."""

    # Many are parts of others: validators of their own are built when they are asked for.
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)


class Text(Model):
    """A text in the three languages of publication."""

    nb: Words
    """Bokmål."""
    nn: Words
    """Nynorsk."""
    en: Words
    """English."""

    def get(self, language: Language) -> str:
        """The text in ``language``."""
        return str(getattr(self, language))


def _one_or_more(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


Codes = Annotated[
    tuple[str, ...], BeforeValidator(_one_or_more, json_schema_input_type=str | list[str])
]


Bound = Annotated[str, WithJsonSchema({"type": ["string", "number"]})]
"""A number need not be quoted; the reader keeps it as it is written."""


class Range(Model):
    """An inclusive range of numbers, or of codes of equal length."""

    from_: Bound | None = Field(None, alias="from")
    """The lowest value in the range; left out: no lower bound."""
    to: Bound | None = None
    """The highest value in the range; left out: no upper bound."""


class Given(Model):
    """Whether the variable is filled in."""

    given: bool
    """true: filled in; false: blank."""


class Without(Model):
    """Every value, blank ones too, but these."""

    not_: Codes = Field(alias="not")
    """The codes to leave out."""


Values = Annotated[
    tuple[str | Range, ...],
    BeforeValidator(_one_or_more, json_schema_input_type=str | Range | list[str | Range]),
]
Condition = Values | Given | Without
Where = dict[str, Condition]


class Atom(Model):
    """A number that adds up over units, kommuner and regions."""

    source: str | None = None
    """Where it is counted; left out: the table's own source."""
    of: str | None = None
    """The variable to sum; left out: the units are counted."""
    where: Where = Field(default_factory=dict)
    """Which units are in; every condition must hold."""


class SignedTerm(Model):
    """A term with a factor."""

    term: str
    """The name of a shared term."""
    factor: float = 1
    """What it is multiplied by; -1 subtracts it."""


def _signed(value: object) -> object:
    return {"term": value} if isinstance(value, str) else value


Combination = list[
    Annotated[SignedTerm, BeforeValidator(_signed, json_schema_input_type=str | SignedTerm)]
]


class Combined(Model):
    """A sum or difference of shared terms."""

    combine: Combination
    """The terms, each by name or as `{term: …, factor: …}`."""


Term = Atom | Combined
TermReference = str | Atom


class Count(Model):
    """The number of units."""

    kind: Literal["count"]
    where: Where = Field(default_factory=dict)
    """Which units are counted."""


class Sum(Model):
    """The sum of a variable over units."""

    kind: Literal["sum"]
    of: str
    """The variable to sum."""
    where: Where = Field(default_factory=dict)
    """Which units are in."""
    factor: float = 1
    """0.001 turns kr into 1000 kr."""


class Mean(Model):
    """A sum divided by the number of units, or by another sum."""

    kind: Literal["mean"]
    of: str
    """The variable in the numerator."""
    per: str | None = None
    """The variable in the denominator; left out: the number of units."""
    where: Where = Field(default_factory=dict)
    """Which units are in, above and below the line."""


class Share(Model):
    """The per cent of the units in `among` that also meet `where`."""

    kind: Literal["share"]
    where: Where
    """The part."""
    among: Where = Field(default_factory=dict)
    """The whole; left out: all units."""


class Rate(Model):
    """One term per another: per inhabitant, per 1000, per cent."""

    kind: Literal["rate"]
    numerator: TermReference
    """A shared term by name, or one written here."""
    denominator: TermReference
    """A shared term by name, or one written here."""
    factor: float = 1
    """100 gives per cent, 1000 gives per 1000."""
    of_whole: bool = False
    """true: the denominator is not split by the table's own dimensions."""


class Difference(Model):
    """Terms added and subtracted."""

    kind: Literal["difference"]
    terms: Combination
    """The terms, each by name or as `{term: …, factor: …}`."""


class Figure(Model):
    """A figure copied from a form, one per kommune."""

    kind: Literal["figure"]
    of: str
    """The column of the form."""
    across: Literal["mean", "none"] = "none"
    """What a larger region shows: the plain mean over its kommuner, or nothing (`.`)."""


Formula = Annotated[
    Count | Sum | Mean | Share | Rate | Difference | Figure, Field(discriminator="kind")
]


class MeasureTexts(Model):
    """What readers see of a measure, and when it is published."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$")]
    """The contents code of the statbank."""
    label: Text
    """The measure's name."""
    unit: str
    """The unit of the figure, by its name under `units` in `shared/texts.yaml`."""
    decimals: Annotated[int, Field(ge=0, le=6)] = 0
    """Decimals shown; rounding is half away from zero."""
    provisional: bool = False
    """true when the official code or title could not be confirmed."""
    rounds: list[RoundKind] | None = None
    """The kinds of round it is published in; left out: those of the table."""
    first_vintage: int | None = None
    """The first vintage that has it."""
    last_vintage: int | None = None
    """The last vintage that has it."""
    counts: Unit | None = None
    """What one contribution is, where it is not the table's unit."""
    counts_reason: Words | None = None
    """Why disclosure control is not needed, where the unit is the kommune."""
    note: Text | None = None
    """A footnote to this measure."""
    reference_period: Text | None = None
    """What moment or period the figure refers to; left out: the table's."""
    price_type: Literal["current", "constant", "none"] = "none"
    """Whether an amount is in current or constant prices."""


class Measure(MeasureTexts):
    """One statistikkvariabel of a table."""

    formula: Formula
    """How the figure is made."""


class Category(Model):
    """One value of a dimension: a code, its name, and what it holds."""

    code: str
    """The code in the statbank."""
    label: Text
    """The name readers see."""
    values: Values | None = None
    """The values of the variable it holds; left out: the code itself; `*` is all."""


class Dimension(Model):
    """A classification variable beside region, contents and year."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$")]
    """The code of the variable in the statbank."""
    variable: str
    """The column or derived variable of the source."""
    label: Text
    """The name readers see."""
    categories: str | list[Category]
    """The name of a shared code list, or the categories themselves."""
    total: str | None = None
    """The category that is the sum of the others (elimination code)."""
    provisional: bool = False
    """true when the official code could not be confirmed."""


class Scope(Model):
    """What a note or a break is about; an empty scope is the whole table."""

    measures: list[str] = Field(default_factory=list)
    """Contents codes."""
    regions: list[str] = Field(default_factory=list)
    """Region codes."""
    vintages: list[int] = Field(default_factory=list)
    """Years."""


class Note(Model):
    """A footnote."""

    text: Text
    """What it says."""
    mandatory: bool = False
    """true: must be shown with every figure it concerns."""
    scope: Scope = Scope()
    """What it concerns."""


class Break(Model):
    """A break in the series: figures before and from `vintage` do not compare."""

    vintage: int
    """The first year after the break."""
    text: Text
    """What changed."""
    scope: Scope = Scope()
    """What it concerns."""


class Dominance(Model):
    """The p % rule for sums of amounts, such as kroner paid out."""

    p: Annotated[float, Field(gt=0, le=100)]
    """A sum is hidden when all but the two largest contributions to it come to less than this
    many per cent of the largest."""


class Disclosure(Model):
    """How small figures are protected."""

    threshold: Annotated[int, Field(ge=THRESHOLD)] = THRESHOLD
    """Figures on fewer units than this are hidden; never below four."""
    hide_zeros: bool = False
    """true: a count of nobody is hidden too."""
    linked: list[str] = Field(default_factory=list)
    """Tables that show the same units in another way."""
    dominance: Dominance | None = None
    """The p % rule for the table's sums, wherever they are shown; off where it is left out. The
    table has no dimensions of its own."""


class Presentation(Model):
    """How the table is laid out, and which measures matter most."""

    stub: list[str] = Field(default_factory=list)
    """Variables down the side, outermost first."""
    heading: list[str] = Field(default_factory=list)
    """Variables across the top, outermost first."""
    key_figures: list[str] = Field(default_factory=list)
    """Contents codes that readers look for first: others are rather hidden. What the key-figure
    pages show stands in `pages.yaml`."""


class TableSpec(Model):
    """One statbank table."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """The table's number in the statbank, or a name where it has none yet."""
    like: str | None = None
    """A table whose keys this one takes over where it does not give its own."""
    provisional: bool = False
    """true when the official number or title could not be confirmed."""
    skjema: Codes
    """The form(s) the figures come from."""
    source: str
    """The source of the table's units (see `sources` in `shared/sources.yaml`)."""
    unit: Unit
    """What one contribution is, and so what the threshold counts."""
    unit_reason: Words | None = None
    """Why no person can be seen, where the unit is the kommune."""
    title: Text
    """The table's title."""
    reference_period: Text
    """What moment or period the figures refer to."""
    regions: list[RegionKind] = Field(min_length=1)
    """The kinds of region, in the order shown."""
    first_vintage: int = 2022
    """The first year of the table."""
    last_vintage: int | None = None
    """The last year of the table."""
    rounds: list[RoundKind] = ["march", "june"]
    """The kinds of round that publish it (see `rounds.yaml`)."""
    official: bool = True
    """Official statistics."""
    missing: MissingRule = "estimate"
    """What larger regions show when a kommune has not reported."""
    dimensions: list[Dimension] = Field(default_factory=list)
    """Classification variables beside region, contents and year."""
    measures: list[Measure] = Field(min_length=1)
    """The statistikkvariabler, in the order shown."""
    disclosure: Disclosure = Disclosure()
    """How small figures are protected."""
    notes: list[Note] = Field(default_factory=list)
    """Footnotes."""
    breaks: list[Break] = Field(default_factory=list)
    """Breaks in the series."""
    replaces: list[str] = Field(default_factory=list)
    """Discontinued tables that this one carries on."""
    presentation: Presentation = Presentation()
    """Layout, and the measures that matter most."""

    def has_vintage(self, vintage: int) -> bool:
        """Whether the table has figures for ``vintage``."""
        return _between(self.first_vintage, vintage, self.last_vintage)

    def measure_has(self, measure: Measure, vintage: int) -> bool:
        """Whether ``measure`` exists in ``vintage``."""
        first = measure.first_vintage or self.first_vintage
        return _between(first, vintage, measure.last_vintage)

    def measure_published(self, measure: Measure, kind: RoundKind) -> bool:
        """Whether rounds of this kind publish ``measure``."""
        return kind in self.rounds_of(measure)

    def rounds_of(self, measure: Measure) -> list[RoundKind]:
        """The kinds of round that publish ``measure``."""
        return measure.rounds if measure.rounds is not None else self.rounds


def _between(first: int, year: int, last: int | None) -> bool:
    return first <= year and (last is None or year <= last)


class DiscontinuedTable(Model):
    """A table that is no longer updated (avslutta serie)."""

    id: str
    """Its number in the statbank."""
    title: Text
    """Its title, without `(avslutta serie)`."""
    first_year: int | None = None
    """Its first year, where known."""
    last_year: int | None = None
    """Its last year, where known."""
    replaced_by: list[str] = Field(default_factory=list)
    """Tables that carry the series on."""
    series_break: Text | None = None
    """Where and why the series do not compare."""
    provisional: bool = False
    """true when number, title or years could not be confirmed."""


class Discontinued(Model):
    """The file `discontinued.yaml`."""

    tables: list[DiscontinuedTable]
    """The tables, newest first."""


class Source(Model):
    """Where units come from, and which of them are in the population."""

    dataset: str
    """The dataset whose contract the source rests on."""
    skjema: Text
    """The form, as readers know it; it stands in the middle of a sentence."""
    population: Where = Field(default_factory=dict)
    """Which rows are in the population of the statistics."""
    persons: Literal["rows", "values", "none"] = "none"
    """Whether rows are persons (`rows`), figures are numbers of persons (`values`), or neither."""
    national_only: bool = False
    """true when a unit is counted once in the country, so that it does not add up over regions."""


class Sources(Model):
    """The file `shared/sources.yaml`."""

    sources: dict[str, Source]
    """Each source by its name."""


class Terms(Model):
    """The file `shared/terms.yaml`."""

    terms: dict[str, Term]
    """Each term by its name."""


class CodeLists(Model):
    """The file `shared/codelists.yaml`."""

    codelists: dict[str, list[Category]]
    """Each code list by its name."""


class Estimation(Model):
    """How a larger region is estimated when kommuner have not reported."""

    max_estimated_population: Annotated[float, Field(ge=0, le=1)] = 0.5
    """A region with a larger share of its inhabitants in missing kommuner is `..`."""
    max_foreign_population: Annotated[float, Field(ge=0, le=1)] = 0.01
    """A KOSTRA group without reporters may hold at most this share of a region's inhabitants;
    its kommuner are then estimated by all reporters outside Oslo."""


class Descriptions(Model):
    """What catalogues of data and descriptions of files say of all tables."""

    title: Text
    """What the tables are called together."""
    about: Text
    """What they are about, in a sentence or two."""
    provenance: Text
    """Where the figures come from."""
    period: Text
    """What stands before the moment or period that the figures of a table refer to."""
    synthetic: Text
    """What stands before a title where data are synthetic."""
    keywords: list[Text] = Field(min_length=1)
    """Words that readers search for."""
    publisher: str
    """The address of the publisher in the national register of organisations."""
    contact: str
    """The address of the page that tells how to ask."""
    columns: dict[FileColumn, Text]
    """What the columns of CSV files are that hold no codes; `label` is the name of a category."""


class Texts(Model):
    """The file `shared/texts.yaml`: words that all tables share."""

    publisher: Text
    """Who publishes."""
    contact: Text
    """Whom to ask."""
    subject_code: str
    """The code of the statistics (kortnavn)."""
    subject_area: Text
    """The subject area of the statbank."""
    licence: Words
    """The licence of the figures."""
    licence_address: str = "https://creativecommons.org/licenses/by/4.0/"
    """Where the licence can be read."""
    region: dict[RegionKind, Text]
    """The name of each kind of region."""
    region_variable: Text
    """The name of the region variable."""
    bydel_variable: Text
    """The name of the region variable of bydel tables."""
    contents_variable: Text
    """The name of the contents variable (statistikkvariabel)."""
    time_variable: Text
    """The name of the time variable."""
    region_labels: dict[str, Text]
    """Names of EAK, EAKUO and EAB, and, under EKG, the word for a KOSTRA group."""
    units: dict[str, Text]
    """Units of measurement by name."""
    signs: dict[Literal[".", "..", ":"], Text]
    """What each sign means."""
    preliminary: Text
    """The mark of preliminary figures."""
    final_figures: Text
    """What follows that mark when the day of the final figures is known; may hold `{date}`."""
    corrected: Text
    """The mark of corrected figures, before the reason; may hold `{date}`."""
    synthetic: Text
    """The mark of synthetic data."""
    provisional: Text
    """The mark of codes and titles that are not confirmed."""
    missing_reports: Text
    """The note that lists kommuner without a report; may hold `{skjema}`, `{vintage}`,
    `{count}` and `{regions}`."""
    estimated: Text
    """The note on larger regions that are estimated; may hold `{skjema}`, `{vintage}`,
    `{count}` and `{share}` (per cent of the inhabitants)."""
    estimated_regions: Text
    """The note that lists larger regions with estimated kommuner; may hold `{vintage}` and
    `{shares}` (per cent of the inhabitants, by region)."""
    in_part: Text
    """The note on figures of a round that publishes only some of a table; may hold `{vintage}`."""
    summed: Text
    """The note on larger regions that are sums of those who reported."""
    suppressed: Text
    """The note on hidden figures."""
    descriptions: Descriptions
    """What catalogues of data and descriptions of files say."""
    estimation: Estimation = Estimation()
    """Limits of estimates."""
