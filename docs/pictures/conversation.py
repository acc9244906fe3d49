"""Draw the conversation in the README: real answers of the bot, laid out in Telegram's manner, in light and dark.

    python docs/pictures/conversation.py      # needs Chromium; writes conversation-light.png and conversation-dark.png

The bot runs as a process over the sample articles, and talks to the Bot API server in `tests/fakes`. Its messages, with
their formatting, become a page of HTML, of which headless Chromium makes the pictures.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from fakes.bot_api import BotApiServer, Message  # noqa: E402

QUESTIONS = (
    "Quand le pont de Diallassagou a-t-il rouvert ?",
    "Combien a coûté sa réparation ?",
    "Qui a gagné la Coupe du monde 1998 ?",
)
"""A question, a follow-up that names nothing by itself, and one that the articles don't answer."""

WIDTH = 450
"""Width of the page in CSS pixels: a large phone."""

TAGS = {"bold": "b", "italic": "i", "blockquote": "blockquote", "text_link": "a"}
"""The HTML element for each kind of Telegram's entities that the bot uses, beside expandable quotes."""

THEMES = {
    "light": {
        "page": "#cddfc3", "in": "#ffffff", "out": "#e3fdd0", "ink": "#0f1418", "faint": "#8b979f", "accent": "#2f8fd3",
        "quote": "#eaf4fb", "head": "#ffffff", "button": "#6f8f63cc", "outfaint": "#5fae54",
    },
    "dark": {
        "page": "#0e1620", "in": "#1c2733", "out": "#2b5378", "ink": "#f2f5f7", "faint": "#7d8e9d", "accent": "#66b4f1",
        "quote": "#223444", "head": "#17212b", "button": "#2a3b4ccc", "outfaint": "#85b6de",
    },
}  # fmt: skip
"""Colours of the two pictures."""

STYLE = """
* { box-sizing: border-box; margin: 0 }
body { width: %(width)spx; background: var(--page); color: var(--ink);
  font: 14px/1.34 "Noto Sans", "DejaVu Sans", Roboto, sans-serif }
header { background: var(--head); padding: 10px 16px; display: flex; gap: 12px; align-items: center }
header i { width: 40px; height: 40px; border-radius: 50%%; color: #fff; font: bold 19px/40px "Noto Sans", sans-serif;
  text-align: center; background: linear-gradient(#62c0f5, #2f8fd3) }
header b { display: block } header small { color: var(--faint) }
main { padding: 10px 10px 14px; display: flex; flex-direction: column; gap: 8px }
.bubble { max-width: 90%%; padding: 7px 12px 6px; border-radius: 15px; background: var(--in); white-space: pre-wrap;
  overflow-wrap: break-word; box-shadow: 0 1px 1px #0002 }
.in { align-self: flex-start; border-bottom-left-radius: 4px }
.out { align-self: flex-end; background: var(--out); border-bottom-right-radius: 4px }
time { float: right; margin: 5px -4px -2px 10px; font-size: 11.5px; color: var(--faint) }
.out time { color: var(--outfaint) }
a { color: var(--accent); text-decoration: none }
blockquote { background: var(--quote); border-left: 3px solid var(--accent); border-radius: 5px; padding: 4px 8px 5px;
  margin: 9px 0 3px; position: relative }
blockquote:first-child { margin-top: 2px }
.folded { max-height: calc(4.02em + 4px); padding-bottom: 0; overflow: hidden }
.folded::after { content: "⌄"; position: absolute; right: 6px; bottom: 2px; padding-left: 30px; color: var(--accent);
  background: linear-gradient(90deg, transparent, var(--quote) 55%%) }
.keys { width: 90%%; display: grid; gap: 3px; margin-top: -5px }
.keys div { display: flex; gap: 3px }
.keys span { flex: 1; background: var(--button); color: #fff; border-radius: 7px; padding: 6px; text-align: center;
  font-size: 13.5px }
"""


