"""The JSON Schema of the spec files, so that an editor completes and explains every key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kostra_publish.specs.calendar import Calendar
from kostra_publish.specs.delivery import Delivery
from kostra_publish.specs.models import (
    CodeLists,
    Discontinued,
    Model,
    Sources,
    TableSpec,
    Terms,
    Texts,
)
from kostra_publish.specs.pages import Pages
from kostra_publish.specs.policy import Policy
from kostra_publish.specs.quality import Quality

FILES: dict[str, type[Model]] = {
    "table.schema.json": TableSpec,
    "discontinued.schema.json": Discontinued,
    "rounds.schema.json": Calendar,
    "sources.schema.json": Sources,
    "terms.schema.json": Terms,
    "codelists.schema.json": CodeLists,
    "texts.schema.json": Texts,
    "disclosure.schema.json": Policy,
    "quality.schema.json": Quality,
    "pages.schema.json": Pages,
    "delivery.schema.json": Delivery,
}


def schemas() -> dict[str, str]:
    """Each schema's file name and its text, ready to write."""
    return {name: _text(model.model_json_schema(by_alias=True)) for name, model in FILES.items()}


def _text(schema: Mapping[str, Any]) -> str:
    complete = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    # A table that is `like` another need not repeat its keys.
    if complete.get("title") == "TableSpec":
        required = complete.pop("required")
        complete["anyOf"] = [{"required": ["id", "like"]}, {"required": required}]
    return json.dumps(complete, indent=2, ensure_ascii=False) + "\n"


def outdated(folder: Path) -> list[str]:
    """The schema files in ``folder`` that are missing or not as the models say."""
    return [
        name
        for name, text in schemas().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def write(folder: Path) -> list[Path]:
    """Write every schema into ``folder``; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in schemas().items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths
