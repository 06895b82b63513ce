"""Pages of areas on paper, printed by a browser that is made for the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from kostra_publish.errors import PublishError, UsageError
from kostra_publish.pages.paper import print_pages
from kostra_publish.releases.manifest import write_manifest
from kostra_publish.releases.staging import staged
from tests.schedule import release_facts

SITE = "public/nokkeltall"
PRINTS = """#!/bin/sh
for each in "$@"; do
  case "$each" in --print-to-pdf=*) echo "$@" > "${each#--print-to-pdf=}";; esac
done
"""


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release with pages of two areas, of a former kommune, and one for all languages."""
    with staged(tmp_path / "out", "2026-03") as staging:
        for area in ("1124-sola", "landet", "landet-uten-oslo"):
            staging.write(f"{SITE}/{area}/tall.json", b"{}")
            for language in ("", "nn/", "en/"):
                staging.write(f"{SITE}/{language}{area}/index.html", b"<!DOCTYPE html>")
        staging.write(f"{SITE}/3001-halden/index.html", b"<!DOCTYPE html>")
        staging.write(f"{SITE}/felles/site.css", b"")
        write_manifest(staging, release_facts("2026-03"), inputs=[], specs={})
    return tmp_path / "out" / "2026-03"


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    path = tmp_path / "browser"
    path.write_text(PRINTS, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_an_area_is_named_by_code_or_address(release: Path, browser: Path, tmp_path: Path) -> None:
    wanted = ["1124", "1124-sola", "landet", "landet-uten-oslo"]
    made = list(print_pages(release, wanted, "en", tmp_path / "pdf", str(browser)))
    names = ["1124-sola", "1124-sola", "landet", "landet-uten-oslo"]
    assert [path.name for path in made] == [f"{name}.en.pdf" for name in names]
    told = made[0].read_text(encoding="utf-8")
    assert told.strip().endswith("/public/nokkeltall/en/1124-sola/index.html")
    assert sorted(path.name for path in (tmp_path / "pdf").iterdir()) == sorted(
        {path.name for path in made}
    )


@pytest.mark.parametrize("area", ["1125", "11", "sola", "3001", "felles"])
def test_what_has_no_page_is_named_before_anything_is_printed(
    release: Path, browser: Path, tmp_path: Path, area: str
) -> None:
    with pytest.raises(UsageError, match=f"has no page for {area}"):
        list(print_pages(release, ["1124", area], "nb", tmp_path / "pdf", str(browser)))
    assert not (tmp_path / "pdf").exists()


def test_an_altered_page_is_not_printed(release: Path, browser: Path, tmp_path: Path) -> None:
    (release / SITE / "1124-sola/index.html").write_bytes(b"<!DOCTYPE html> ")
    with pytest.raises(PublishError, match="has been altered"):
        list(print_pages(release, ["1124"], "nb", tmp_path / "pdf", str(browser)))


def test_without_a_browser_the_way_out_is_told(release: Path, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="there is no browser nowhere") as caught:
        list(print_pages(release, ["1124"], "nb", tmp_path / "pdf", "nowhere"))
    assert "--browser" in caught.value.fix


def test_a_browser_that_fails_leaves_what_was_there(
    release: Path, browser: Path, tmp_path: Path
) -> None:
    [made] = print_pages(release, ["landet"], "nb", tmp_path / "pdf", str(browser))
    before = made.read_bytes()
    for script in ("#!/bin/sh\nexit 3\n", "#!/bin/sh\n"):
        browser.write_text(script, encoding="utf-8")
        with pytest.raises(PublishError, match="did not print"):
            list(print_pages(release, ["landet"], "nb", tmp_path / "pdf", str(browser)))
        assert made.read_bytes() == before
        assert [path.name for path in made.parent.iterdir()] == [made.name]
