"""Load files as the statbank's own client sees them, without the statbank."""

from __future__ import annotations

import json
from io import BytesIO
from typing import cast

import pandas as pd
import requests.auth
from furl import furl
from statbank.api_types import FilBeskrivelseType
from statbank.auth import StatbankConfig
from statbank.globals import DaplaEnvironment, DaplaRegion
from statbank.uttrekk import StatbankUttrekksBeskrivelse, UttrekksBeskrivelseData

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.deltabell import write_deltabell
from kostra_publish.specs.catalogue import Catalogue
from tests.cubes import catalogue
from tests.schedule import release_facts

NOWHERE = furl("http://statbank.invalid")
CONFIG = StatbankConfig(
    endpoint_base=NOWHERE,
    encrypt_url=NOWHERE,
    useragent="test",
    environment=DaplaEnvironment.TEST,
    region=DaplaRegion.DAPLA_LAB,
)


def written(
    whole: SafeCube, texts: Catalogue | None = None, release: str = "2026-03"
) -> tuple[bytes, bytes]:
    """The load file of a cube, and its description."""
    files = dict(write_deltabell([whole], texts or catalogue(), release_facts(release)))
    figures, description = files.values()
    return figures, description


def client(description: bytes) -> StatbankUttrekksBeskrivelse:
    """The statbank's client with this description, as if it had been fetched."""
    raw = cast("FilBeskrivelseType", json.loads(description))
    return StatbankUttrekksBeskrivelse(
        data=UttrekksBeskrivelseData.from_filbeskrivelse(raw),
        config=CONFIG,
        auth=requests.auth.AuthBase(),
    )


def refused(figures: bytes, description: bytes) -> dict[str, ValueError]:
    """What the client has against a load file."""
    [name] = [part["deltabell"] for part in json.loads(description)["deltabller"]]
    return client(description).validate({name: frame(figures)})


def frame(figures: bytes) -> pd.DataFrame:
    """A load file as the guide reads it for the client."""
    return pd.read_csv(BytesIO(figures), sep=";", header=None, dtype="str", keep_default_na=False)
