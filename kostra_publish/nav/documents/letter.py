"""The letter beside a package: what it says, before it is a page or a PDF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from kostra_publish.nav.documents import naming
from kostra_publish.nav.documents.words import Wording
from kostra_publish.nav.package import HandedOver, Package
from kostra_publish.specs.models import THRESHOLD

TEMPLATE: Final = "nav/folgebrev.html.j2"
NAMES: Final = ("letter", "w")
"""What the template is given."""

_HERE: Final = ZoneInfo("Europe/Oslo")
"""Hours are told by the clock of the place of publication."""


@dataclass(frozen=True)
class Mark:
    """What must be known before the rest is read."""

    head: str
    text: str
    grave: bool
    """Whether nobody may overlook it."""


@dataclass(frozen=True)
class Item:
    """A point in a list, perhaps with a command to be typed."""

    text: str
    command: str = ""


@dataclass(frozen=True)
class Section:
    """A heading, paragraphs, and a list; ``ordered``: its points are steps."""

    heading: str
    paragraphs: Sequence[str] = ()
    items: Sequence[Item] = ()
    ordered: bool = False


@dataclass(frozen=True)
class Letter:
    """All that the letter says, in one language."""

    language: str
    title: str
    subject: str
    """Who handed over, for readers of the file's properties."""
    marks: Sequence[Mark]
    facts: Sequence[tuple[str, str]]
    """What it is about, in pairs of name and value."""
    sections: Sequence[Section]


def letter(package: Package, wording: Wording) -> Letter:
    """What the letter of a package says."""
    title = wording.of(package.delivery.title)
    return Letter(
        language=wording.language,
        title=wording("letter_title", title=title),
        subject=package.delivery.sender.name,
        marks=marks(package, wording),
        facts=[*_facts(package, wording)],
        sections=[
            _contents(package, wording),
            _missing(package, wording),
            _anonymised(package, wording),
            _conditions(package, wording),
            _verify(package, wording),
            _contact(package, wording),
        ],
    )


def marks(package: Package, wording: Wording) -> list[Mark]:
    """Synthetic, not confirmed, preliminary: what stands at the top of each document."""
    found = {
        "synthetic": package.synthetic,
        "provisional": package.delivery.provisional,
        "preliminary": package.preliminary,
    }
    return [
        Mark(wording(f"{key}_mark"), wording(key), grave=key == "synthetic")
        for key, holds in found.items()
        if holds
    ]


def _facts(package: Package, wording: Wording) -> Iterator[tuple[str, str]]:
    delivery = package.delivery
    moment = package.published.astimezone(_HERE)
    version = "next_version" if package.previous else "first_version"
    status = "status_preliminary" if package.preliminary else "status_final"
    yield wording("from"), delivery.sender.name
    yield wording("to"), delivery.receiver.name
    yield wording("package"), package.name
    yield (
        wording("version"),
        wording(version, version=package.version, previous=package.previous),
    )
    yield wording("year"), str(package.year)
    yield wording("status"), wording(status)
    yield wording("round"), package.release
    yield (
        wording("published"),
        wording("at", day=wording.day(moment.date()), hour=f"{moment:%H.%M}"),
    )
    yield wording("purpose"), wording.of(delivery.purpose)
    yield wording("legal_basis"), wording.of(delivery.legal_basis)
    yield wording("delete_on"), wording.day(package.delete_on)


def _contents(package: Package, wording: Wording) -> Section:
    beside = ("codebook", "reconciliation", "anonymisation")
    items = [_dataset(package, dataset, wording) for dataset in package.datasets]
    items += [wording(f"contents_{key}") for key in beside]
    if file := naming.changes_file(package):
        items.append(wording("contents_changes", file=file))
    items += [
        wording("contents_left_out", title=wording.of(one), least=THRESHOLD)
        for one in package.left_out
    ]
    return Section(wording("contents"), items=[*map(Item, items)])


def _dataset(package: Package, dataset: HandedOver, wording: Wording) -> str:
    name = naming.stem(package, dataset)
    return wording(
        "contents_dataset",
        title=wording.of(dataset.title),
        rows=rows(dataset, wording),
        unit=wording.of(dataset.unit),
        csv=f"{name}.csv",
        parquet=f"{name}.parquet",
    )


def rows(dataset: HandedOver, wording: Wording) -> str:
    """How many rows a dataset has, in words."""
    count = dataset.frame.height
    key = "rows_one" if count == 1 else "rows_many"
    return wording(key, rows=wording.number(count))


def _missing(package: Package, wording: Wording) -> Section:
    names: Mapping[str, str] = {one.code: one.name for one in package.missing}
    regions = ", ".join(f"{code} {names[code]}" for code in sorted(names))
    key = {0: "missing_none", 1: "missing_one"}.get(len(names), "missing_many")
    said = wording(key, count=wording.number(len(names)), regions=regions)
    return Section(wording("missing"), [said])


def _anonymised(package: Package, wording: Wording) -> Section:
    items = [text for dataset in package.datasets for text in _how(package, dataset, wording)]
    return Section(
        wording("anonymised"),
        [wording("anonymised_none")],
        [*map(Item, [*items, wording("anonymised_more")])],
    )


def _how(package: Package, dataset: HandedOver, wording: Wording) -> Iterator[str]:
    """What was done with a dataset so that nobody can be found in it."""
    title = wording.of(dataset.title)
    records = naming.record_set(package, dataset)
    if records is None:
        yield wording("anonymised_aggregat", title=title)
        return
    gates = records.gates
    told = [wording("anonymised_mikro", title=title, rows=gates.rows, distinct=gates.distinct)]
    if dataset.id in package.generalised:
        share = wording.percent(package.generalised[dataset.id])
        told.append(wording("anonymised_share", share=share))
    told.append(wording("anonymised_difference", difference=gates.difference))
    yield " ".join(told)


def _conditions(package: Package, wording: Wording) -> Section:
    keys = ("few", "find", "purpose", "delete", "tell")
    day = wording.day(package.delete_on)
    return Section(
        wording("conditions"),
        items=[Item(wording(f"conditions_{key}", day=day)) for key in keys],
    )


def _verify(package: Package, wording: Wording) -> Section:
    name = package.name
    steps = [
        ("signature", f"minisign -Vm {name}.tar.age -P {wording('our_key')}"),
        ("decrypt", f"age -d -i {wording('your_key')} -o {name}.tar {name}.tar.age"),
        ("unpack", f"tar -xf {name}.tar"),
        ("checksums", "sha256sum -c manifest-sha256.txt"),
        ("figures", ""),
    ]
    items = [Item(wording(f"verify_{key}"), command) for key, command in steps]
    return Section(wording("verify"), [wording("verify_about")], items, ordered=True)


def _contact(package: Package, wording: Wording) -> Section:
    parties = {"sender": package.delivery.sender, "receiver": package.delivery.receiver}
    items = [
        Item(
            f"{wording(f'contact_{key}', contact=one.contact, name=one.name)} "
            f"{wording('email')}: {one.email}"
        )
        for key, one in parties.items()
    ]
    return Section(wording("contact"), items=items)
