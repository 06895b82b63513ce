"""What the quality report of a release says of its checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from kostra_publish.errors import ReleaseError
from kostra_publish.releases.manifest import altered, read_manifest

QUALITY: Final = "internal/quality.json"

_FIX: Final = "Publish the round again."


def failed_checks(release: Path) -> list[str]:
    """The blocking checks that a release has not passed, by name.

    Raises ReleaseError when it has no quality report, or one that is not as it was written.
    """
    manifest = read_manifest(release)
    if QUALITY not in manifest.outputs or [*altered(release, manifest, [QUALITY])]:
        raise ReleaseError(f"{release / QUALITY} is not as it was written", fix=_FIX)
    try:
        checks = json.loads((release / QUALITY).read_bytes())["checks"]
        return [
            str(one["name"])
            for one in checks
            if one["severity"] == "blocking" and not one["passed"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ReleaseError(f"{release / QUALITY} is no quality report", fix=_FIX) from error
