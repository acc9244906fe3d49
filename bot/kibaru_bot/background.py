"""What the bot does beside answering: menus, deletion of old questions, signs of life, syncing."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial

from kibaru.errors import KibaruError
from kibaru_bot import heartbeat
from kibaru_bot.inbox import Inbox
from kibaru_bot.menus import publish_menus
from kibaru_bot.metrics import ages
from kibaru_bot.scheduled_sync import keep_in_sync
from kibaru_bot.state import BotApplication, BotState
from kibaru_bot.store import BotStore

log = logging.getLogger(__name__)

_PRUNED_EVERY = 3600.0
"""Seconds."""

_SCRUBBED_EVERY = 10.0
"""Seconds."""


async def start(application: BotApplication) -> None:
    """Load the model, start the work in the background, and queue the updates that an earlier run left."""
    state: BotState = application.bot_data["state"]
    await asyncio.to_thread(state.service.warm_up)
    application.bot_data["tasks"] = [
        asyncio.create_task(publish_menus(application.bot, state.settings.admins)),
        asyncio.create_task(_prune(state)),
        asyncio.create_task(_give_signs_of_life(state, application.bot_data["inbox"])),
        asyncio.create_task(keep_in_sync(application.bot, state)),
    ]
    await application.bot_data["inbox"].restore(application.bot)


async def _prune(state: BotState) -> None:
    """Delete, every hour, what is kept no longer."""
    while True:
        try:
            await state.service.with_store(lambda store: store.prune(state.settings.retention_days))
        except KibaruError as error:
            state.metrics.record_problem(f"old questions were not deleted: {error}")
        await asyncio.sleep(_PRUNED_EVERY)


async def _give_signs_of_life(state: BotState, inbox: Inbox) -> None:
    """Give signs of life, and keep the database's write-ahead log short."""
    scrubbed, tell, folder = time.monotonic(), "READY=1", state.settings.index
    while True:
        try:
            at = await state.service.look_up(ages)
            due = time.monotonic() - scrubbed >= _SCRUBBED_EVERY
            if await state.service.with_store(partial(_scrub, due=due)):
                scrubbed = time.monotonic()
            service = state.service
            alive = service.silent < heartbeat.SILENT
            state.metrics.observe(service.waiting, inbox.in_hand, alive and service.problem is None, at)
            if alive:
                sign = heartbeat.Sign(time.time(), service.waiting, service.problem)
                await asyncio.to_thread(heartbeat.give, folder, sign)
                heartbeat.tell_systemd(tell)
                tell = "WATCHDOG=1"
        except (KibaruError, OSError) as error:
            log.warning("no sign of life was given: %s", error)
        await asyncio.sleep(heartbeat.SECONDS)


def _scrub(store: BotStore, *, due: bool) -> bool:
    if due or not store.is_scrubbed:
        store.scrub()
        return True
    return False


async def stop(application: BotApplication) -> None:
    """End the work in the background."""
    for task in application.bot_data.pop("tasks", []):
        task.cancel()


async def close(application: BotApplication) -> None:
    """End all work and close the archive."""
    await stop(application)
    state: BotState = application.bot_data["state"]
    heartbeat.tell_systemd("STOPPING=1")
    await asyncio.to_thread(state.service.close)
    heartbeat.end(state.settings.index)
