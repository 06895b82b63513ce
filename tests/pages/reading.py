"""Pages as one who checks them reads them, and figures written without the program's help."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "input", "br", "hr", "img"})
POINTS = frozenset({"circle", "rect", "path"})
SPACE, MINUS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Element]:
        """It and all elements below, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child

    @property
    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text for one in self.children)

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    def all(self, tag: str = "", **wanted: str) -> list[Element]:
        """Those with a tag, and with attributes of these values; ``class_`` is one of several."""
        return [one for one in self if one.tag == (tag or one.tag) and one.fits(wanted)]

    def one(self, tag: str = "", **wanted: str) -> Element:
        [found] = self.all(tag, **wanted)
        return found

    def fits(self, wanted: dict[str, str]) -> bool:
        return all(
            value in self.get("class").split() if name == "class_" else self.get(name) == value
            for name, value in wanted.items()
        )

    def marks(self, name: str = "data-c") -> list[str]:
        return [one.attributes[name] for one in self if name in one.attributes]


class Reader(HTMLParser):
    """Builds the tree of a page; each element but those that are void must be closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = Element(tag, {name: value or "" for name, value in attrs})
        assert len(found.attributes) == len(attrs), f"an attribute twice in {tag} {attrs}"
        self.open[-1].children.append(found)
        if tag not in VOID:
            self.open.append(found)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(page: bytes) -> Element:
    reader = Reader()
    reader.feed(page.decode())
    reader.close()
    [root] = reader.open
    return root


def written(value: float, decimals: int, language: str, *, signed: bool = False) -> str:
    """A number, half away from zero, with thousands in groups."""
    rounded = Decimal(str(value)).quantize(Decimal(10) ** -decimals, ROUND_HALF_UP)
    whole, _, rest = str(abs(rounded)).partition(".")
    groups = [whole[max(0, end - 3) : end] for end in range(len(whole), 0, -3)][::-1]
    between, point = (",", ".") if language == "en" else (SPACE, ",")
    before = MINUS if rounded < 0 else "+" if signed and rounded else ""
    return before + between.join(groups) + (point + rest if rest else "")
