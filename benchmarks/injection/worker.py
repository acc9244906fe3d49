"""The process commands are forked from: it has imported all of Kibaru and loaded the model, with the shim before libc.

Reads jobs as lines of JSON: `fork` starts the commands of a job in a child and answers its process id, `wait` answers
how a child ended, `poll` the same or null while it runs. What the commands print is in files of the job's folder.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

_SHIM = ctypes.CDLL(None)
_SHIM.inject_arm.argtypes = [ctypes.c_char_p, ctypes.c_uint, ctypes.c_int, ctypes.c_long, ctypes.c_int, ctypes.c_int]
_SHIM.inject_clock.argtypes = [ctypes.c_long, ctypes.c_long]
_SHIM.inject_seen.restype = ctypes.c_long


def main() -> None:
    _warm_up()
    gc.collect()
    gc.freeze()  # so that children need not copy what is only looked at
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "fork" in asked:
            pid = os.fork()
            if not pid:
                _child(asked["fork"])
            answer: object = pid
        else:
            pid, status = os.waitpid(asked["pid"], os.WNOHANG if asked.get("poll") else 0)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        print(json.dumps(answer), flush=True)


def _warm_up() -> None:
    """Have all imported and loaded that a command would, by running most of them."""
    from kibaru.process import prepare

    prepare()
    from tqdm import tqdm

    import kibaru.maintenance.doctor
    import kibaru.sources.http.client
    from kibaru.archive import Kibaru
    from kibaru.index import builder
    from kibaru.ingest.article import make_article
    from kibaru.settings import load_settings
    from kibaru.sources import wordpress

    tqdm.monitor_interval = 0  # or it keeps a thread
    builder._BATCH_ARTICLES = 2  # so that a few articles are several transactions
    wordpress.run_sandboxed = lambda function, *arguments: function(
        *arguments
    )  # a process more would show nothing here
    with tempfile.TemporaryDirectory() as name:
        settings = load_settings().model_copy(update={"index": Path(name)})
        with Kibaru(settings, create=True) as kibaru:
            text = "Le puits du village est ouvert depuis lundi. Le maire a remercié les habitants."
            list(kibaru.add([make_article(title="Puits", text=text)]))
            kibaru.ask("Où est le puits du village ?")
            kibaru.rebuild()
    assert threading.active_count() == 1, "a fork would lose the others"


def _child(job: dict[str, Any]) -> None:
    """Run the commands of a job one after the other, and end."""
    folder = Path(job["folder"])
    os.environ.update(job["environment"])
    os.chdir(folder)
    if limit := job.get("largest_file"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if fault := job.get("fault"):
        _SHIM.inject_clock(*fault.get("clock", (0, 0)))
        where = str(folder).encode()
        _SHIM.inject_arm(
            where, fault["kinds"], fault["action"], fault["nth"], fault.get("errno", 0), fault.get("lasting", 0)
        )
    try:
        for number, command in enumerate(job["commands"]):
            out = Path(job["out"]) / f"{number}"
            for descriptor, name in ((1, "out"), (2, "err")):
                opened = os.open(out.with_suffix(f".{name}"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                os.dup2(opened, descriptor)
                os.close(opened)
            code = _run(*command)
            sys.stdout.flush()
            sys.stderr.flush()
            out.with_suffix(".code").write_text(str(code))
        (Path(job["out"]) / "seen").write_text(str(_SHIM.inject_seen()))
    finally:
        os._exit(0)


def _run(program: str, *arguments: str) -> int:
    import traceback

    from kibaru.cli.main import main as kibaru_main
    from kibaru_bot.cli import main as bot_main

    sys.argv = [program, *arguments]
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
    try:
        {"kibaru": kibaru_main, "kibaru-bot": bot_main}[program]()
    except SystemExit as ended:
        return int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main()
