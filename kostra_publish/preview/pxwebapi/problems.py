"""What is refused, as problem+json (RFC 9457): what was received, and what to do."""

from __future__ import annotations

from enum import Enum
from typing import Final

from kostra_publish.errors import UsageError

MEDIA_TYPE: Final = "application/problem+json"


class Problem(Enum):
    """The kinds of problems: status and title, which programs tell them by.

    Titles and types are those of PxWebApi 2, with its spelling; what it has no title for is
    called by the name of the status.
    """

    BAD_REQUEST = 400, "Bad Request"
    LANGUAGE = 400, "Unsupported language"
    VARIABLE = 400, "Non-existent variable"
    VALUE = 400, "Non-existent value"
    CODELIST = 400, "Non-existent codelist"
    EXPRESSION = 400, "Illegal selection expression"
    MISSING_SELECTION = 400, "Missing selection for mandantory variable"
    PLACEMENT = 400, "Illegal placment"
    TOO_MANY_CELLS = 400, "Too many cells selected"
    FORMAT = 400, "Unsupported output format"
    NO_TABLE = 404, "Non-existent table"
    NO_PAGE = 404, "Non-existent page"
    NO_CODELIST = 404, "Non-existent codelist"
    NO_SAVED_QUERY = 404, "Saved query not found"
    NOT_FOUND = 404, "Not Found"
    METHOD = 405, "Method Not Allowed"
    NO_SAVING = 501, "Not Implemented"

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self.value[0]

    @property
    def title(self) -> str:
        """What programs tell the kind by."""
        return self.value[1]


class ProblemError(UsageError):
    """A request that is refused."""

    def __init__(self, problem: Problem, message: str, *, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.problem = problem

    @property
    def document(self) -> dict[str, str | int]:
        """The answer, to be written as JSON."""
        return {
            "type": "Parameter error",
            "title": self.problem.title,
            "status": self.problem.status,
            "detail": f"{self.message}. {self.fix}",
        }
