"""The kinds of page there are, one of each."""

from __future__ import annotations

from typing import Final

ARCHETYPES: Final = {
    "front": "",
    "large": "0301-oslo/",
    "suppressed": "1151-utsira/",
    "not reported": "1144-kvitsoy/",
    "former code": "3103-moss/",
    "fylke": "fylke-11-rogaland/",
    "group": "kostra-gruppe-6/",
    "country": "landet/",
    "bydel": "030105-frogner/",
    "figure": "tall/tilfeller-andel/",
}
"""By name: the path of a page below the front page of each language."""
MORE: Final = {
    "tables": "tabeller/",
    "signs": "tegn/",
    "about": "om/",
    "accessibility": "tilgjengelighet/",
    "former": "1507-alesund/",
}
"""Plain pages."""
AREAS: Final = {name: path for name, path in ARCHETYPES.items() if name not in {"front", "figure"}}
LANGUAGES: Final = {"nb": "", "nn": "nn/", "en": "en/"}
"""By language: the folder of its pages."""
