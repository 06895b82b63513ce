import numpy as np
import pytest

from kostra_publish.cube.cube import NOT_COUNTED, Cube, State
from kostra_publish.disclosure.primary import protect
from kostra_publish.disclosure.safe import SafeCube, VintageFacts
from kostra_publish.specs.dimensions import CubeDimension
from kostra_publish.specs.models import Note, Text
from tests.cube.specs import measure, table, text
from tests.schedule import a_round

FACTS = VintageFacts(
    vintage=2025,
    round="2026-03",
    published=a_round("2026-03").updated,
    preliminary=True,
    synthetic=True,
)


def dimension(code: str, role: str, *codes: str) -> CubeDimension:
    labels = tuple(Text(nb=name, nn=name, en=name) for name in codes)
    return CubeDimension(code, role, Text(**text(code)), codes, labels)  # type: ignore[arg-type]


def cube(values: list[float], units: list[int], states: list[State], **keys: object) -> Cube:
    """Regions by two measures: a count, and a mean with one decimal."""
    spec = table(
        [measure("n", kind="count"), measure("mean", 1, kind="mean", of="stoenadsmaaneder")], **keys
    )
    regions = [str(1000 + number) for number in range(len(values) // 2)]
    return Cube(
        spec,
        2025,
        (
            dimension("region", "geo", *regions),
            dimension("ContentsCode", "metric", "n", "mean"),
            dimension("Tid", "time", "2025"),
        ),
        np.array(values),
        np.array(units),
        np.array(states, dtype=np.uint8),
        (Note(text=Text(**text("missing"))),),
    )


def published(of: Cube) -> list[float | str]:
    safe = protect(of, FACTS)
    return [
        value if status is None else status
        for value, status in zip(safe.values, safe.statuses, strict=True)
    ]


FIGURE, ABSENT, MISSING = State.FIGURE, State.NOT_APPLICABLE, State.MISSING


def test_one_to_three_are_hidden_and_zero_is_shown() -> None:
    values = [0.0, 2.0, 1.0, 2.0, 3.0, 2.0, 4.0, 2.25]
    of = cube(values, [0, 0, 1, 1, 3, 3, 4, 4], [FIGURE] * 8)
    assert published(of) == [0, 2, ":", ":", ":", ":", 4, 2.3]


def test_zeros_are_hidden_where_the_spec_asks_for_it() -> None:
    of = cube([0.0, 5.0], [0, 5], [FIGURE] * 2, disclosure={"hide_zeros": "true"})
    assert published(of) == [":", 5]


def test_a_spec_can_tighten_the_threshold() -> None:
    of = cube([5.0, 6.0], [5, 6], [FIGURE] * 2, disclosure={"threshold": "6"})
    assert published(of) == [":", 6]


def test_a_spec_cannot_loosen_the_threshold() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 4"):
        cube([1.0, 1.0], [1, 1], [FIGURE] * 2, disclosure={"threshold": "3"})


def test_figures_without_persons_are_shown() -> None:
    assert published(cube([1.0, 2.0], [NOT_COUNTED] * 2, [FIGURE] * 2)) == [1, 2]


def test_other_figures_are_hidden_beside_the_small_ones() -> None:
    of = cube([5.0, 6.0, np.nan, 2.0], [5, 6, 5, 2], [FIGURE, FIGURE, MISSING, FIGURE])
    safe = protect(of, FACTS, np.array([True, False, True, False]))
    assert safe.statuses.to_list() == [":", None, "..", ":"]


def test_missing_and_not_applicable_keep_their_signs() -> None:
    of = cube([np.nan, np.nan], [2, 2], [ABSENT, MISSING])
    assert published(of) == [".", ".."]


def test_hidden_figures_are_nowhere_in_the_safe_cube() -> None:
    safe = protect(cube([3.0, 123456.0], [3, 3], [FIGURE] * 2), FACTS)
    assert safe.values.null_count() == 2
    assert "123456" not in str(safe.frame())


def test_the_cubes_notes_come_along() -> None:
    safe = protect(cube([5.0, 5.0], [5, 5], [FIGURE] * 2), FACTS)
    assert safe.vintages[2025].notes[0].text.nb == "missing nb"
    assert safe.vintages[2025].preliminary


def test_only_disclosure_control_can_make_a_safe_cube() -> None:
    of = protect(cube([5.0, 5.0], [5, 5], [FIGURE] * 2), FACTS)
    with pytest.raises(TypeError, match="disclosure control"):
        SafeCube(object(), of.table, of.dimensions, of.frame(), of.vintages)  # type: ignore[arg-type]
