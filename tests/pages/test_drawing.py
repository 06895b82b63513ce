"""The drawings of the key-figure site: what is drawn where, and what carries a cell."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from kostra_publish.pages.drawing import (
    Bar,
    Block,
    Dot,
    Line,
    Point,
    Tile,
    Words,
    bars,
    dots,
    line_chart,
    sparkline,
    strip,
    tile_map,
)
from kostra_publish.pages.drawing_parts import LETTER, TEXT, scale_of, wrapped


def number(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace(".", ",").replace("-", "−")


WORDS = Words(
    "foreløpig",
    "beregnet",
    {":": "skjult", "..": "ikke rapportert", ".": "ikke aktuelt"},
    number,
    broken="brudd i serien",
    levels="laveste til høyeste femdel",
)


def point(
    value: float | str, year: int = 2025, area: str = "1124", *, preliminary: bool = False
) -> Point:
    """A figure, or a sign when it is a text."""
    cell = f"14019 KOSand1 {area} {year}"
    if isinstance(value, str):
        return Point(year, None, value, value, cell)
    return Point(year, value, "", number(value, 1), cell, preliminary=preliminary)


def line(values: Sequence[float | str], name: str = "Sola", role: str = "own") -> Line:
    """Figures of a line to 2025."""
    first = 2026 - len(values)
    return Line(name, tuple(point(v, first + i, name) for i, v in enumerate(values)), role)


def drawn(lines: Sequence[Line], breaks: Sequence[int] = ()) -> Markup:
    return line_chart(
        lines,
        element_id="chart",
        title="Mottakere",
        description="Linjer",
        unit="prosent",
        words=WORDS,
        breaks=breaks,
    )


def drawn_bars(rows: Sequence[Bar]) -> Markup:
    return bars(rows, element_id="bars", title="Fylker", description="Stolper", words=WORDS)


def drawn_dots(values: Sequence[Dot]) -> Markup:
    return dots(
        values, element_id="dots", title="Alle", description="Prikker", unit="kr", words=WORDS
    )


def drawn_tiles(blocks: Sequence[Block]) -> Markup:
    return tile_map(blocks, element_id="map", title="Kart", description="Ruter", words=WORDS)


# --- reading a drawing --------------------------------------------------------------------


def parsed(markup: Markup) -> ET.Element:
    svg = ET.fromstring(f"<body>{markup}</body>").find("svg")  # noqa: S314  # our own
    assert svg is not None
    return svg


def having(svg: ET.Element, *classes: str, tag: str = "*") -> list[ET.Element]:
    wanted = set(classes)
    return [one for one in svg.iter(tag) if wanted <= set(one.get("class", "").split())]


def whole(element: ET.Element) -> str:
    """The text of an element without its title."""
    inner = [element.text or ""]
    for child in element:
        inner += [] if child.tag == "title" else [whole(child)]
        inner.append(child.tail or "")
    return "".join(inner)


Box = tuple[float, float, float, float]


def box_of_text(element: ET.Element) -> Box:
    """About where a text is at its largest."""
    spans = element.findall("tspan")
    lines = [whole(span).strip() for span in spans] or [whole(element)]
    width = LETTER * max(len(words) for words in lines)
    x, y = float(element.get("x", 0)), float(element.get("y", 0))
    left = (
        x - {"start": 0.0, "middle": width / 2, "end": width}[element.get("text-anchor", "start")]
    )
    if spans:
        return left, y - TEXT, left + width, y + TEXT
    base = y + float(element.get("dy", "0em")[:-2]) * TEXT
    return left, base - 0.72 * TEXT, left + width, base


def path_points(d: str) -> Iterator[tuple[float, float]]:
    """The corners of a path."""
    x = y = 0.0
    for command, rest in re.findall(r"([a-zA-Z])([^a-zA-Z]*)", d):
        numbers = [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", rest)]
        if command in "HhVv":
            sideways = command in "Hh"
            pairs = [(n, 0.0) if sideways else (0.0, n) for n in numbers]
            for across, down in pairs:
                if command == "H":
                    x = across
                elif command == "V":
                    y = down
                else:
                    x, y = x + across, y + down
                yield x, y
            continue
        for across, down in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = (x + across, y + down) if command.islower() else (across, down)
            yield x, y


def corners(svg: ET.Element) -> Iterator[tuple[float, float]]:
    """The corners of all that is drawn."""
    for element in svg.iter():
        match element.tag:
            case "text":
                left, top, right, bottom = box_of_text(element)
                yield from ((left, top), (right, bottom))
            case "circle":
                x, y, r = (float(element.get(key, 0)) for key in ("cx", "cy", "r"))
                yield from ((x - r, y - r), (x + r, y + r))
            case "rect":
                x, y, w, h = (float(element.get(key, 0)) for key in ("x", "y", "width", "height"))
                yield from ((x, y), (x + w, y + h))
            case "path" if element.get("class") != "hatch":
                yield from path_points(element.get("d", ""))
            case _:
                pass


def assert_inside(svg: ET.Element) -> None:
    _, _, width, height = (float(each) for each in svg.get("viewBox", "").split())
    for x, y in corners(svg):
        assert -1 <= x <= width + 1, (x, y)
        assert -1 <= y <= height + 1, (x, y)


FOUR = [
    line([4.1, 4.4, ":", 5.0, 5.3, 4.9, 4.6, 4.8, 5.1, 5.5]),
    line([3.9, 4.0, 4.1, 4.2, 4.6, 4.5, 4.4, 4.5, 4.7, 4.9], "Kostragruppe 11", "group"),
    line([4.3, 4.2, 4.2, "..", 4.8, 4.7, 4.5, 4.4, 4.6, 4.8], "Møre og Romsdal", "county"),
    line([4.6, 4.7, 4.8, 4.7, 4.9, 5.0, 4.9, 5.0, 5.1, 5.3], "Landet uten Oslo", "country"),
]
ROWS = [
    Bar("Guovdageaidnu - Kautokeino", point(3.2), own=True),
    Bar("Rogaland", point(1.4, preliminary=True)),
    Bar("Utsira", point(":")),
    Bar("Landet", replace(point(0.4), estimated=True)),
]
SWARM = [Dot((i * 37 % 101) / 10, f"Kommune {i}", "1,0", f"14019 M {i} 2025") for i in range(350)]
BLOCKS = [
    Block(
        "Møre og Romsdal",
        0,
        1,
        tuple(Tile(f"Kommune {i}", "1,0", f"M {i}", i % 5, "") for i in range(9)),
    ),
    Block(
        "Finnmark - Finnmárku - Finmarkku",
        3,
        0,
        (Tile("Vardø", ":", "M a", None, ":"), Tile("Vadsø", "..", "M b", None, "..")),
    ),
]
PICTURES: dict[str, Callable[[], Markup]] = {
    "lines": lambda: drawn(FOUR, [2019]),
    "alone": lambda: drawn([line([":", 12.0, ":", ".."])]),
    "below": lambda: drawn([line([-2.5, 1.2, 0.4, -0.8])]),
    "spark": lambda: sparkline(FOUR[0].points),
    "strip": lambda: strip([0.0, 0.3, 0.31, 1.0], 1.0, 0.0),
    "bars": lambda: drawn_bars(ROWS),
    "both": lambda: drawn_bars([*ROWS, Bar("Ned", point(-2.0))]),
    "dots": lambda: drawn_dots(SWARM),
    "equal": lambda: drawn_dots([replace(dot, value=3.0) for dot in SWARM]),
    "tiles": lambda: drawn_tiles(BLOCKS),
}


# --- all drawings -------------------------------------------------------------------------


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_is_outside_the_picture(name: str) -> None:
    assert_inside(parsed(PICTURES[name]()))


@pytest.mark.parametrize("name", PICTURES)
def test_the_same_is_drawn_again(name: str) -> None:
    assert PICTURES[name]() == PICTURES[name]()


@pytest.mark.parametrize("name", PICTURES)
def test_colours_are_the_style_sheets(name: str) -> None:
    svg = parsed(PICTURES[name]())
    for element in svg.iter():
        assert not {"style", "stroke", "onclick"} & set(element.keys())
        assert element.get("fill", "url(").startswith("url(")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_a_name_or_is_left_out_for_those_who_do_not_see_it(name: str) -> None:
    svg = parsed(PICTURES[name]())
    if name in {"spark", "strip"}:
        assert svg.get("aria-hidden") == "true"
        assert not "".join(svg.itertext())
    else:
        assert svg.get("role") == "img"
        named = [one.get("id") for one in (svg.find("title"), svg.find("desc")) if one is not None]
        assert svg.get("aria-labelledby", "").split() == named


@pytest.mark.parametrize("name", PICTURES)
def test_figures_stand_alone_in_what_carries_their_cell(name: str) -> None:
    figure = r"−?\d+(,\d)?|:|\.\.|\."
    for element in parsed(PICTURES[name]()).iter():
        if element.get("data-c") is None:
            continue
        if element.tag == "text":
            assert re.fullmatch(figure, whole(element))
            assert element.find("title") is None
        else:
            assert re.fullmatch(rf"[^:]+: ({figure})", element.findtext("title", ""))


@pytest.mark.parametrize("name", PICTURES)
def test_other_digits_are_of_ticks_years_and_names(name: str) -> None:
    for element in parsed(PICTURES[name]()).iter("text"):
        if element.get("data-c") is None and re.search(r"\d", whole(element)):
            assert set(element.get("class", "").split()) & {"tick", "year", "name"}


@pytest.mark.parametrize("name", PICTURES)
def test_ticks_are_round(name: str) -> None:
    for tick in having(parsed(PICTURES[name]()), "tick"):
        digits = re.sub(r"\D", "", whole(tick)).strip("0")
        assert len(digits) <= 3


def test_names_and_cells_are_escaped() -> None:
    sly = "<script>\"&'"
    bad = replace(point(1.0), text=sly, cell=sly)
    words = replace(WORDS, number=lambda _value, _decimals: sly, signs={":": sly}, preliminary=sly)
    pictures = [
        line_chart(
            [Line(sly, (bad, replace(bad, sign=":", year=2026)), sly)],
            unit=sly,
            words=words,
            element_id=sly,
            title=sly,
            description=sly,
        ),
        bars(
            [Bar(sly, replace(bad, preliminary=True)), Bar(sly, point(":"))],
            words=words,
            element_id=sly,
            title=sly,
            description=sly,
        ),
        dots(
            [Dot(1.0, sly, sly, sly)],
            unit=sly,
            words=words,
            element_id=sly,
            title=sly,
            description=sly,
        ),
        tile_map(
            [Block(sly, 0, 0, (Tile(sly, sly, sly, 1, ""),))],
            words=words,
            element_id=sly,
            title=sly,
            description=sly,
        ),
    ]
    for picture in pictures:
        assert "<script" not in picture
        assert "".join(parsed(picture).itertext()).count("<script>") > 1


def test_nothing_to_show_is_nothing() -> None:
    assert not drawn([])
    assert not drawn([line([":", ":"])])
    assert not sparkline([])
    assert not sparkline([point(":")])
    assert not strip([], 0.5, None)
    assert not drawn_bars([Bar("Utsira", point(":"))])
    assert not drawn_dots([])
    assert not drawn_tiles([Block("Oslo", 0, 0, ())])


# --- what is hidden -----------------------------------------------------------------------

FIGURES = st.integers(-(10**9), 10**9).map(lambda thousandths: thousandths / 1000)
CUT = st.lists(st.one_of(FIGURES, st.sampled_from([":", "..", "."])), min_size=1)


@given(CUT, st.floats(-1e9, 1e9), st.text())
def test_what_is_behind_a_sign_moves_nothing(
    values: list[float | str], behind: float, text: str
) -> None:
    told = line(values)
    filled = replace(
        told,
        points=tuple(
            replace(one, value=behind, text=text) if one.sign else one for one in told.points
        ),
    )
    assert drawn([told]) == drawn([filled])
    assert sparkline(told.points) == sparkline(filled.points)
    assert drawn_bars([Bar("x", one) for one in told.points]) == drawn_bars(
        [Bar("x", one) for one in filled.points]
    )


def test_a_hidden_tile_has_no_level_nor_figure() -> None:
    hidden = Tile("Utsira", ":", "M", None, ":")
    behind = replace(hidden, text="4", level=3)
    assert drawn_tiles([Block("A", 0, 0, (hidden,))]) == drawn_tiles([Block("A", 0, 0, (behind,))])


@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_any_values_stay_inside(values: list[float]) -> None:
    assert_inside(parsed(sparkline(line(values).points)))
    _, _, _, height = (float(n) for n in parsed(drawn([line(values)])).get("viewBox", "").split())
    for circle in having(parsed(drawn([line(values)])), "point", "own", tag="circle"):
        assert 30 < float(circle.get("cy", 0)) < height


# --- line charts --------------------------------------------------------------------------


def test_a_gap_breaks_the_line_and_its_sign_stands_at_the_foot() -> None:
    svg = parsed(drawn([line([4.0, 5.0, ":", 5.0, 4.0])]))
    (path,) = having(svg, "line", "own")
    assert path.get("d", "").count("M") == 2
    (sign,) = having(svg, "sign", "suppressed", tag="text")[:1]
    assert sign.get("data-c") == "14019 KOSand1 Sola 2023"
    years = {whole(year): year.get("x") for year in having(svg, "year")}
    assert sign.get("x") == years["2023"]
    zero = float(re.findall(r"M[\d.]+ ([\d.]+)", having(svg, "zero")[0].get("d", ""))[0])
    assert float(sign.get("y", 0)) > zero
    assert [whole(key) for key in having(svg, "key")] == ["skjult"]


def test_a_year_that_is_left_out_breaks_the_line_too() -> None:
    short = line([4.0, 5.0, 6.0, 7.0])
    short = replace(short, points=(*short.points[:2], short.points[3]))
    other = line([1.0, 1.0, 1.0, 1.0], "Landet", "country")
    (path,) = having(parsed(drawn([short, other])), "line", "own")
    assert path.get("d", "").count("M") == path.get("d", "").count("L") == 1


def test_a_figure_by_itself_is_a_dot() -> None:
    svg = parsed(drawn([line([":", 5.0, ":", 6.0, 6.0])]))
    (alone,) = having(svg, "point", "alone")
    assert alone.findtext("title") == "2022: 5,0"


def test_the_axis_has_zero() -> None:
    svg = parsed(drawn([line([104.0, 105.0])]))
    assert [whole(tick) for tick in having(svg, "tick")] == ["0", "50", "100", "150"]
    below = parsed(drawn([line([-4.5, -3.0])]))
    assert [whole(tick) for tick in having(below, "tick")] == ["−6", "−4", "−2", "0"]


def test_heights_are_in_proportion() -> None:
    svg = parsed(drawn([line([1.5, 3.0, 0.0])]))
    one, two, none = (float(each.get("cy", 0)) for each in having(svg, "point", tag="circle"))
    assert none - two == pytest.approx(2 * (none - one), abs=0.2)


def test_preliminary_is_hollow_and_dashed_and_estimated_is_a_diamond() -> None:
    told = line([4.0, 5.0, 6.0])
    first, second, third = told.points
    told = replace(
        told, points=(first, replace(second, estimated=True), replace(third, preliminary=True))
    )
    svg = parsed(drawn([told]))
    assert len(having(svg, "line", "own", "preliminary")) == 1
    (hollow,) = having(svg, "point", "own", "preliminary")
    assert (hollow.tag, hollow.findtext("title")) == ("circle", "2025: 6,0")
    (diamond,) = having(svg, "point", "own", "estimated")
    assert (diamond.tag, diamond.get("data-c")) == ("path", second.cell)
    assert [whole(key) for key in having(svg, "key")] == ["foreløpig", "beregnet"]


def test_a_break_is_a_line_at_its_year() -> None:
    svg = parsed(drawn([line([4.0, 5.0, 6.0])], [2024, 1990]))
    at, key = having(svg, "break")
    years = {whole(year): year.get("x") for year in having(svg, "year")}
    assert at.get("d", "").startswith(f"M{years['2024']} ")
    assert key is not None
    assert [whole(word) for word in having(svg, "key")] == ["brudd i serien"]


def test_first_and_last_figures_are_told() -> None:
    svg = parsed(drawn([line([":", 4.0, 5.0, 6.0, ":"]), line([9.0] * 5, "Landet", "country")]))
    assert sorted(whole(value) for value in having(svg, "value", "own")) == ["4,0", "6,0"]


def test_figures_with_no_room_between_them_are_told_once() -> None:
    svg = parsed(drawn([line([":"] * 8 + [40000.0, 50000.0])]))
    assert [whole(value) for value in having(svg, "value", "own")] == ["50000,0"]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=4))
def test_names_do_not_lie_over_each_other(ends: list[float]) -> None:
    names = ["Guovdageaidnu - Kautokeino", "Kostragruppe 11", "Møre og Romsdal", "Landet uten Oslo"]
    roles = ["own", "group", "county", "country"]
    lines = [
        line([50.0, end], name, role) for end, name, role in zip(ends, names, roles, strict=False)
    ]
    svg = parsed(drawn(lines))
    boxes = sorted(box_of_text(name) for name in having(svg, "name", tag="text"))
    assert len(boxes) == len(ends)
    for one, other in combinations(boxes, 2):
        assert one[1] >= other[3] - 6 or other[1] >= one[3] - 6
    assert_inside(svg)


def test_names_stand_in_the_order_of_the_ends_of_their_lines() -> None:
    names = {
        whole(name).strip(): float(name.get("y", 0)) for name in having(parsed(drawn(FOUR)), "name")
    }
    ordered = sorted(names, key=lambda name: names[name])
    assert ordered[:4] == ["Sola", "Landet uten Oslo", "Kostragruppe 11", "Møre og Romsdal"]


def test_years_have_room() -> None:
    many = parsed(drawn([line([1.0] * 26)]))
    places = [float(year.get("x", 0)) for year in having(many, "year")]
    assert whole(having(many, "year")[-1]) == "2025"
    assert all(after - before > 4 * LETTER + 5 for before, after in pairwise(places))


def test_a_line_with_signs_only_has_its_name_at_the_foot() -> None:
    svg = parsed(drawn([line([":", ":"]), line([3.0, 4.0], "Landet", "country")]))
    assert "Sola" in [whole(name) for name in having(svg, "name", "own")]
    assert not having(svg, "value")


# --- small drawings -----------------------------------------------------------------------


def test_a_sparkline_has_gaps_and_an_end() -> None:
    svg = parsed(sparkline(line([4.0, 5.0, ":", 6.0, ":", 7.0, 8.0]).points))
    (path,) = having(svg, "line")
    assert path.get("d", "").count("M") == 2
    assert having(svg, "gap")[0].get("d", "").count("M") == 2
    assert having(svg, "alone")[0].get("d", "").count("M") == 1
    (end,) = having(svg, "end")
    assert end.get("cx") == "92.0"


def test_a_sparkline_makes_no_drama_of_a_small_change() -> None:
    calm = parsed(sparkline(line([100.0, 101.0]).points))
    heights = [y for _, y in path_points(having(calm, "line")[0].get("d", ""))]
    assert max(heights) - min(heights) < 2


def test_a_strip_is_one_path_of_few_places() -> None:
    svg = parsed(strip([each / 1000 for each in range(1000)], 0.5, None))
    (ticks,) = having(svg, "ticks")
    assert ticks.get("d", "").count("M") <= 61
    assert [each.tag for each in having(svg, "own")] == ["path", "circle"]
    assert not having(svg, "group")
    assert not having(parsed(strip([0.1, 0.2], None, 0.2)), "own")


# --- areas --------------------------------------------------------------------------------


def test_a_sign_has_no_bar_but_its_word() -> None:
    svg = parsed(drawn_bars(ROWS))
    assert len([bar for bar in having(svg, "bar", tag="rect") if bar.get("data-c")]) == 3
    assert [whole(sign) for sign in having(svg, "sign", tag="text")] == [":"]
    assert [whole(note) for note in having(svg, "note")] == ["skjult"]
    widths = [float(bar.get("width", 0)) for bar in having(svg, "bar") if bar.get("data-c")]
    assert widths[0] / widths[1] == pytest.approx(3.2 / 1.4, rel=0.01)


def test_dots_do_not_lie_over_each_other() -> None:
    circles = having(parsed(drawn_dots(SWARM)), "dot")
    assert len(circles) == len(SWARM)
    places = [tuple(float(one.get(key, 0)) for key in ("cx", "cy", "r")) for one in circles]
    for (x, y, r), (u, v, s) in combinations(places, 2):
        assert (x - u) ** 2 + (y - v) ** 2 >= (r + s) ** 2 - 0.5


def test_dots_do_not_depend_on_the_order_they_come_in() -> None:
    assert drawn_dots(SWARM) == drawn_dots(SWARM[::-1])


def test_tiles_show_their_level_or_their_sign() -> None:
    svg = parsed(drawn_tiles(BLOCKS))
    cells = {one.get("data-c"): one for one in having(svg, "tile") if one.get("data-c")}
    assert cells["M 3"].get("class") == "tile level-3"
    assert cells["M 3"].findtext("title") == "Kommune 3: 1,0"
    assert (cells["M a"].get("class"), cells["M a"].get("fill")) == (
        "tile suppressed",
        "url(#map-hatch)",
    )
    assert cells["M b"].get("class") == "tile missing"
    assert len(cells) == 11
    assert [whole(key) for key in having(svg, "key")] == [WORDS.levels, "skjult", "ikke rapportert"]


# --- parts --------------------------------------------------------------------------------


@given(st.floats(0, 1e9), st.booleans())
def test_an_axis_has_few_round_ticks_and_holds_its_values(high: float, whole_only: bool) -> None:
    scale = scale_of(0.0, high, whole=whole_only)
    assert 3 <= len(scale.ticks) <= 5
    assert scale.low == 0
    assert scale.high >= high * (1 - 1e-6)
    for tick in scale.ticks:
        assert round(tick, scale.decimals) == pytest.approx(tick)
        assert not whole_only or tick % 1 == 0


def test_names_are_wrapped_between_words_and_keep_their_numbers() -> None:
    assert wrapped("Sola", 15) == ("Sola",)
    assert wrapped("Landet uten Oslo", 15) == ("Landet uten", "Oslo")
    assert wrapped("Kostragruppe 11", 8) == ("Kostrag…",)
    assert wrapped("Guovdageaidnu - Kautokeino", 15) == ("Guovdageaidnu -", "Kautokeino")
    assert wrapped("", 15) == ("",)
