"""Every link, redirect and anchor leads somewhere, and the sitemap tells of every page."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from tests.browser import small_site
from tests.browser.archetypes import LANGUAGES

# Attributes are always quoted, and what could end a tag is escaped in them: html-validate says so.
_TAG = re.compile(r"<([a-z][a-z0-9]*)((?:\s+[a-zA-Z:-]+(?:=\"[^\"]*\")?)*)\s*/?>")
_ATTRIBUTE = re.compile(r"([a-zA-Z:-]+)(?:=\"([^\"]*)\")?")
_IDS = ("for", "aria-labelledby", "aria-controls", "data-table", "data-target", "data-filter")
"""Attributes that name elements of the same page."""
_PATHS = ("href", "src", "data-lib", "data-index", "action")

Tag = tuple[str, dict[str, str]]


@dataclass(frozen=True)
class Site:
    """What a browser would find: every page with its tags, and every other file."""

    folder: Path
    """The public folder; the site is in ``nokkeltall``."""
    address: str = ""
    pages: dict[str, list[Tag]] = field(default_factory=dict)
    """By path (``/nokkeltall/1124-sola/index.html``)."""

    @classmethod
    def read(cls, folder: Path, address: str) -> Site:
        pages = {
            f"/{path.relative_to(folder).as_posix()}": [*_tags(path.read_text(encoding="utf-8"))]
            for path in sorted(folder.rglob("*.html"))
        }
        return cls(folder, address, pages)

    @cached_property
    def ids(self) -> dict[str, Counter[str]]:
        return {
            path: Counter(found["id"] for _, found in tags if "id" in found)
            for path, tags in self.pages.items()
        }

    def file(self, path: str) -> str | None:
        """The file that a path is served from."""
        name = unquote(path) + ("index.html" if path.endswith("/") else "")
        return name if (self.folder / name.lstrip("/")).is_file() else None

    def leads_nowhere(self, page: str, link: str) -> bool:
        """Whether a link of a page has no file or no anchor to lead to."""
        if link.startswith("data:"):
            return False
        found = urlsplit(urljoin(page, link.removeprefix(self.address)))
        if found.scheme or found.netloc:
            return True
        if found.path.startswith("/statbank/"):
            return found.path not in STATBANK
        file = self.file(found.path)
        return file is None or bool(found.fragment and not self.ids[file][found.fragment])

    def broken(self) -> list[str]:
        """Each link, redirect and anchor that leads nowhere, with its page."""
        return [
            f"{page}: {link}"
            for page, tags in self.pages.items()
            for link in {link for tag in tags for link in _links(*tag)}
            if self.leads_nowhere(page, link)
        ]

    def first(self, page: str, name: str, **wanted: str) -> dict[str, str]:
        """The attributes of the only element of a page that has these."""
        [found] = [
            attributes
            for tag, attributes in self.pages[page]
            if tag == name and wanted.items() <= attributes.items()
        ]
        return found


def _tags(text: str) -> Iterator[Tag]:
    for tag in _TAG.finditer(text):
        yield tag[1], {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag[2])}


def _links(tag: str, attributes: dict[str, str]) -> Iterator[str]:
    yield from (attributes[name] for name in _PATHS if name in attributes)
    if attributes.get("http-equiv") == "refresh":
        yield attributes["content"].partition("url=")[2]
    if attributes.get("property") in {"og:image", "og:url"}:
        yield attributes["content"]
    for slug in attributes.get("data-areas", "").split():
        yield f"{attributes['data-base']}{slug}/tall.json"
    if tag == "form" and "data-own" in attributes:
        yield f"{attributes['data-base']}{attributes['data-own']}/tall.json"


STATBANK = {
    f"/statbank/{path}"
    for table in small_site.tables()
    for path in (
        f"csv/{table}.csv",
        f"px/{table}.px",
        *(f"jsonstat/{table}.{language}.json" for language in LANGUAGES),
    )
} | {f"/statbank/index.{language}.html" for language in LANGUAGES}
"""The files of the tables that figures are from, as every release has them."""


@pytest.fixture(scope="module")
def whole(site: Path) -> Site:
    pages = small_site.specs().pages
    assert pages is not None
    return Site.read(site.parent, pages.address)


def indexable(whole: Site) -> list[str]:
    """The pages that search engines may show."""
    return [
        page
        for page, tags in whole.pages.items()
        if ("meta", {"name": "robots", "content": "noindex"}) not in tags
    ]


def test_no_link_redirect_or_anchor_leads_nowhere(whole: Site) -> None:
    assert len(whole.pages) > 500
    assert whole.broken() == []


def test_what_names_an_element_of_the_page_finds_it_and_ids_are_used_once(whole: Site) -> None:
    lost = [
        f"{page}: {name}={one}"
        for page, tags in whole.pages.items()
        for _, attributes in tags
        for name in _IDS
        for one in attributes.get(name, "").split()
        if whole.ids[page][one] != 1
    ]
    twice = [
        f"{page}: {ids.most_common(1)}" for page, ids in whole.ids.items() if max(ids.values()) > 1
    ]
    assert lost == []
    assert twice == []


def test_the_sitemap_lists_the_pages_that_may_be_shown_and_no_other(whole: Site) -> None:
    text = (whole.folder / "nokkeltall" / "sitemap.xml").read_text(encoding="utf-8")
    listed = re.findall(r"<loc>([^<]*)</loc>", text)
    shown = [f"{whole.address}{page.removesuffix('index.html')}" for page in indexable(whole)]
    assert Counter(listed) == Counter(shown)
    robots = (whole.folder / "robots.txt").read_text(encoding="utf-8")
    assert f"Sitemap: {whole.address}/nokkeltall/sitemap.xml\n" in robots


def test_each_page_is_its_own_original_and_languages_point_at_each_other(whole: Site) -> None:
    for page in indexable(whole):
        own = f"{whole.address}{page.removesuffix('index.html')}"
        assert whole.first(page, "link", rel="canonical")["href"] == own
        others = _languages(whole, page)
        assert set(others) == {*LANGUAGES, "x-default"}
        assert others["x-default"] == others["nb"]
        assert others[whole.first(page, "html")["lang"]] == own
        for there in set(others.values()):
            file = whole.file(there.removeprefix(whole.address))
            assert file is not None
            assert _languages(whole, file) == others


def _languages(whole: Site, page: str) -> dict[str, str]:
    return {
        attributes["hreflang"]: attributes["href"]
        for tag, attributes in whole.pages[page]
        if tag == "link" and "hreflang" in attributes
    }


def test_former_kommuner_lead_to_what_they_became(whole: Site) -> None:
    refresh = whole.first("/nokkeltall/3001-halden/index.html", "meta", **{"http-equiv": "refresh"})
    assert refresh["content"] == "0; url=../3101-halden/"
    split = whole.pages["/nokkeltall/1507-alesund/index.html"]
    assert not any(attributes.get("http-equiv") == "refresh" for _, attributes in split)
    links = {attributes.get("href") for _, attributes in split}
    assert {"../1508-alesund/", "../1580-haram/"} <= links


def test_what_the_search_finds_has_a_page_in_every_language(whole: Site) -> None:
    text = (whole.folder / "nokkeltall" / "sok.json").read_text(encoding="utf-8")
    slugs = [area[0] for area in json.loads(text)["areas"]]
    assert len(slugs) == len(set(slugs)) > 100
    for slug in slugs:
        assert all(whole.file(f"/nokkeltall/{each}{slug}/") for each in LANGUAGES.values())
        assert whole.file(f"/nokkeltall/{slug}/tall.json")
        assert whole.file(f"/nokkeltall/{slug}/tall.csv")


def test_what_search_engines_are_told_of_files_is_so(whole: Site) -> None:
    for page in whole.pages:
        text = (whole.folder / page.lstrip("/")).read_text(encoding="utf-8")
        for told in re.findall(r'<script type="application/ld\+json">(.*?)</script>', text):
            data = json.loads(told)
            addresses = [data["url"], *(one["contentUrl"] for one in data["distribution"])]
            assert not any(whole.leads_nowhere(page, address) for address in addresses)


@pytest.mark.parametrize(
    "link", ["../1124-sola/x/", "#nowhere", "../1124-sola/#nowhere", "https://elsewhere.example/"]
)
def test_a_bad_link_is_found_out(whole: Site, link: str) -> None:
    assert whole.leads_nowhere("/nokkeltall/1103-stavanger/index.html", link)
