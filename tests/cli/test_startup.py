"""What a command imports: nothing that it does not need, for each library is time that somebody waits."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_RUN = "import sys; from kibaru.cli.main import commands; commands(sys.argv[1:], standalone_mode=False)"
_ANSWERING = {"torch", "faiss", "numpy", "choppa", "py3langid", "kibaru.answering.answer", "kibaru.index.vector_index"}
_MODEL_FRAMEWORKS = {"sentence_transformers", "transformers", "sklearn", "scipy", "datasets"}
_FOR_OTHER_COMMANDS = {"sqlite_utils", "httpx", "lxml"}
_SETTINGS = {"pydantic", "pydantic_settings", "asyncio"}


def imported_by(*arguments: str) -> set[str]:
    """The modules that one `kibaru` command imports, as the interpreter itself tells."""
    command = [sys.executable, "-X", "importtime", "-c", _RUN, *arguments]
    environment = os.environ | {"KIBARU_LOG_LEVEL": "ERROR"}
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert finished.stdout
    return {line.rpartition("|")[2].strip() for line in finished.stderr.splitlines() if line.startswith("import time:")}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_imports_neither_settings_nor_anything_that_answers(arguments: list[str]) -> None:
    assert not imported_by(*arguments) & (_SETTINGS | _ANSWERING | _MODEL_FRAMEWORKS | _FOR_OTHER_COMMANDS)


@pytest.mark.parametrize("command", ["list", "export"])
def test_listing_opens_the_database_alone(command: str, folder: Path) -> None:
    assert not imported_by(command) & (_ANSWERING | _MODEL_FRAMEWORKS | _FOR_OTHER_COMMANDS)


def test_listing_needs_no_vector_index(folder: Path) -> None:
    for snapshot in folder.glob("generation-*/*"):
        snapshot.unlink()
    assert "kibaru.types" in imported_by("list")


def test_asking_runs_the_packaged_model_without_model_frameworks(folder: Path) -> None:
    assert not imported_by("ask", "Qui a remporté la Coupe des Balafons ?") & _MODEL_FRAMEWORKS


def test_cutting_sentences_imports_no_library_for_schemas() -> None:
    code = "import sys; from kibaru.text.sentences import split_sentences as cut; print(cut('Oui. Non.'), *sys.modules)"
    cut = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "choppa" in cut
    assert not {"xmlschema", "elementpath"} & set(cut)


def test_comparing_articles_imports_no_library_for_integrals() -> None:
    text = "' '.join(map(str, range(99)))"
    imports = "import sys; from kibaru.text.near_duplicates import bands"
    code = f"{imports}; print(len(bands({text})), 'scipy.integrate' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "64 False\n"
    )
