"""The key-figure site of a release: pages a second, bytes, and how soon a slow device shows them.

python -m bench.site RELEASE           (a release of the table specs at hand)

The device has a processor four times as slow as this one and a line of 1.6 Mbit/s with 150 ms each
way there and back; files are sent compressed and nothing is kept from before. Of each page the
median of its visits is printed, and the shortest, which is what other work disturbed least.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

from kostra_publish.pages.rendering import FOLDER
from kostra_publish.pages.site import write_site
from kostra_publish.releases.history import earlier_cubes
from kostra_publish.releases.manifest import read_manifest
from kostra_publish.releases.rounds import ReleaseFacts, Schedule
from kostra_publish.specs import folders
from kostra_publish.specs.catalogue import load
from tests.browser.serving import Handler, served

VISITS: Final = 5
SLOWER: Final = 4
LINE: Final = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 0.75e6 / 8,
}
PAGES: Final = (
    "", "0301-oslo/", "1124-sola/", "1151-utsira/", "fylke-11-rogaland/", "landet/",
    "030105-frogner/", "tall/tilfeller-andel/", "en/tall/netto-per-innbygger/",
)  # fmt: skip
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
PACKED: Final = {".html", ".css", ".js", ".json", ".csv", ".xml"}
SEEN: Final = """() => new Promise((done) => {
  const watch = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each))
    .observe({ type, buffered: true });
  const tasks = [];
  let lcp = 0;
  watch("largest-contentful-paint", (entry) => { lcp = entry.startTime; });
  watch("longtask", (entry) => tasks.push([entry.startTime, entry.startTime + entry.duration]));
  setTimeout(() => {
    const [{ startTime: fcp }] = performance.getEntriesByName("first-contentful-paint");
    const over = tasks.map(([start, end]) => Math.max(0, end - Math.max(start, fcp) - 50));
    done({ lcp, blocked: over.reduce((sum, one) => sum + one, 0) });
  }, 2000);
})"""
"""In ms: largest contentful paint, and by how much tasks after the first paint of content were
longer than 50 ms (total blocking time, as Lighthouse counts it)."""


class Packing(Handler):
    """Sends texts compressed, as any server of the site would."""

    def do_GET(self) -> None:  # noqa: N802  # the name is http.server's
        path = Path(self.translate_path(self.path))
        file = path / "index.html" if path.is_dir() else path
        if file.suffix not in PACKED or not file.is_file():
            super().do_GET()
            return
        content = gzip.compress(file.read_bytes(), 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def made(release: Path, folder: Path) -> None:
    """Make the site of a release below a folder, and print what that takes."""
    catalogue = load(folders.find("table_specs"))
    cubes = list(earlier_cubes(release, catalogue.tables).values())
    schedule = Schedule(catalogue.calendar)
    facts = ReleaseFacts(schedule.round(read_manifest(release).round), schedule)
    started, wall = _spent(), perf_counter()
    files = dict(write_site(cubes, catalogue, facts, folders.find("templates")))
    spent, wall = _spent() - started, perf_counter() - wall
    for path, data in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    pages = {path: data for path, data in files.items() if path.endswith(".html")}
    print(
        f"{len(pages):,} pages among {len(files):,} files in {wall:.1f} s "
        f"({spent:.1f} s of CPU time): {len(pages) / wall:.0f} pages a second"
    )
    print_sizes(pages, files)


def _spent() -> float:
    """Seconds of CPU time of this process and of those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def print_sizes(pages: Mapping[str, bytes], files: Mapping[str, bytes]) -> None:
    figures = {path: data for path, data in pages.items() if "/tall/" in path}
    areas = {path: data for path, data in pages.items() if _own(path) in files}

    shared = {path: data for path, data in files.items() if "/felles/" in path}
    print(f"\n{'largest':<24} {'raw kB':>8} {'gzip kB':>8}")
    for name, group in (("area page", areas), ("key-figure page", figures), ("any page", pages)):
        path, data = max(group.items(), key=lambda one: len(packed(one[1])))
        print(f"{name:<24} {len(data) / 1e3:8.1f} {len(packed(data)) / 1e3:8.1f}  {path}")
    for path, data in shared.items():
        print(f"{Path(path).name:<24} {len(data) / 1e3:8.1f} {len(packed(data)) / 1e3:8.1f}")
    print(f"{'everything':<24} {sum(map(len, files.values())) / 1e3:8.1f}")


def _own(page: str) -> str:
    """Where the figures of an area are, whichever language its page is in."""
    slug = page.split("/")[-2]
    return f"{FOLDER}/{slug}/tall.json"


def packed(data: bytes) -> bytes:
    return gzip.compress(data, 6)


def visit(browser: Browser, address: str) -> tuple[float, float]:
    """LCP and TBT in ms of a first visit on the slow device."""
    context = browser.new_context(viewport={"width": 412, "height": 823})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(address, wait_until="load")
    seen: dict[str, Any] = page.evaluate(SEEN)
    context.close()
    return seen["lcp"], seen["blocked"]


def visited(folder: Path, paths: Sequence[str]) -> None:
    """Print how soon each page is shown, and how long its script keeps readers waiting."""
    program = next(filter(None, map(shutil.which, (os.environ.get("CHROMIUM", ""), *BROWSERS))))
    print(f"\n{'page':<32} {'LCP ms':>8} {'least':>6} {'TBT ms':>8} {'least':>6}")
    with served(folder, Packing) as origin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        for path in paths:
            seen = [visit(browser, f"{origin}/nokkeltall/{path}") for _ in range(VISITS)]
            lcp, blocked = zip(*seen, strict=True)
            print(
                f"{path or 'front page':<32} {median(lcp):8.0f} {min(lcp):6.0f}"
                f" {median(blocked):8.0f} {min(blocked):6.0f}",
                flush=True,
            )
        browser.close()


def main(release: Path) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        made(release, folder)
        visited(folder / Path(FOLDER).parent, PAGES)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
