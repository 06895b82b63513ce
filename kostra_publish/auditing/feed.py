"""The Atom feed as this program writes it, read back: each line is of one of a few forms."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

from kostra_publish.auditing.released import Content

ENDING: Final = "changes.xml"

_BEGIN: Final = '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="nb">'
_END: Final = "</feed>"
_MARKS: Final = frozenset({"<entry>", "</entry>", "<author>", "</author>"})
_CATEGORIES: Final = frozenset(
    f'<category term="{change}"/>' for change in ("new", "replaced", "corrected")
)
_TEXT: Final = re.compile(r"<(id|title|updated|rights|name|summary)>([^<>]*)</\1>")
_LINK: Final = re.compile(r'<(link) rel="(?:self|alternate)" href="([^"<>]*)"/>')


def read(content: Content, data: bytes) -> None:
    """Read a file of this form into ``content``. Raises UnicodeDecodeError."""
    first, *lines = data.decode().split("\n")
    if first != _BEGIN or lines[-2:] != [_END, ""]:
        content.wrong.append("is not a feed as this program writes it")
        return
    for line in lines[:-2]:
        found = _TEXT.fullmatch(line) or _LINK.fullmatch(line)
        if found is not None:
            content.says(found[1], [unescape(found[2])])
        elif line not in _MARKS | _CATEGORIES:
            content.wrong.append("has a line that is not as this program writes it")
