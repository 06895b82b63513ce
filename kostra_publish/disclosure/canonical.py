"""Frequency tables in an order of their own, whatever order and names they came with.

Where hiding this cell costs as much as hiding that, the engine takes the first. So that the
same tables get the same protection, dimensions, codes and tables are put in an order that
rests on nothing but counts and hierarchies: each gets a *colour*, a number worked out from
the colours of what it hangs together with, a few times over (Weisfeiler and Leman 1968).
What still has the same colour looks the same from everywhere near, and stays as it came.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kostra_publish.disclosure.problem import Integers

Colours = NDArray[np.uint64]

REFINEMENTS: Final = 4
"""How many steps away what a code hangs together with may make a difference."""


def code_order(
    members: Mapping[str, csr_array],
    tables: Collection[frozenset[str]],
    places: Mapping[str, Integers],
    counts: Integers,
) -> tuple[dict[str, Integers], dict[str, Integers]]:
    """Where each leaf and each code is to stand; by dimension, dimensions in order.

    ``members`` has shape (codes, leaves) by dimension. ``places`` says which leaf of each
    dimension each of ``counts`` belongs to.
    """
    colour = {
        name: np.full(
            matrix.shape[1],
            _mixed(np.array([len(table) for table in tables if name in table], np.uint64)).sum(),
        )
        for name, matrix in members.items()
    }
    for _ in range(REFINEMENTS):
        joint = counts.astype(np.uint64)
        for name, at in places.items():
            joint = joint + _mixed(colour[name])[at]
        joint = _mixed(joint)
        for name, at in places.items():
            near = _summed(at, joint, len(colour[name]))
            matrix = members[name]
            colour[name] = _mixed(colour[name] + near)
            # A leaf is told apart by the codes that it belongs to, too.
            code = _of_codes(matrix, colour[name])
            row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
            colour[name] = _mixed(
                colour[name] + _summed(matrix.indices, _mixed(code)[row], matrix.shape[1])
            )
    names = sorted(members, key=lambda name: int(_mixed(colour[name]).sum()))
    leaves = {name: np.argsort(colour[name], kind="stable") for name in names}
    codes = {
        name: np.argsort(_of_codes(members[name], colour[name]), kind="stable") for name in names
    }
    return leaves, codes


def _of_codes(members: csr_array, leaves: Colours) -> Colours:
    """The colour of each code: that of its leaves together."""
    row = np.repeat(np.arange(members.shape[0]), np.diff(members.indptr))
    return _summed(row, _mixed(leaves)[members.indices], members.shape[0])


def _summed(at: NDArray[np.signedinteger], what: Colours, length: int) -> Colours:
    found = np.zeros(length, dtype=np.uint64)
    np.add.at(found, at, what)
    return found


def _mixed(numbers: Colours) -> Colours:
    """Each number as one that looks drawn at random (the finalizer of SplitMix64)."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: Colours = mixed ^ (mixed >> np.uint64(31))
    return result
