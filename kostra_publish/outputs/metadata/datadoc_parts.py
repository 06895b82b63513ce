"""What every Datadoc document is put together of, those of tables and those of handed over rows.

What the model demands and no spec knows by the model's own code lists is told in words;
``PROVISIONAL`` names those fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from datadoc_model.required import model

from kostra_publish.specs.models import LANGUAGES, Text

SUBJECT: Final = "sosiale tjenester"
SOURCE: Final = "KOSTRA"
PROVISIONAL: Final = ("subject_field", "owner", "unit_type", "data_source", "temporality_type")
"""Fields that hold words, where the model means codes that are not confirmed."""
NORWAY: Final = Text(nb="Norge", nn="Noreg", en="Norway")

Fact = str | Sequence[str] | Mapping[str, Any]


def dumped(
    dataset: model.Dataset, variables: Sequence[model.Variable], *, complete: int | None = None
) -> dict[str, Any]:
    """The document of a dataset, ready for JSON; ``complete`` is how many per cent is filled in."""
    metadata = model.DatadocMetadata(
        percentage_complete=complete, dataset=dataset, variables=[*variables]
    )
    found = model.MetadataContainer(datadoc=metadata)
    return found.model_dump(mode="json", exclude_none=True)


def texts(text: Text) -> model.LanguageStringType:
    """A text in each language."""
    return model.LanguageStringType(
        [
            model.LanguageStringTypeItem(languageCode=language, languageText=text.get(language))
            for language in LANGUAGES
        ]
    )


def identifier(name: str) -> UUID:
    """The same id whenever the same is described."""
    return uuid5(NAMESPACE_URL, f"kostra-publish:{name}")


def years(first: int, last: int) -> tuple[date, date]:
    """From the first day of a year to the last day of another."""
    return date(first, 1, 1), date(last, 12, 31)


def of_dataset(facts: Mapping[str, Fact]) -> Iterator[model.CustomTypeForDatasetMetadatum]:
    """What the model has no place for, of a dataset."""
    for key, value in facts.items():
        told: Any = value if isinstance(value, str | Mapping) else [*value]
        yield model.CustomTypeForDatasetMetadatum(key=key, value=told)


def special(codes: Mapping[str, Text]) -> model.SpecialValues | None:
    """Codes that are no value, and what they mean; None where there are none."""
    others = [
        model.OtherSpecialValue(code=code, name=texts(meaning)) for code, meaning in codes.items()
    ]
    return model.SpecialValues(other_value=others) if others else None
