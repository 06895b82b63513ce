"""The JSON Schema of the spec files, so that an editor completes and explains every key."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

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
    return {
        name: _text(model.model_json_schema(by_alias=True, schema_generator=_Explained))
        for name, model in FILES.items()
    }


class _Explained(GenerateJsonSchema):
    """Tells of each key what stands below it in the model.

    Pydantic can keep these words with the model, but then reads every model's source whenever the
    program starts.
    """

    def model_schema(self, schema: Any) -> JsonSchemaValue:  # noqa: ANN401  # pydantic's own
        """The schema of a model, its keys explained."""
        found = super().model_schema(schema)
        model = schema["cls"]
        for name, words in _explanations(model):
            key = model.model_fields[name].alias or name
            found["properties"][key]["description"] = words
        return found


def _explanations(model: type) -> Iterator[tuple[str, str]]:
    """What stands below the fields of a model in its source: (field, words)."""
    for each in reversed(model.__mro__):
        if not (issubclass(each, Model) and each is not Model):
            continue
        (tree,) = ast.parse(dedent(inspect.getsource(each))).body
        assert isinstance(tree, ast.ClassDef)  # noqa: S101  # that is what the source is of
        for field, below in pairwise(tree.body):
            match field, below:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(words))),
                ):
                    yield name, inspect.cleandoc(words)


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
