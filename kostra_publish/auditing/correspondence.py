"""The correspondence table as this program writes it, read back: it holds what regions tell."""

from __future__ import annotations

import json
from typing import Final

from kostra_publish.auditing.released import Content, is_plain_json
from kostra_publish.codes import regions

ENDING: Final = "kommuneendringer.json"


def read(content: Content, data: bytes) -> None:
    """Read a file of this form: its changes are those up to a year. Raises UnicodeDecodeError."""
    text = data.decode()
    newest = max(one.year for one in regions.changes())
    known = [
        {
            "changes": [
                {
                    "year": one.year,
                    "from": one.former,
                    "fromName": one.former_name,
                    "to": one.new,
                    "toName": one.new_name,
                    "sameArea": one.same_area,
                }
                for one in regions.changes()
                if one.year <= year
            ]
        }
        for year in range(regions.FIRST_YEAR - 1, newest + 1)
    ]
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if document not in known or not is_plain_json(text, document):
        content.wrong.append("is not the changes of kommuner as this program knows them")
