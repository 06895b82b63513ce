"""What a draft is asked for, and how the process that makes drafts begins."""

from __future__ import annotations

import os
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

_NICE = 15
"""How far the whole round stands back for those whom somebody is waiting for."""


@dataclass(frozen=True)
class Request:
    """A round by name, where its data, specs and templates are, and the releases before it."""

    round: str
    data: str
    specs: Path
    templates: Path
    out: Path


def work(request: Request, connection: Connection) -> None:
    """Make drafts in a process of its own, until the other end hangs up.

    Whoever starts it needs nothing of what it needs: neither the time that takes to load, nor a
    way to true values.
    """
    from kostra_publish.drafting import maker  # noqa: PLC0415

    maker.work(request, connection)


def work_whole(request: Request, known: Connection, connection: Connection) -> None:
    """Make the whole round in a process of its own; see ``whole.work``.

    Answers that are known come from ``known``. It stands back from the beginning: loading what it
    needs takes seconds, too.
    """
    os.nice(_NICE)
    Thread(target=_end_with_parent, daemon=True).start()
    from kostra_publish.drafting import whole  # noqa: PLC0415

    with known:
        answers = known.recv()
    whole.work(request, answers, connection)


def _end_with_parent() -> None:
    """Nobody waits for what is made any more when whoever asked for it was killed."""
    if parent := parent_process():
        parent.join()
        os._exit(1)
