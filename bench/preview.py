"""From a saved spec to the open page, and how soon the preview answers, in Chromium.

python -m bench.preview DATA OUT [ROUND]     (make preview: the demo's)

A copy of the table specs is edited as a statistician would: words, a formula, a new measure, each
several times over. What is timed is from the moment the file is saved until the new draft stands on
the page that was open. Of each kind the median is printed, the shortest and the longest, and which
part that is of what ``publish --only`` of the same table takes in the same run.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Final

from playwright.sync_api import Page, sync_playwright

from bench.site import BROWSERS

TABLE: Final = "13995"
TIMES: Final = 9
STARTS: Final = 3
MOMENT: Final = 1.5
"""Seconds between edits: nobody saves faster; the whole round begins to be made in between."""
PROGRAM: Final = Path(sys.executable).with_name("kostra-publish")
PAGE: Final = (
    f"tabell/{TABLE}?valueCodes[KOKkommuneregion0000]=1124,EAK"
    "&valueCodes[ContentsCode]=*&valueCodes[Tid]=top(4)"
)
NEWER: Final = (
    "version => Number(document.querySelector('[data-version]')?.dataset.version ?? 0) > version"
)

NEW_MEASURE: Final = """measures:
  - code: KOSproeve{0}0000
    label: {{nb: Prøve {0}, nn: Prøve {0}, en: Trial {0}}}
    unit: antall
    provisional: true
    formula: {{kind: count, where: {{alder: {{from: 20, to: {1}}}}}}}
"""
EDITS: Final[Mapping[str, Callable[[str, int], str]]] = {
    "words": lambda text, n: text.replace(
        "nb: Gjennomsnittlig stønadstid 30-39 år", f"nb: Stønadstid 30-39 år, prøve {n}", 1
    ),
    "a formula": lambda text, n: text.replace(
        "{from: 30, to: 39}", f"{{from: 30, to: {40 + n}}}", 1
    ),
    "a new measure": lambda text, n: text.replace("measures:\n", NEW_MEASURE.format(n, 21 + n), 1),
}


def main(data: str, out: str, name: str = "") -> None:
    with TemporaryDirectory() as folder:
        specs = Path(folder) / "table_specs"
        shutil.copytree("table_specs", specs)
        command = [PROGRAM, "preview", *([name] if name else []), "--port", "0"]
        command += ["--data", data, "--out", out, "--specs", specs]
        browser = next(filter(None, map(shutil.which, [os.environ.get("CHROMIUM", ""), *BROWSERS])))
        with (
            sync_playwright() as playwright,
            playwright.chromium.launch(executable_path=browser) as chromium,
        ):
            page = chromium.new_page()
            starts = [_start(command, page) for _ in range(STARTS)]
            _tell("start to first page", starts)
            with _previewed(command) as address:
                page.goto(address + PAGE)
                page.wait_for_function(NEWER, arg=0, timeout=120_000)
                page.wait_for_selector("table.pivot", timeout=120_000)
                whole = _whole(page)
                print(f"{'until the whole round is there':32} {whole:7.1f} s")
                found = {kind: _edited(page, specs, edit) for kind, edit in EDITS.items()}
                memory = _memory()
        look = _look(data, out, name)
        for kind, times in found.items():
            _tell(f"saved to seen: {kind}", times, look)
        _tell("saved to seen: all", [time for times in found.values() for time in times], look)
        print(f"{'publish --only of the same table':32} {look:7.1f} s")
        print(f"{'memory':32} {memory}")


def _start(command: list[object], page: Page) -> float:
    started = perf_counter()
    with _previewed(command) as address:
        page.goto(address)
        page.wait_for_selector("table")
        return perf_counter() - started


@contextmanager
def _previewed(command: list[object]) -> Iterator[str]:
    """A preview that runs; gives its address."""
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    yield said.rpartition(" ")[2].strip()
    process.send_signal(signal.SIGINT)
    process.wait(30)


def _whole(page: Page) -> float:
    started = perf_counter()
    page.wait_for_function(
        "document.querySelector('#status').textContent.startsWith('Alt er')", timeout=900_000
    )
    return perf_counter() - started


def _edited(page: Page, specs: Path, edit: Callable[[str, int], str]) -> list[float]:
    path = specs / f"{TABLE}.yaml"
    text = path.read_text(encoding="utf-8")
    times = []
    for number in range(TIMES):
        new = edit(text, number)
        assert new != text
        version = page.evaluate("Number(document.querySelector('[data-version]').dataset.version)")
        started = perf_counter()
        path.write_text(new, encoding="utf-8")
        page.wait_for_function(NEWER, arg=version, timeout=60_000, polling=10)
        times.append(perf_counter() - started)
        sleep(MOMENT)
    path.write_text(text, encoding="utf-8")
    sleep(MOMENT)
    return times


def _look(data: str, out: str, name: str) -> float:
    """What it took before there was a preview."""
    started = perf_counter()
    with TemporaryDirectory() as folder:
        for release in Path(out).iterdir():
            if release.name.startswith("20"):
                shutil.copytree(release, Path(folder) / release.name, copy_function=os.link)
        subprocess.run(
            [
                PROGRAM,
                "publish",
                name or "2026-06",
                "--only",
                TABLE,
                "--data",
                data,
                "--out",
                folder,
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return perf_counter() - started


def _memory() -> str:
    """The memory of each process of the preview, in MB."""
    listed = subprocess.run(["ps", "-eo", "rss,args"], check=True, capture_output=True, text=True)
    sizes = [
        int(line.split()[0]) // 1000
        for line in listed.stdout.splitlines()
        if "kostra-publish preview" in line or "spawn_main" in line
    ]
    return ", ".join(f"{size} MB" for size in sorted(sizes))


def _tell(what: str, times: list[float], look: float | None = None) -> None:
    ratio = f"   1/{look / median(times):.0f} of publish --only" if look else ""
    print(f"{what:32} {median(times):7.2f} s, {min(times):.2f} to {max(times):.2f}{ratio}")


if __name__ == "__main__":
    main(*sys.argv[1:])
