"""What stands in for the process that makes drafts; each is sent to a process of its own."""

from __future__ import annotations

import os
import signal
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Event

from kostra_publish.drafting.request import _end_with_parent
from kostra_publish.drafts import Working

SPAWN = get_context("spawn")


def echo(connection: Connection) -> None:
    """Tell what is asked, until there is no more."""
    while (asked := connection.recv()) is not None:
        connection.send(Working(str(asked)))


def killed(_connection: Connection) -> None:
    """Meet an end that cannot be told of."""
    os.kill(os.getpid(), signal.SIGKILL)


def deaf(connection: Connection) -> None:
    """Tell that it is there, and never listen."""
    connection.send(Working(str(os.getpid())))
    Event().wait()


def parent(connection: Connection) -> None:
    """Start one that goes with it, tell which it is, and be killed."""
    own, other = SPAWN.Pipe()
    child = SPAWN.Process(target=orphan, args=(other,), daemon=True)
    child.start()
    own.recv()
    connection.send(child.pid)
    os.kill(os.getpid(), signal.SIGKILL)


def orphan(connection: Connection) -> None:
    """Say that it is there, and do nothing until nobody wants it any more."""
    connection.send(None)
    _end_with_parent()
