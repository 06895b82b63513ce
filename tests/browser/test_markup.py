"""The pages as html-validate reads them: valid HTML, and what its standard rules ask for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.browser.archetypes import ARCHETYPES, LANGUAGES, MORE

READERS = Path(__file__).parents[1] / "readers"
PROGRAM = READERS / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
RULES = READERS / "htmlvalidate.json"


def wrong(*files: Path) -> list[str]:
    """What is not valid in files, with where it is."""
    run = subprocess.run(
        ["node", str(PROGRAM), "--config", str(RULES), "--formatter", "json", *map(str, files)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={"PATH": str(Path(sys.executable).parent)},
    )
    assert run.returncode in {0, 1}, run.stderr
    found: list[dict[str, Any]] = json.loads(run.stdout)
    return [
        f"{one['filePath']}:{message['line']}: {message['ruleId']}: {message['message']}"
        for one in found
        for message in one["messages"]
    ]


def test_every_kind_of_page_is_valid_in_every_language(site: Path) -> None:
    files = [
        site / folder / path / "index.html"
        for folder in LANGUAGES.values()
        for path in (ARCHETYPES | MORE).values()
    ]
    assert wrong(*files, site / "404.html") == []


def test_a_page_that_is_not_valid_is_found_out(tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text(
        '<!doctype html><html lang="nb"><head><title>x</title></head><body>'
        '<p id="a">x<div id="a"></p><b style="color: red">y</b></body></html>',
        encoding="utf-8",
    )
    rules = {line.split(": ")[1] for line in wrong(bad)}
    assert rules >= {"close-order", "no-dup-id", "no-inline-style"}
