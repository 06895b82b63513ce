"""What is told of saved files, and what is not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from watchfiles import awatch

from kostra_publish.preview import watching
from kostra_publish.preview.watching import Change, Folders, changes
from tests.loops import run

SPECS, TEMPLATES = Change(True, False, False), Change(False, True, False)
DATA = Change(False, False, True)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    for name in ("specs/shared", "templates/site", "data"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "specs/12269.yaml").write_text("id: x\n", encoding="utf-8")
    (tmp_path / "specs/shared/terms.yaml").write_text("terms: x\n", encoding="utf-8")
    (tmp_path / "templates/site/area.html.j2").write_text("x", encoding="utf-8")
    (tmp_path / "data/skjema11_p2025_v1.parquet").write_bytes(b"x")
    return Folders(tmp_path / "specs", tmp_path / "templates", str(tmp_path / "data"))


def told(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], object]
) -> list[Change]:
    """What is told after each step in turn."""

    async def watch() -> list[Change]:
        begun, stop = asyncio.Event(), asyncio.Event()

        async def begins(*paths: Path, **how: Any) -> AsyncIterator[object]:
            # It says that it has begun when nothing has come for a moment.
            async for found in awatch(*paths, rust_timeout=20, yield_on_timeout=True, **how):
                begun.set()
                yield found

        monkeypatch.setattr(watching, "awatch", begins)
        heard = changes(folders, stop)
        next_one = asyncio.ensure_future(anext(heard))
        await begun.wait()
        found = []
        for step in steps:
            step()
            found.append(await asyncio.wait_for(next_one, 20))
            next_one = asyncio.ensure_future(anext(heard))
        stop.set()
        with pytest.raises(StopAsyncIteration):
            await next_one
        return found

    return run(watch())


def save(path: Path, text: str) -> Callable[[], object]:
    """Write as much as there was into the file itself, at once."""

    def step() -> None:
        with path.open("r+", encoding="utf-8") as file:
            file.write(text)

    return step


def put(path: Path, text: str) -> Callable[[], object]:
    """Save as many editors do: beside, then in its place."""

    def step() -> None:
        beside = path.with_name(f".{path.name}.swp")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)

    return step


def test_what_is_saved_is_told_by_what_it_is(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = folders.specs / "12269.yaml"
    data = Path(folders.data) / "skjema11_p2025_v1.parquet"
    found = told(
        folders,
        monkeypatch,
        save(spec, "id: y\n"),
        put(spec, "id: z\n"),
        save(folders.specs / "shared" / "terms.yaml", "terms: y\n"),
        put(folders.specs / "new.yaml", "id: new\n"),
        spec.unlink,
        save(folders.templates / "site" / "area.html.j2", "y"),
        put(data, "longer than before"),
        put(data.with_name("skjema11_p2025_v2.parquet"), "x"),
        data.unlink,
    )
    assert found == [*[SPECS] * 5, TEMPLATES, *[DATA] * 3]


def test_what_is_saved_as_it_was_or_is_no_input_is_not_told(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = folders.specs / "12269.yaml"
    data = Path(folders.data) / "skjema11_p2025_v1.parquet"
    before = data.stat()

    def save_all() -> None:
        """The same content, in a file of data the same size and time; and then a template."""
        save(spec, "id: x\n")()
        put(spec, "id: x\n")()
        put(folders.specs / "schema.json", "{}")()
        put(folders.specs / "12269.yaml~", "id: y\n")()
        put(data.with_name("notes.txt"), "x")()
        os.utime(data, ns=(before.st_atime_ns, before.st_mtime_ns))
        save(folders.templates / "site" / "area.html.j2", "y")()

    assert told(folders, monkeypatch, save_all) == [TEMPLATES]


def test_a_file_that_is_gone_for_a_moment_is_told_when_it_is_back(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = watching._seen
    calls: list[int] = []

    def fails_once(own: Folders) -> tuple[object, object]:
        calls.append(1)
        if len(calls) == 2:
            raise FileNotFoundError
        return seen(own)

    monkeypatch.setattr(watching, "_seen", fails_once)
    spec = folders.specs / "12269.yaml"

    async def batches(*_paths: Path, **_how: Any) -> AsyncIterator[set[tuple[int, str]]]:
        spec.write_text("id: y\n", encoding="utf-8")
        yield {(1, str(spec))}
        yield {(1, str(spec))}

    monkeypatch.setattr(watching, "awatch", batches)

    async def watch() -> list[Change]:
        return [change async for change in changes(folders, asyncio.Event())]

    assert run(watch()) == [SPECS]


def test_data_at_an_address_are_not_watched(folders: Folders) -> None:
    away = Folders(folders.specs, folders.templates, "https://example.org/data/")
    assert away.all == [folders.specs.resolve(), folders.templates.resolve()]
    assert watching._seen(away)[1] == {}
