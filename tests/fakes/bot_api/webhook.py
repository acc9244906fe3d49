"""Delivery of updates by webhook."""

from __future__ import annotations

import asyncio
import json
import time

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from .updates import Update
from .world import World

RETRY_SECONDS = 0.3
"""Telegram waits longer; tests need not."""


def _queue_key(update: Update) -> int:
    """Updates of one chat (or person) arrive one after the other, others in parallel."""
    for kind, body in update.items():
        if kind == "update_id":
            continue
        if "chat" in body:
            return int(body["chat"]["id"])
        if "message" in body:
            return int(body["message"]["chat"]["id"])
        return int(body["from"]["id"])
    return 0


class WebhookSender:
    """Posts pending updates to the bot's URL, retrying until it answers 2xx."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._flying: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Deliver for ever."""
        client = AsyncHTTPClient(force_instance=True, max_clients=100)
        try:
            while True:
                if self.world.webhook.url:
                    self._start_due(client)
                await self.world.updates.changed(5)
        finally:
            for task in self._tasks:
                task.cancel()
            client.close()

    def _start_due(self, client: AsyncHTTPClient) -> None:
        with self.world.changed:
            pending = list(self.world.updates.pending)
        for update in pending:
            key = _queue_key(update)
            if key in self._flying:
                continue
            if len(self._flying) >= self.world.webhook.max_connections:
                break
            self._flying[key] = update["update_id"]
            task = asyncio.create_task(self._deliver(client, update, key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, client: AsyncHTTPClient, update: Update, key: int) -> None:
        hook = self.world.webhook
        headers = {"Content-Type": "application/json"}
        if hook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook.secret
        request = HTTPRequest(hook.url, "POST", headers, json.dumps(update), request_timeout=30)
        problem = ""
        try:
            await client.fetch(request)
        except HTTPClientError as error:
            problem = f"Wrong response from the webhook: {error.code} {error.message}"
        except OSError:
            problem = "Connection refused"
        with self.world.changed:
            if not problem:
                self.world.updates.remove(update["update_id"])
            else:
                hook.last_error, hook.last_error_date = problem, int(time.time())
            self.world.changed.notify_all()
        if problem:
            await asyncio.sleep(RETRY_SECONDS)
        self._flying.pop(key, None)
        self.world.updates.wake()