@contextmanager
def running_bot(api: BotApiServer, folder: Path) -> Iterator[None]:
    """Run `kibaru-bot` over the sample articles until the block ends.

    Args:
        api: The Bot API server it talks to.
        folder: An empty folder for its archive.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KIBARU_", "TELEGRAM_"))}
    environment |= {
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'bot'}",
        "KIBARU_INDEX": str(folder / "index"),
        "KIBARU_TELEGRAM_API": api.url,
        "TELEGRAM_BOT_TOKEN": api.token,
    }
    samples = str(ROOT / "src" / "kibaru" / "samples")
    add = [sys.executable, "-m", "kibaru", "add", samples]
    subprocess.run(add, env=environment, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with subprocess.Popen([sys.executable, "-m", "kibaru_bot"], env=environment, cwd=folder) as bot:
        try:
            yield
        finally:
            bot.terminate()


def conversation() -> list[Message]:
    """Ask the bot the questions and return what was said, questions and answers in turn."""
    said = []
    with tempfile.TemporaryDirectory() as folder, BotApiServer() as api, running_bot(api, Path(folder)):
        reader = api.user("Awa", language_code="fr")
        for text in QUESTIONS:
            question = api.say(reader, reader, text)
            said += [question, api.answer_to(question, timeout=120)]
            api.quiet(1)
    return said


def message_html(message: Message) -> str:
    """Return a message's text with its entities as HTML elements: its first quote as after a tap, others folded.

    Args:
        message: A message whose entities have offsets in UTF-16 units and nest properly, as Telegram's do.
    """
    units = message.text.encode("utf-16-le")
    quotes = 0
    opening: dict[int, list[str]] = {}
    closing: dict[int, list[str]] = {}
    for entity in message.entities:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if entity["type"] == "expandable_blockquote":
            tag, attributes = "blockquote", f" class={'folded' if quotes else 'tapped'}"
            quotes += 1
        else:
            tag, attributes = TAGS[entity["type"]], " href='#'" if entity["type"] == "text_link" else ""
        opening.setdefault(start, []).append(f"<{tag}{attributes}>")
        closing.setdefault(end, []).insert(0, f"</{tag}>")
    return _blocks_on_lines(_with_elements(units, opening, closing))


def _with_elements(units: bytes, opening: dict[int, list[str]], closing: dict[int, list[str]]) -> str:
    cuts = sorted({0, len(units) // 2, *opening, *closing})
    parts = []
    for start, end in zip(cuts, [*cuts[1:], cuts[-1]], strict=True):
        parts += closing.get(start, []) + opening.get(start, [])
        parts.append(html.escape(units[2 * start : 2 * end].decode("utf-16-le")))
    return "".join(parts)


def _blocks_on_lines(text: str) -> str:
    """Drop the line ends around block quotes, which begin a line by themselves."""
    return re.sub(r"\n*(</?blockquote[^>]*>)\n*", r"\1", text)


def page(said: list[Message], theme: str) -> str:
    """Return the conversation as a page of HTML.

    Args:
        said: The messages, the first of them a reader's.
        theme: A name in `THEMES`.
    """
    colours = ";".join(f"--{name}:{colour}" for name, colour in THEMES[theme].items())
    bubbles = []
    for number, message in enumerate(said):
        side = "in" if message.from_bot else "out"
        tick = "" if message.from_bot else " ✓✓"
        time = f"<time>10:{24 + number // 2:02}{tick}</time>"
        bubbles.append(f"<div class='bubble {side}'>{message_html(message)}{time}</div>")
        if message.buttons:
            rows = ("".join(f"<span>{html.escape(key['text'])}</span>" for key in row) for row in message.buttons)
            bubbles.append("<div class='keys'>" + "".join(f"<div>{row}</div>" for row in rows) + "</div>")
    head = "<header><i>K</i><span><b>Kibaru</b><small>bot</small></span></header>"
    style = f":root{{{colours}}}{STYLE % {'width': WIDTH}}"
    body = f"{head}<main>{''.join(bubbles)}</main>"
    return f"<!doctype html><meta charset=utf-8><style>{style}</style><body>{body}"


def screenshot(source: str, target: Path) -> None:
    """Draw a page with headless Chromium, two pixels to a CSS pixel, cut off below its last line.

    Args:
        source: The page's HTML.
        target: The PNG file to write.
    """
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "page.html").write_text(source, "utf-8")
        drawn = Path(folder) / "page.png"
        chromium = shutil.which("chromium") or "chromium"
        flags = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
            "--disable-component-update --disable-sync --hide-scrollbars --force-device-scale-factor=2"
        )
        command = [chromium, *flags.split(), f"--user-data-dir={folder}/profile", f"--window-size={WIDTH},3000"]
        subprocess.run(
            [*command, f"--screenshot={drawn}", f"file://{folder}/page.html"],
            check=True,
            timeout=120,
            stderr=subprocess.DEVNULL,
        )
        picture = Image.open(drawn).convert("RGB")
    background = picture.getpixel((2, picture.height - 1))
    rows = range(picture.height - 1, 0, -1)
    line = picture.resize((1, picture.height))
    last = next(row for row in rows if line.getpixel((0, row)) != background)
    picture.crop((0, 0, 2 * WIDTH, last + 28)).quantize(
        40, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    ).save(target, optimize=True)


def main() -> None:
    """Hold the conversation and draw it in both themes."""
    said = conversation()
    for theme in THEMES:
        target = Path(__file__).parent / f"conversation-{theme}.png"
        screenshot(page(said, theme), target)
        print(target, f"{target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
