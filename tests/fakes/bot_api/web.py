"""The HTTP side: one handler for methods, one for file downloads."""

from __future__ import annotations

import asyncio
import json
import re
import time
import traceback
from typing import Any

from tornado.web import Application, RequestHandler

from .errors import ApiError, bad, too_many
from .faults import Fault, Faults
from .methods import perform
from .model import Call
from .params import Params, Upload
from .settings import check_can_poll
from .world import World

_TOKEN = re.compile(r"\d{6,}:[\w-]{30,}")


class Context:
    """What the handlers share."""

    def __init__(self, world: World, strict_entities: bool) -> None:
        self.world, self.strict_entities = world, strict_entities
        self.faults = Faults()
        self.polls = 0
        self.stopping = False


class _Handler(RequestHandler):
    context: Context

    def initialize(self, context: Context) -> None:
        self.context = context

    def check_token(self, token: str) -> None:
        if token != self.context.world.token:
            raise ApiError(401, "Unauthorized") if _TOKEN.fullmatch(token) else ApiError(404, "Not Found")

    def answer(self, status: int, body: dict[str, Any]) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(body))

    def drop(self) -> None:
        """Close the connection without a word."""
        self._finished = True
        connection: Any = self.request.connection
        connection.stream.close()

    async def cut(self, body: dict[str, Any]) -> None:
        """Begin to answer, and close the connection in the middle of it."""
        whole = json.dumps(body)
        self.set_header("Content-Length", str(len(whole)))
        self.write(whole[: len(whole) // 2])
        await self.flush()
        self.drop()

    def prepare(self) -> None:
        self.set_header("Server", "nginx")


class NotFoundHandler(_Handler):
    """Any other address."""

    def prepare(self) -> None:
        self.answer(404, {"ok": False, "error_code": 404, "description": "Not Found"})


class FileHandler(_Handler):
    """Downloads: ``/file/bot<token>/<file_path>``."""

    def get(self, token: str, path: str) -> None:
        world = self.context.world
        with world.changed:
            stored = next((kept for kept in world.files.values() if kept.path == path), None)
            fault = self.context.faults.take("download")
        if fault is not None and fault.drop:
            self.drop()
        elif fault is not None and fault.status:
            self.answer(fault.status, {"ok": False, "error_code": fault.status, "description": "Internal Server Error"})
        elif token != world.token or stored is None:
            self.answer(404, {"ok": False, "error_code": 404, "description": "Not Found"})
        else:
            self.set_header("Content-Type", "application/octet-stream")
            self.finish(stored.body)


class MethodHandler(_Handler):
    """``/bot<token>/<method>``, by GET or POST."""

    gone = False

    def on_connection_close(self) -> None:
        self.gone = True
        self.context.world.updates.wake()

    async def get(self, token: str, method: str) -> None:
        await self.post(token, method)

    async def post(self, token: str, method: str) -> None:
        world = self.context.world
        call = Call(method, {}, time.monotonic())
        fault: Fault | None = None
        try:
            self.check_token(token)
            params = self.params()
            call.params = params.values
            with world.changed:
                world.calls.append(call)
                fault = self.context.faults.take(method)
            if fault is not None:
                await self.suffer(fault)
                if fault.drop:
                    call.status = -1
                    self.drop()
                    return
            result = await self.updates(params) if method.lower() == "getupdates" else self.run(method, params)
            body: dict[str, Any] = {"ok": True, "result": result}
            status = 200
        except ApiError as refusal:
            status, body = refusal.code, refusal.body()
        except Exception:
            problem = f"Internal Server Error: the test server failed\n{traceback.format_exc()}"
            status, body = 500, {"ok": False, "error_code": 500, "description": problem}
        with world.changed:
            call.status, call.response = status, body
            world.changed.notify_all()
        if self.gone or self._finished:
            return
        if fault is not None and fault.drop_after:
            self.drop()
            return
        if fault is not None and fault.cut:
            await self.cut(body)
            return
        self.answer(status, body)

    def run(self, method: str, params: Params) -> Any:
        with self.context.world.changed:
            return perform(self.context.world, method, params)

    async def suffer(self, fault: Fault) -> None:
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.retry_after:
            raise too_many(fault.retry_after)
        if fault.status:
            raise ApiError(fault.status, fault.description or "Internal Server Error")

    def params(self) -> Params:
        values: dict[str, Any] = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        content_type = self.request.headers.get("Content-Type", "").lower()
        if content_type.startswith("application/json") and self.request.body:
            try:
                values.update(json.loads(self.request.body))
            except ValueError:
                raise bad("can't parse JSON object") from None
        for name in self.request.body_arguments:
            values[name] = self.get_body_argument(name, strip=False)
        files = {
            name: Upload(sent[0].filename, sent[0].content_type, sent[0].body)
            for name, sent in self.request.files.items()
        }
        return Params(values, files, self.context.strict_entities)

    async def updates(self, params: Params) -> list[dict[str, Any]]:
        """``getUpdates``: long polling. A newer request ends an older one."""
        context, world = self.context, self.context.world
        queue = world.updates
        check_can_poll(world)
        context.polls += 1
        mine = context.polls
        with world.changed:
            queue.wake()
            if "allowed_updates" in params.values:
                queue.allow(params.array("allowed_updates"))
            queue.confirm(params.integer("offset"))
            world.changed.notify_all()
        limit = min(100, max(1, params.integer("limit", 100)))
        end = time.monotonic() + min(50, max(0, params.integer("timeout")))
        while not (queue.pending or queue.again or self.gone or context.stopping):
            remaining = end - time.monotonic()
            if remaining <= 0:
                break
            await queue.changed(remaining)
            check_can_poll(world)
            if mine != context.polls:
                await asyncio.sleep(0.02)  # a client that restarts has closed this connection: notice it
                if self.gone:
                    return []
                other = "terminated by other getUpdates request; make sure that only one bot instance is running"
                raise ApiError(409, other)
        with world.changed:
            return [] if self.gone else queue.batch(limit)


def application(context: Context) -> Application:
    """The routes."""
    shared = {"context": context}
    return Application(
        [
            (r"/bot([^/]+)/([^/]+)", MethodHandler, shared),
            (r"/file/bot([^/]+)/(.+)", FileHandler, shared),
            (r".*", NotFoundHandler, shared),
        ],
        log_function=lambda handler: None,
    )
