"""The walk of docs/guide/new-table.md, taken as it is written there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.main import get_command

from kostra_publish import cli
from kostra_publish.checking import check_specs, round_inputs
from kostra_publish.cube.build import build
from kostra_publish.cube.plan import Plan
from kostra_publish.deriving import Asked, derive
from kostra_publish.microdata import synth
from kostra_publish.specs.catalogue import load
from tests.few_specs import write_specs
from tests.guides import blocks
from tests.schedule import a_round

GUIDE = "new-table"
TABLE = "unge-enslige-forsorgere"


def commands() -> list[list[str]]:
    return [shlex.split(line)[1:] for block in blocks(GUIDE, "sh") for line in block.splitlines()]


def put_in_place(text: str, block: str) -> str:
    """The spec with a key as the block has it: in the place of its own, or of its example."""
    key = block.partition(":")[0]
    section = re.compile(rf"^#?{key}:\n(?:#?  .*\n)+", re.MULTILINE)
    assert len(section.findall(text)) == 1
    return section.sub(lambda _: block, text)


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of specs with the table, as it is when the walk has been taken."""
    folder = write_specs(tmp_path_factory.mktemp("walk") / "table_specs", "kvp-deltakere", "13995")
    with pytest.raises(SystemExit):
        cli.main([*commands()[0], "--specs", str(folder)])
    path = folder / f"{TABLE}.yaml"
    text = path.read_text(encoding="utf-8")
    for block in blocks(GUIDE, "yaml"):
        text = put_in_place(text, block)
    path.write_text(text, encoding="utf-8")
    return folder


def test_the_table_of_the_walk_passes_and_no_word_waits_for_another(specs: Path) -> None:
    found = check_specs(specs).catalogue.table(TABLE)
    assert [one.formula.kind for one in found.measures] == ["count", "share", "mean"]
    assert [one.variable for one in found.dimensions] == ["KJONN"]
    text = (specs / f"{TABLE}.yaml").read_text(encoding="utf-8")
    used = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert [line for line in used if re.search("TITTEL|TITLE|NAVN|NAMN|NAME|GRUNN", line)] == []


def test_the_table_of_the_walk_counts_whom_it_says(specs: Path, tmp_path: Path) -> None:
    synth.write(tmp_path, vintages=[2025], scale=0.01, filuttrekk=False)
    catalogue, march = load(specs), a_round("2026-03")
    plan = Plan(catalogue, [catalogue.table(TABLE)], march.vintage, march.kind)
    inputs = round_inputs(plan, march, str(tmp_path))
    counted = inputs.count(plan.sources, plan.population, plan.queries)
    (cube,) = build(plan, counted.results, counted.statuses, inputs.file_names).cubes
    shape = [len(one.codes) for one in cube.dimensions]
    country = cube.dimensions[0].codes.index("EAK")
    number, share, mean = cube.value.reshape(shape)[country, ..., 0].T
    both, men, women = number
    assert men + women == pytest.approx(both)
    assert both > 0
    # A form is delivered by nearly all kommuner; the rest is estimated.
    file = pl.read_parquet(tmp_path / "skjema11_p2025_v1.parquet")
    single = file.filter(~pl.col("EKTSTAT").is_in(["2", "3"]) & (pl.col("BU18") == "1"))
    assert both <= single.height * 1.1
    assert np.all((share > 0) & (share < 100))
    assert np.all((mean >= 1) & (mean <= 12))


def test_the_figures_of_the_walk_can_be_explained(specs: Path) -> None:
    verb, table, measure = next(one for one in commands() if one[0] == "explain")
    found = derive(load(specs), Asked(table, measure))
    (formula,) = [
        line
        for part in found.sections
        for row in part.rows
        if row.name == "formula"
        for line in row.lines
    ]
    assert verb == "explain"
    assert formula == (
        "100 × the number of tilfeller where alder is 29 or less and familiefase is EBM or EBK ÷ "
        "the number of tilfeller where alder is 29 or less"
    )


def test_every_verb_of_the_walk_is_one() -> None:
    # `preview` and `show` are verbs of their own, and come with what they show.
    known = {*get_command(cli.app).commands, "preview", "show"}  # type: ignore[attr-defined]
    assert {one[0] for one in commands()} <= known
