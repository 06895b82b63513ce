"""Words change no figure, and whatever changes a figure is seen."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kostra_publish.cube.plan import Plan
from kostra_publish.drafting.basis import Basis, basis
from kostra_publish.specs.catalogue import load
from tests.few_specs import write_specs

TABLE = "kvp-deltakere"
Edit = tuple[str, str]


def basis_of(specs: Path) -> Basis:
    catalogue = load(specs)
    table = catalogue.tables[TABLE]
    return basis(Plan(catalogue, [table], 2025, "june"), table)


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    return write_specs(tmp_path / "specs")


@pytest.fixture
def edited(specs: Path) -> Callable[..., Basis]:
    def edit(file: str, *edits: Edit) -> Basis:
        path = specs / file
        text = path.read_text(encoding="utf-8")
        for old, new in edits:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")
        return basis_of(specs)

    return edit


def differing(before: Basis, after: Basis) -> list[str]:
    return [code for code in after.measures if not after.shares(before, code)]


def test_titles_labels_units_and_notes_change_nothing(
    specs: Path, edited: Callable[..., Basis]
) -> None:
    before = basis_of(specs)
    after = edited(
        f"{TABLE}.yaml",
        ("nb: Deltakere i kvalifiseringsprogrammet, etter", "nb: Alle deltakere, etter"),
        ("      nb: kjønn\n", "      nb: mann og kvinne\n"),
        ("nb: Gjennomsnittlig antall måneder", "nb: Måneder i snitt"),
        ("unit: personer", "unit: antall"),
        ("nb: Den som har vært deltaker", "nb: Den som har vore med"),
    )
    assert before == after


def test_the_order_of_measures_changes_nothing(specs: Path, edited: Callable[..., Basis]) -> None:
    before = basis_of(specs)
    text = (specs / f"{TABLE}.yaml").read_text(encoding="utf-8")
    first = text[text.index("  - code: KOSkvpdelt") : text.index("  - code: KOSkvpgjmnd")]
    after = edited(f"{TABLE}.yaml", (first, ""), ("\nnotes:", f"\n{first}\nnotes:"))
    assert [*after.measures] == ["KOSkvpgjmnd0000", "KOSkvpdelt0000"]
    assert differing(before, after) == []


def test_a_formula_changes_its_own_measure_alone(specs: Path, edited: Callable[..., Basis]) -> None:
    before = basis_of(specs)
    where = "formula: {kind: count, where: {alder: {to: 29}}}"
    after = edited(f"{TABLE}.yaml", ("formula: {kind: count}", where))
    assert differing(before, after) == ["KOSkvpdelt0000"]


def test_the_values_of_a_category_change_every_measure(
    specs: Path, edited: Callable[..., Basis]
) -> None:
    before = basis_of(specs)
    text = (specs / "shared/codelists.yaml").read_text(encoding="utf-8")
    own = text[text.index("  alder_kvp:") :]
    old = own[own.index("{from:") : own.index("}", own.index("{from:")) + 1]
    other = own.replace(old, "{from: 18, to: 19}", 1)
    after = edited("shared/codelists.yaml", (own, other))
    assert differing(before, after) == [*after.measures]


def test_the_population_of_a_source_changes_every_measure(
    specs: Path, edited: Callable[..., Basis]
) -> None:
    before = basis_of(specs)
    after = edited(
        "shared/sources.yaml",
        ("      STATUS: {given: true}\n", '      STATUS: {given: true}\n      KJONN: "1"\n'),
    )
    assert differing(before, after) == [*after.measures]


@pytest.mark.parametrize(
    ("file", "edit"),
    [
        (f"{TABLE}.yaml", ("measures:\n", "disclosure: {threshold: 5}\nmeasures:\n")),
        (f"{TABLE}.yaml", ("measures:\n", "missing: sum\nmeasures:\n")),
    ],
)
def test_what_protects_or_adds_up_changes_every_measure(
    file: str, edit: Edit, edited: Callable[..., Basis], specs: Path
) -> None:
    before = basis_of(specs)
    after = edited(file, edit)
    assert differing(before, after) == [*after.measures]


def test_decimals_change_the_measure_that_has_them(
    edited: Callable[..., Basis], specs: Path
) -> None:
    before = basis_of(specs)
    after = edited(f"{TABLE}.yaml", ("    unit: ", "    decimals: 3\n    unit: "))
    assert len(differing(before, after)) == 1


def test_it_is_the_same_in_another_process(specs: Path, tmp_path: Path) -> None:
    """The order of sets is another there."""
    told = tmp_path / "basis.pickle"
    program = (
        "import pickle, sys; from pathlib import Path\n"
        "from tests.drafting.test_basis import basis_of\n"
        "Path(sys.argv[2]).write_bytes(pickle.dumps(basis_of(Path(sys.argv[1]))))"
    )
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", program, specs, told],
        check=True,
        cwd=root,
        env={**os.environ, "PYTHONHASHSEED": "4242", "PYTHONPATH": str(root)},
    )
    other = pickle.loads(told.read_bytes())  # noqa: S301  # written a moment ago
    assert differing(other, basis_of(specs)) == []
