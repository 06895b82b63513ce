"""A process that seals, and opens, a package, and meets its end at a chosen step.

Run by ``test_sealing_interrupted.py``, with the keys that it made. The steps are those of
``tests.releases.living``.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from kostra_publish.errors import PublishError
from kostra_publish.nav import delivery_log
from kostra_publish.nav.opening import open_package, verify
from kostra_publish.nav.receipts import receive
from kostra_publish.nav.sealing import Sealed, seal
from tests.nav.handing_over import SEALED, Parties, contents, tree
from tests.releases.living import counted
from tests.releases.publishing import Steps

ONE, TWO = contents(1).name, contents(2).name


def seal_small(keys: Parties, out: Path, version: int) -> Sealed:
    """Seal a package of one file, with the plain bag beside."""
    small = replace(contents(version), payload={"a.csv": b"1\n"})
    return seal(small, keys.keys, out, time=SEALED, keep_plain=True)


def start(keys: Parties, out: Path) -> None:
    """The first version is sealed."""
    shutil.rmtree(out, ignore_errors=True)
    seal_small(keys, out, 1)


def go_on(keys: Parties, out: Path) -> None:
    """The second version is sealed, received and opened, as far as it is not yet."""
    done = seal_small(keys, out, 2)
    said = {
        "package": TWO,
        "manifest_sha256": done.line.content_sha256,
        "received": SEALED.isoformat(),
        "by": "NAV",
    }
    receipt = keys.folder / "kvittering.json"
    receipt.write_text(json.dumps(said))
    receive(receipt, out, time=SEALED)
    if not (out / "opened").exists():
        open_package(done.files.folder, keys.signer, keys.identity, out / "opened")


def problems(keys: Parties, out: Path) -> list[str]:
    """All that is half there; a package or receipt that is not logged yet is none."""
    found = []
    for folder in (out / "nav").iterdir():
        if folder.is_dir():
            one = verify(folder, keys.signer, identity=keys.identity)
            found += [str(each) for each in one.findings if "tell" not in each.rule]
    if not {path.name for path in (out / "nav").iterdir()} <= {ONE, TWO, delivery_log.LOG}:
        found.append("something else in nav")
    opened = out / "opened"
    if opened.exists() and tree(opened) != tree(out / "nav" / TWO / TWO):
        found.append("opened in part")
    return found


def ended(keys: Parties, out: Path) -> str:
    """`well` when all has been done again, or what went wrong."""
    go_on(keys, out)
    left = {path.name for path in out.iterdir()}
    if left != {".lock", "nav", "opened"}:
        return f"left {sorted(left)}"
    findings = [
        str(each)
        for name in (ONE, TWO)
        for each in verify(out / "nav" / name, keys.signer).findings
    ]
    lines = [(line.step, line.version) for line in delivery_log.read(out / "nav").lines]
    if lines != [("sealed", 1), ("sealed", 2), ("received", 2)]:
        return str(lines)
    whole = tree(out / "opened") == tree(out / "nav" / TWO / TWO)
    return str(findings) if findings or not whole else "well"


def kill(keys: Parties, out: Path, step: int) -> None:
    """Die at ``step`` (0: never, and print the steps taken)."""
    steps = Steps(out)
    with counted(steps):
        steps.arm(step, lambda: os.kill(os.getpid(), signal.SIGKILL))
        go_on(keys, out)
        print(steps.disarm())


def fail(keys: Parties, out: Path) -> None:
    """Once per step, with one of two errors at it; print a line of JSON on each."""
    begun = out.with_name("begun")
    start(keys, begun)
    steps = Steps(out)
    step = 0

    def happen() -> None:
        raise OSError(errno.ENOSPC if step % 2 else errno.EACCES, "injected")

    # This process lives on, so waiting for the disk would show nothing.
    with patch("os.fsync"), counted(steps):
        while step <= steps.taken:
            step += 1
            shutil.rmtree(out, ignore_errors=True)
            shutil.copytree(begun, out)
            outcome = ""
            steps.arm(step, happen)
            try:
                go_on(keys, out)
            except PublishError as error:
                outcome = f"{type(error).__name__}: {error}"
            finally:
                steps.disarm()
            print(json.dumps([step, outcome, problems(keys, out), ended(keys, out)]))


def main() -> None:
    verb, folder, out, argument = sys.argv[1:]
    keys = Parties(Path(folder))
    if verb == "kill":
        kill(keys, Path(out), int(argument))
    else:
        fail(keys, Path(out))


if __name__ == "__main__":
    main()
