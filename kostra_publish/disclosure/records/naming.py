"""What regions of rows are called."""

from __future__ import annotations

from collections.abc import Sequence

from kostra_publish.codes import regions as codes
from kostra_publish.disclosure.records.regions import Told
from kostra_publish.disclosure.safe_records import RegionFacts
from kostra_publish.specs.models import Text

_REST = "-R"
"""What the code of a region has after it, where it is what is left of it."""

_OTHERS = Text(nb="øvrige kommuner", nn="andre kommunar", en="other municipalities")
_COUNTRY = Text(nb="Hele landet", nn="Heile landet", en="The whole country")
_ELSEWHERE = Text(
    nb="Øvrige kommuner i landet", nn="Andre kommunar i landet", en="Other municipalities"
)
_UNDER = Text(
    nb="kommuner med under {0} innbyggere",
    nn="kommunar med under {0} innbyggjarar",
    en="municipalities of fewer than {0} inhabitants",
)
_BETWEEN = Text(
    nb="kommuner med {0} innbyggere eller mer, men under {1}",
    nn="kommunar med {0} innbyggjarar eller meir, men under {1}",
    en="municipalities of {0} inhabitants or more, but fewer than {1}",
)
_OVER = Text(
    nb="kommuner med {0} innbyggere eller mer",
    nn="kommunar med {0} innbyggjarar eller meir",
    en="municipalities of {0} inhabitants or more",
)


def named(told: Sequence[Told], year: int, sizes: Sequence[int]) -> list[RegionFacts]:
    """Codes and names of regions, in their order."""
    kommuner = dict(codes.kommuner(year).select("kommune", "navn").iter_rows())
    fylker = dict(codes.fylker(year).iter_rows())
    found = []
    for one in told:
        code, label = _named(one, kommuner, fylker, sizes)
        found.append(RegionFacts(code, one.kind, label, one.kommuner))
    return found


def _named(
    one: Told, kommuner: dict[str, str], fylker: dict[str, str], sizes: Sequence[int]
) -> tuple[str, Text]:
    if one.kind == "kommune":
        return one.kommuner[0], _same(kommuner[one.kommuner[0]])
    if one.fylke is None:
        whole = codes.LAND, _COUNTRY
        return whole if one.whole else (codes.LAND + _REST, _ELSEWHERE)
    fylke, name = f"EKA{one.fylke}", fylker[one.fylke]
    if one.size is not None:
        return f"{fylke}-{one.size + 1}", _within(name, _of_size(one.size, sizes))
    return (fylke, _same(name)) if one.whole else (fylke + _REST, _within(name, _OTHERS))


def _same(name: str) -> Text:
    return Text(nb=name, nn=name, en=name)


def _within(fylke: str, words: Text) -> Text:
    return Text(nb=f"{fylke}: {words.nb}", nn=f"{fylke}: {words.nn}", en=f"{fylke}: {words.en}")


def _of_size(size: int, sizes: Sequence[int]) -> Text:
    if not sizes:
        return _OTHERS
    if size == 0:
        words, bounds = _UNDER, sizes[:1]
    elif size == len(sizes):
        words, bounds = _OVER, sizes[-1:]
    else:
        words, bounds = _BETWEEN, sizes[size - 1 : size + 1]
    spaced = [f"{bound:,}".replace(",", "\N{NO-BREAK SPACE}") for bound in bounds]
    return Text(
        nb=words.nb.format(*spaced),
        nn=words.nn.format(*spaced),
        en=words.en.format(*(f"{bound:,}" for bound in bounds)),
    )
