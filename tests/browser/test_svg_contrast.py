"""The colours of every drawing against what is behind it, as the browser works them out.

Tools that judge the contrast of text do not judge drawings. Here each shape must have an outline or
a fill of at least 3:1 (WCAG 2.2, 1.4.11), each word in a drawing at least 4.5:1 (1.4.3). A fill
that is paler must have such an outline. What has the colour of the paper itself is a hole.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import Page

from tests.browser.archetypes import ARCHETYPES
from tests.browser.reading import Reader

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

Colour = tuple[float, float, float, float]

SHAPE, TEXT = 3.0, 4.5

# Every colour of every element of the drawings, once: [element, property, colour, opacity, behind].
COLOURS = """(root) => {
  const channels = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  // A pixel is the one form that a colour has however it is written.
  const rgba = (colour) => {
    channels.clearRect(0, 0, 1, 1);
    channels.fillStyle = colour;
    channels.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = channels.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const opacityOf = (element, top) => {
    let found = 1;
    for (let one = element; one && one !== top.parentElement; one = one.parentElement) {
      found *= Number(getComputedStyle(one).opacity);
    }
    return found;
  };
  const behind = (svg) => {
    for (let one = svg; one; one = one.parentElement) {
      const ground = rgba(getComputedStyle(one).backgroundColor);
      if (ground[3] === 1) return ground;
    }
    return rgba(getComputedStyle(document.documentElement).getPropertyValue("--paper"));
  };
  const drawn = "path, rect, circle, line, polyline, polygon, ellipse, text, tspan";
  const found = new Map();
  for (const svg of document.querySelectorAll(`${root} svg`)) {
    if (!svg.getClientRects().length) continue;
    const ground = behind(svg);
    for (const element of svg.querySelectorAll(drawn)) {
      const style = getComputedStyle(element);
      if (style.visibility === "hidden" || style.display === "none") continue;
      // What defines a clipping path paints nothing; a pattern does.
      if (element.closest("clipPath, mask")) continue;
      const name = `${element.tagName}.${element.getAttribute("class") || ""}`;
      const opacity = opacityOf(element, svg);
      const paints = {};
      const box = element.getBBox();
      for (const paint of ["fill", "stroke"]) {
        const colour = style[paint];
        if (colour === "none" || colour.startsWith("url(")) continue;
        if (paint === "stroke" && !parseFloat(style.strokeWidth)) continue;
        if (paint === "fill" && !(box.width && box.height)) continue; // a line has no inside
        const [r, g, b, a] = rgba(colour);
        const shown = a * opacity * Number(style[`${paint}Opacity`]);
        if (shown > 0) paints[paint] = [r, g, b, shown];
      }
      const text = ["text", "tspan"].includes(element.tagName);
      const key = JSON.stringify([name, paints, ground]);
      if (Object.keys(paints).length) found.set(key, { name, text, paints, ground });
    }
  }
  return [...found.values()];
}"""


@dataclass(frozen=True)
class Painted:
    """Elements of a drawing that are painted alike, and what is behind them."""

    name: str
    text: bool
    paints: dict[str, Colour]
    ground: Colour

    @property
    def contrasts(self) -> dict[str, float]:
        """By fill and stroke: how it stands out; what is of the ground's own colour is left out."""
        found = {paint: contrast(colour, self.ground) for paint, colour in self.paints.items()}
        return {paint: ratio for paint, ratio in found.items() if ratio > 1.02}

    @property
    def is_seen(self) -> bool:
        """Whether it can be seen by those who need contrast."""
        found = self.contrasts
        if self.text:
            return found.get("fill", 0) >= TEXT
        return not found or max(found.values()) >= SHAPE


def luminance(red: float, green: float, blue: float) -> float:
    """Relative luminance as WCAG defines it; channels from 0 to 255."""
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (red / 255, green / 255, blue / 255)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour: Colour, ground: Colour) -> float:
    """From 1 to 21: a colour, as far as it covers, against an opaque ground."""
    *channels, cover = colour
    mixed = [
        cover * above + (1 - cover) * below
        for above, below in zip(channels, ground[:3], strict=True)
    ]
    lighter, darker = sorted((luminance(*mixed), luminance(*ground[:3])), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def painted(page: Page, root: str = "body") -> list[Painted]:
    return [
        Painted(
            one["name"],
            one["text"],
            {paint: tuple(colour) for paint, colour in one["paints"].items()},
            tuple(one["ground"]),
        )
        for one in page.evaluate(COLOURS, root)
    ]


def unseen(found: list[Painted]) -> list[str]:
    return sorted(
        f"{one.name} { ({key: round(ratio, 2) for key, ratio in one.contrasts.items()}) }"
        for one in found
        if not one.is_seen
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [name for name in ARCHETYPES if name != "front"])
def test_every_colour_of_a_drawing_stands_out(reader: Reader, name: str, scheme: str) -> None:
    page = reader.page(ARCHETYPES[name], color_scheme=scheme)
    found = painted(page)
    assert len(found) > 5
    assert unseen(found) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_so_does_every_colour_of_the_chart_on_click(reader: Reader, scheme: str) -> None:
    page = reader.page(ARCHETYPES["suppressed"], color_scheme=scheme)
    page.locator("button[data-chart]").first.click()
    page.locator(".js-plotly-plot .legendlines path").first.wait_for(state="attached")
    found = painted(page, ".plot")
    assert len(found) > 5
    assert unseen(found) == []


def test_black_on_white_is_21_and_half_of_it_much_less() -> None:
    white, black = (255.0, 255.0, 255.0, 1.0), (0.0, 0.0, 0.0, 1.0)
    assert contrast(black, white) == pytest.approx(21)
    assert contrast(white, white) == 1
    assert contrast((119, 119, 119, 1), white) == pytest.approx(4.48, abs=0.01)
    assert contrast((0, 0, 0, 0.5), white) == pytest.approx(3.98, abs=0.02)


def test_a_pale_drawing_is_found_out(reader: Reader) -> None:
    page = reader.browser.new_page()
    page.set_content(
        """<!doctype html><body style="background: #fff"><svg width="90" height="90">
        <path class="pale" d="M0 0H9" style="stroke: #ddd; fill: none"/>
        <rect class="outlined" width="9" height="9" style="fill: #eee; stroke: #333"/>
        <circle class="hole" r="9" style="fill: #fff; stroke: #333"/>
        <path class="thin" d="M0 9H9" style="stroke: #333; stroke-opacity: .3; fill: none"/>
        <g style="opacity: .3"><rect class="faint" width="9" height="9" style="fill: #333"/></g>
        <text class="word" y="9" style="fill: #888">Word</text></svg></body>"""
    )
    found = [one.partition(" ")[0] for one in unseen(painted(page))]
    page.close()
    assert found == ["path.pale", "path.thin", "rect.faint", "text.word"]
