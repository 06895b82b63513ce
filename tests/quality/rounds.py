"""Rounds as they might be observed: every kommune, plain figures, nothing wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kostra_publish.codes import regions as codes
from kostra_publish.outputs.quality import Cell, CheckResult, RuleCount
from kostra_publish.quality.assess import assess
from kostra_publish.quality.evidence import Evidence
from kostra_publish.quality.observations import Definition, Observations, Reporting
from kostra_publish.specs.models import RoundKind
from kostra_publish.specs.quality import Check, Checks, Quality
from kostra_publish.specs.yaml_text import read

SPECS = Path(__file__).parents[2] / "table_specs"
QUALITY = Quality.model_validate(read(SPECS / "quality.yaml").content)

DATASETS = {
    "innbyggere": "befolkning",
    "innbyggere_18_24": "befolkning",
    "innbyggere_18_66": "befolkning",
    "tilfeller": "skjema11",
    "tilfeller_18_24": "skjema11",
    "stoenadsmaaneder": "skjema11",
    "utbetalt": "skjema11",
    "livsopphold_flyktninger": "skjema7",
    "f281": "regnskap",
    "aarsverk": "skjema7",
    "kvp_deltakere": "skjema11c",
    "kvp_i_program": "skjema11c",
}
FORMS = ("skjema11", "skjema11c", "skjema7", "regnskap")

Figures = dict[str, dict[str, float]]


def figures(vintage: int) -> Figures:
    """Every indicator of every kommune; sizes differ, and years do by one per cent."""
    year = 1 + (vintage - 2020) / 100
    found: Figures = {name: {} for name in DATASETS}
    for code, own in codes.predecessors(vintage, min(vintage, 2022)).items():
        size = (1000 + 1000 * (int(own or code) % 97)) * year
        shares = {
            "innbyggere": 1, "innbyggere_18_24": 0.08, "innbyggere_18_66": 0.6,
            "tilfeller": 0.03, "tilfeller_18_24": 0.006, "stoenadsmaaneder": 0.15,
            "utbetalt": 1500, "livsopphold_flyktninger": 0.01, "f281": 1.52, "aarsverk": 0.001,
            "kvp_deltakere": 0.002, "kvp_i_program": 0.001,
        }  # fmt: skip
        for name, share in shares.items():
            found[name][code] = size * share
    return found


def observed(
    round_name: str, changes: Mapping[str, Mapping[str, float | None]] | None = None, **own: Any
) -> Observations:
    """A round; ``changes`` are figures by indicator and kommune, None for not reported."""
    vintage = int(round_name[:4]) - 1
    kind: RoundKind = "march" if round_name.endswith("03") else "june"
    found = figures(vintage)
    for name, of_kommuner in (changes or {}).items():
        for kommune, value in of_kommuner.items():
            if value is None:
                found[name].pop(kommune, None)
            else:
                found[name][kommune] = value
    given: dict[str, Any] = {
        "definitions": {
            name: Definition(datasets=(dataset,), sha256=name) for name, dataset in DATASETS.items()
        },
        "reports": {form: reporting(vintage) for form in FORMS},
        "records": {"skjema11": 1000, "skjema11c": 100},
    }
    return Observations(round_name, vintage, kind, found, **(given | own))


def reporting(vintage: int, missing: int = 0, none: tuple[str, ...] = ()) -> Reporting:
    kommuner = codes.kommuner(vintage)["kommune"].to_list()
    return Reporting(
        skjema="skjema", expected=len(kommuner), missing=tuple(kommuner[:missing]), none=none
    )


def evidence(now: Observations, *earlier: Observations, **own: Any) -> Evidence:
    return Evidence(now, earlier, indicators=QUALITY.indicators, **own)


def check(name: str, given: Evidence, **changes: object) -> CheckResult:
    """What comes of one check of ``quality.yaml``, with some of its limits changed."""
    limits: Check = getattr(QUALITY.checks, name)
    changed = type(limits).model_validate(limits.model_dump() | changes)
    [result] = assess(Checks.model_validate({name: changed}), given)
    return result


def flagged(result: CheckResult, column: str = "kommune") -> list[Cell]:
    """What stands in a column of the rows that made a check fail."""
    place = [one.key for one in result.columns].index(column)
    return [row.cells[place] for row in result.rows if row.flagged]


def rule(number: str, records: int, severity: str = "ERROR", form: str = "11F") -> RuleCount:
    return RuleCount(form, 2025, number, severity, "What it says", records, (("0301", records),))
