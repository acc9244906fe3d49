"""What a refused request answers: Telegram's code, text and parameters."""

from __future__ import annotations

from typing import Any

_PREFIX = {400: "Bad Request: ", 401: "", 403: "Forbidden: ", 404: "", 409: "Conflict: ", 429: ""}


class ApiError(Exception):
    """A refusal, as Telegram words it."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        self.code = code
        self.description = _PREFIX.get(code, "") + description
        self.parameters = parameters
        super().__init__(self.description)

    def body(self) -> dict[str, Any]:
        """The JSON object of the response."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad(description: str) -> ApiError:
    """A 400 with Telegram's prefix."""
    return ApiError(400, description)


def too_many(retry_after: int) -> ApiError:
    """A 429 that names the seconds to wait."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)
