"""The bytes of a Parquet file: every one of them is of a page, or of what is said of pages.

What a program that reads figures passes over could hold others: bytes between pages, statistics,
the name of the program, keys that stand twice. What a file says of itself is in Thrift's compact
protocol, by the numbers that the format gives to members.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from kostra_publish.auditing.released import demand

_MAGIC: Final = b"PAR1"
_PROGRAM: Final = re.compile(rb"Polars \(python\) version [0-9.]{1,9} \(build [0-9a-f]{40}\)")
# Members by number, as the format (parquet.thrift) has them.
_FILE: Final = frozenset({1, 2, 3, 4, 5, 6, 7})
_ROWS: Final = frozenset({1, 2, 3, 5, 6, 7})
_CHUNK: Final = frozenset({2, 3, 4, 5})
_COLUMN: Final = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 11})
_KEY: Final = frozenset({1, 2})
_PAGE: Final = frozenset({1, 2, 3, 5, 7})
_DATA_PAGE: Final = frozenset({1, 2, 3, 4})
_DICTIONARY: Final = frozenset({1, 2})

Struct = Mapping[int, Any]


class Dictionary(NamedTuple):
    """What a file keeps once: the words of an enumeration. ``words`` is how many there are."""

    column: str
    words: int


def check_bytes(data: bytes) -> list[Dictionary]:
    """The dictionaries of a file. Raises ValueError or LookupError where bytes are of nothing."""
    size = int.from_bytes(data[-8:-4], "little")
    start = len(data) - 8 - size
    demand(data[:4] == data[-4:] == _MAGIC and start >= 4)
    said = _Thrift(data[start:-8])
    of_file = said.struct()
    demand(said.place == size and of_file.keys() <= _FILE)
    demand(_PROGRAM.fullmatch(of_file[6]) is not None)
    keys = [key[1] for key in of_file[5] if key.keys() <= _KEY]
    demand(len(set(keys)) == len(keys) == len(of_file[5]))
    end = len(_MAGIC)
    indexes: list[tuple[int, int, list[Struct]]] = []
    dictionaries: list[Dictionary] = []
    for rows in of_file[4]:
        demand(rows.keys() <= _ROWS)
        for chunk in rows[1]:
            demand(chunk.keys() <= _CHUNK and chunk[3].keys() <= _COLUMN)
            [name] = chunk[3][3]
            demand(chunk[2] == chunk[3][9] + chunk[3][7])
            end, pages, words = _check_column(data, end, chunk[3])
            indexes.append((chunk[4], chunk[5], pages))
            if words is not None:
                dictionaries.append(Dictionary(name.decode(), words))
        of_columns = [chunk[3] for chunk in rows[1]]
        demand(rows[2] == sum(one[6] for one in of_columns))
        demand(rows[6] == sum(one[7] for one in of_columns))
    for place, length, pages in indexes:
        demand(place == end)
        index = _Thrift(data[place : place + length])
        demand(index.struct() == {1: pages} and index.place == length)
        end += length
    demand(end == start)
    return dictionaries


def _check_column(data: bytes, start: int, column: Struct) -> tuple[int, list[Struct], int | None]:
    """Where a column ends, where its pages with values are, how many words its dictionary has.

    Its pages fill all of the room that it has. Behind them it is told once more what they are.
    """
    demand(column.get(11, column[9]) == start)
    end = start + int(column[7])
    values = unpacked = 0
    found: list[Struct] = []
    words = None
    for page, header in _pages(data, start, end):
        if 5 in page:
            found.append({1: start, 2: header + page[3], 3: values})
        else:
            demand(words is None and page[7].keys() <= _DICTIONARY)
            words = int(page[7][1])
        start += header + int(page[3])
        values += _values(page)
        unpacked += header + int(page[2])
    demand((values, unpacked) == (column[5], column[6]))
    again = _Thrift(data[end : end + _MOST_TOLD])
    demand(again.struct() == column)
    return end + again.place, found, words


def _pages(data: bytes, start: int, end: int) -> Iterator[tuple[Struct, int]]:
    """The pages of a column, each with how many bytes tell of it."""
    while start < end:
        said = _Thrift(data[start:end])
        page = said.struct()
        demand(page.keys() <= _PAGE)
        yield page, said.place
        start += said.place + int(page[3])
    demand(start == end)


def _values(page: Struct) -> int:
    """How many values of a column are on a page, which has no statistics."""
    if 7 in page:
        return 0
    demand(page[5].keys() <= _DATA_PAGE)
    return int(page[5][1])


# --- Thrift -------------------------------------------------------------------------------


_TRUTHS: Final = {1: True, 2: False}
_BYTE, _TEXT, _LIST, _STRUCT = 3, 8, 9, 12
_WHOLE: Final = frozenset({4, 5, 6})
"""The types of the compact protocol, by number."""
_MOST_TOLD: Final = 1 << 12
"""How many bytes can tell of a column."""
_FEW: Final = 0x0F
_MORE: Final = 0x80


class _Thrift:
    """A reader of Thrift's compact protocol, with the types that Parquet uses."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def struct(self) -> dict[int, Any]:
        """The members of a struct by number. Raises ValueError or IndexError."""
        found: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            kind, step = head & _FEW, head >> 4
            number = number + step if step else self._whole()
            demand(number not in found)
            found[number] = _TRUTHS[kind] if kind in _TRUTHS else self._value(kind)
        return found

    def _value(self, kind: int) -> Any:  # noqa: ANN401  # of any type
        if kind in _WHOLE:
            return self._whole()
        if kind == _TEXT:
            size = self._unsigned()
            self.place += size
            demand(self.place <= len(self._data))
            return self._data[self.place - size : self.place]
        if kind == _LIST:
            head = self._byte()
            size = head >> 4 if head >> 4 < _FEW else self._unsigned()
            return [self._value(head & _FEW) for _ in range(size)]
        if kind == _BYTE or kind in _TRUTHS:
            return self._byte()
        demand(kind == _STRUCT)
        return self.struct()

    def _byte(self) -> int:
        self.place += 1
        return self._data[self.place - 1]

    def _unsigned(self) -> int:
        found = shift = 0
        while True:
            byte = self._byte()
            found |= (byte & ~_MORE) << shift
            if byte < _MORE:
                return found
            shift += 7

    def _whole(self) -> int:
        number = self._unsigned()
        return (number >> 1) ^ -(number & 1)
