"""Safe cubes that are awkward to write, for round trips: cube -> file -> reader -> the same.

``awkward_cubes`` draws a cube whose every text holds what some format reads as its own: quotation
marks, semicolons, line breaks, letters beyond Latin-1, or 300 characters. Some texts are alike.
"""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.specs.dimensions import CubeDimension
from kostra_publish.specs.models import Measure, Note, Scope, Text
from tests.cubes import cube, dimension, dimensions, drawn_cells, facts, measure, table, text

AWKWARD: Final = st.text(
    st.sampled_from("\"';,\\/\n\r\t<>&{}[]: #=æøåÆØÅáÁčŋŊđĐšŧž€😀\u2028\u0000abc"), max_size=300
) | st.sampled_from(["", "x" * 298, "1", "."])
"""What stands within a text, as it is."""

VINTAGES: Final = (2024, 2025)


def awkward_text(words: str) -> Text:
    """A text that can be told apart in each language; none may be blank."""
    return Text(nb=f"a{words}b", nn=f"c{words}d", en=f"e{words}f")


TEXTS: Final = AWKWARD.map(awkward_text)


@st.composite
def awkward_cubes(draw: st.DrawFn) -> SafeCube:
    """A cube with none, one or two dimensions of its own, and one or two vintages, 2025 the last.

    Measures have 0-3 decimals; about a third of the cells are signs, of all three kinds. The
    vintages are preliminary or not, synthetic or not, with a note each; the table's number is
    13995, and the number, a dimension and measures may be provisional.
    """
    measures = [
        _measure(f"KOSdrawn{n}0000", draw) for n in range(draw(st.integers(1, 3), label="measures"))
    ]
    spec = table(
        measures=measures,
        title=draw(TEXTS),
        notes=[Note(text=draw(TEXTS), scope=Scope(measures=[measures[0].code]))],
        provisional=draw(st.booleans()),
        official=draw(st.booleans()),
    )
    sizes = st.integers(1, 4)
    between = [
        dimension(code, {str(n): "-" for n in range(draw(sizes))})
        for code in ["Value", "Kjonn"][: draw(st.integers(0, 2), label="dimensions between")]
    ]
    vintages = VINTAGES[draw(st.integers(0, 1)) :]
    regions = {f"{1000 + n}": "-" for n in range(draw(sizes))}
    dims = [_named(one, draw) for one in dimensions(spec, vintages, regions, between)]
    published = [
        facts(
            year,
            preliminary=draw(st.booleans(), label="preliminary"),
            synthetic=draw(st.booleans(), label="synthetic"),
            notes=(Note(text=draw(TEXTS), mandatory=draw(st.booleans())),),
        )
        for year in vintages
    ]
    cells = drawn_cells(spec, dims, draw(st.integers(0, 10**6), label="cells"))
    return cube(spec, dims, published, cells=cells)


def _measure(code: str, draw: st.DrawFn) -> Measure:
    return measure(
        code,
        label=text(code),
        unit=draw(st.sampled_from(["antall", "prosent"])),
        decimals=draw(st.integers(0, 3), label="decimals"),
        provisional=draw(st.booleans()),
    )


def _named(dimension: CubeDimension, draw: st.DrawFn) -> CubeDimension:
    """The same dimension with drawn names."""
    total = dimension.codes[0] if dimension.role == "classification" else None
    return CubeDimension(
        dimension.code,
        dimension.role,
        draw(TEXTS),
        dimension.codes,
        tuple(draw(TEXTS) for _ in dimension.codes),
        total=total if draw(st.booleans(), label="total") else None,
        provisional=draw(st.booleans()) if dimension.role == "classification" else False,
    )
