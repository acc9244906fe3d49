"""The package `kibaru` as a program sees it: its names, and what importing it does to the process."""

import subprocess
import sys

import pytest

import kibaru
from kibaru.settings import Settings, documented, load_settings
from kibaru_bot.settings import BotSettings, load_bot_settings

_HEAVY = {"numpy", "faiss", "torch", "openvino", "pydantic", "sqlite3", "lxml"}


def run(code: str) -> str:
    finished = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, check=False)
    assert not finished.stderr
    return finished.stdout.strip()


def test_exported_members() -> None:
    assert {"Answer", "Article", "Kibaru", "Quote", "Settings"} <= set(kibaru.__all__)
    assert set(kibaru.__all__) == {*kibaru._MODULES, "__version__"}
    for name, module in kibaru._MODULES.items():
        assert getattr(kibaru, name) is getattr(sys.modules[module], name)
    assert set(kibaru.__all__) <= set(dir(kibaru))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = kibaru.no_such_name


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import sys; sys.path[:0] = {sys.path!r}; import kibaru; print(*sys.modules)"
    assert not _HEAVY & set(run(code).split())


@pytest.mark.parametrize("statement", ["import kibaru", "from kibaru import Kibaru", "from kibaru import *"])
def test_importing_changes_no_environment_variable(statement: str) -> None:
    code = f"import os, sys; sys.path[:0] = {sys.path!r}; before = dict(os.environ); {statement}"
    assert run(f"{code}; print(before == dict(os.environ))") == "True"


@pytest.mark.parametrize("program", ["kibaru.cli.main", "kibaru_bot.cli"])
def test_programs_set_the_numeric_libraries_up_before_they_load_them(program: str) -> None:
    code = f"""
import os, sys
sys.path[:0] = {sys.path!r}
from {program} import main
assert not {{"numpy", "faiss", "torch", "openvino"}} & set(sys.modules)
sys.argv = ["program", "--version"]
try:
    main()
except SystemExit:
    print(os.environ["OMP_WAIT_POLICY"], os.environ["OPENBLAS_NUM_THREADS"], "numpy" in sys.modules)
"""
    assert run(code).splitlines()[-1] == "PASSIVE 1 False"


def test_each_setting_is_documented_once() -> None:
    library, bot = list(documented(Settings)), list(documented(BotSettings))
    variables = [setting.variable for setting in (*library, *bot)]
    assert len(set(variables)) == len(variables) == len(BotSettings.model_fields)
    assert all(setting.description.endswith(".") for setting in (*library, *bot))
    defaults = {setting.variable: setting.default for setting in (*library, *bot)}
    assert (defaults["KIBARU_INDEX"], defaults["KIBARU_HOST_DELAY"], defaults["KIBARU_ADMINS"]) == ("index", "1", "")
    assert defaults["TELEGRAM_BOT_TOKEN"] == defaults["KIBARU_CACHE"] == ""


def test_library_and_bot_read_the_same_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBARU_INDEX", "elsewhere")
    monkeypatch.setenv("KIBARU_ADMINS", "1, 2;3")
    assert load_settings().index == load_bot_settings().index
    assert load_bot_settings().admins == (1, 2, 3)
    assert not hasattr(load_settings(), "admins")
