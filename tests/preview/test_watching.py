"""What is saved is told, and what is saved as it was is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from kostra_publish.preview.watching import Change, Folders, changes

SECONDS = 20
LAST = Change(specs=True, templates=True, data=True)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    for name in ("specs", "templates", "data"):
        (tmp_path / name).mkdir()
    (tmp_path / "specs/one.yaml").write_text("id: one", encoding="utf-8")
    (tmp_path / "data/one.parquet").write_bytes(b"1")
    return Folders(tmp_path / "specs", tmp_path / "templates", str(tmp_path / "data"))


def told(folders: Folders, save: Callable[[], object]) -> Change:
    """The first change that is told after something was saved."""

    async def watch() -> Change:
        stop = asyncio.Event()
        found = changes(folders, stop)
        first = asyncio.ensure_future(anext(found))
        # It takes a moment until the watcher listens.
        tries = 0
        while not first.done():
            tries += 1
            (folders.templates / "begun").write_text(f"{tries}", encoding="utf-8")
            await asyncio.sleep(0.05)
        save()
        change = await asyncio.wait_for(anext(found), SECONDS)
        stop.set()
        return change

    result: list[Change] = []
    thread = Thread(target=lambda: result.append(asyncio.run(watch())))
    thread.start()
    thread.join()
    return result[0]


def only(**what: bool) -> Change:
    return Change(**{"specs": False, "templates": False, "data": False, **what})


def test_a_saved_spec_is_told(folders: Folders) -> None:
    path = folders.specs / "one.yaml"
    assert told(folders, lambda: path.write_text("id: two", encoding="utf-8")) == only(specs=True)


def test_a_spec_put_in_the_place_of_another_is_told_as_editors_do_it(folders: Folders) -> None:
    new = folders.specs / ".one.yaml.swp"
    new.write_text("id: three", encoding="utf-8")
    assert told(folders, lambda: new.replace(folders.specs / "one.yaml")) == only(specs=True)


def test_a_template_and_a_data_file_are_told(folders: Folders) -> None:
    def save() -> None:
        Path(folders.data, "two.parquet").write_bytes(b"2")

    assert told(folders, save) == only(data=True)
    page = folders.templates / "page.html.j2"
    assert told(folders, lambda: page.write_text("x", encoding="utf-8")) == only(templates=True)


def test_what_is_saved_as_it_was_or_is_no_spec_is_not_told(folders: Folders) -> None:
    def save() -> None:
        path = folders.specs / "one.yaml"
        path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        (folders.specs / "schema.json").write_text("{}", encoding="utf-8")
        # What comes after them is told first.
        (folders.templates / "last").write_text("x", encoding="utf-8")

    assert not told(folders, save).specs
