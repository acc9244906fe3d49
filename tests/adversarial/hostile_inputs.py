"""Inputs that no honest newsroom sends: hand-made bombs of every kind, and honest files damaged at random."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

from data.documents.office import book, letter, libre_document, word_document, zipped
from data.documents.pdfs import locked_pdf, scanned_pdf, set_pdf
from data.pages import pages
from data.pages.stories import STORIES

Input = tuple[str, str, bytes]
"""What it is, the name it comes by, its bytes."""

_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]><x>&j;</x>"
)
_FILE_ENTITY = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'
_PARAMETER = '<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><x/>'


def hostile_inputs(count: int, seed: int, bombs: bool = True) -> Iterator[Input]:
    """`count` inputs: the bombs first, then damaged files, the same for the same seed."""
    made = list(_bombs()) if bombs else []
    yield from made[:count]
    chance = random.Random(seed)
    honest = list(_honest())
    for number in range(count - len(made)):
        kind, name, data = honest[number % len(honest)]
        damage = chance.choice(_DAMAGES)
        yield f"{kind}, {damage.__name__} ({number})", name, damage(bytearray(data), chance)


def _honest() -> Iterator[Input]:
    """Files of every kind, none of them large."""
    story = STORIES[1]
    for name, _, data in list(pages())[::4]:
        yield f"page {name}", "a.html", data
    for columns in (1, 2, 3):
        yield (
            f"pdf of {columns} columns",
            "a.pdf",
            set_pdf(story.title, story.body, columns=columns, head="La Gazette", lines_a_column=9),
        )
    yield "scan", "a.pdf", scanned_pdf(1)
    yield "locked pdf", "a.pdf", locked_pdf()
    yield "docx", "a.docx", word_document(story.title, story.body, story.author)
    yield "odt", "a.odt", libre_document(story.title, story.body, story.author)
    yield "epub", "a.epub", book("Livre", "Sira", {s.title: f"<p>{s.text}</p>" for s in STORIES[:3]})
    attached = {"a.odt": libre_document("Deux", story.body), "b.html": next(pages())[2]}
    yield "eml", "a.eml", letter(story.title, story.text, html=f"<p>{story.text}</p>", attachments=attached)
    yield "mhtml", "a.mhtml", letter(story.title, "", html=f"<h1>{story.title}</h1><p>{story.text}</p>")
    yield (
        "zip",
        "a.zip",
        zipped({"a.txt": story.text, "b.html": next(pages())[2], "c.zip": zipped({"d.md": story.text})}),
    )


def _flipped(data: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 4, 30, 300))):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def _cut(data: bytearray, chance: random.Random) -> bytes:
    return bytes(data[: chance.randrange(len(data))])


def _without_middle(data: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return bytes(data[:start] + data[start + chance.randrange(2000) :])


def _repeated(data: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.randrange(1, 3000)]
    return bytes(data[:start] + piece * chance.choice((2, 20, 200)) + data[start:])


def _shuffled(data: bytearray, chance: random.Random) -> bytes:
    size = max(1, len(data) // chance.randrange(2, 40))
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    chance.shuffle(pieces)
    return b"".join(bytes(piece) for piece in pieces)


def _large_numbers(data: bytearray, chance: random.Random) -> bytes:
    at = chance.randrange(max(1, len(data) - 8))
    data[at : at + 8] = chance.choice(
        (b"\xff" * 8, b"99999999", b"-1 0 0 0", b"\0" * 8, b"\x7f\xff\xff\xff\xff\xff\xff\xff")
    )
    return bytes(data)


def _with_markup(data: bytearray, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    piece = chance.choice(
        (b"<div>" * 999, b"<!--", b"<![CDATA[", b"&#x110000;&#0;&#xD800;", b"</body></html>", b"\0\0", b"<table><tr><td>" * 99,
         b"<a href='" + b"x" * 9999, "\u202e\u2066\ufeff".encode(), b"<script>", b"]]>", b"&amp" * 999, b"%PDF-1.7 obj endobj")
    )  # fmt: skip
    return bytes(data[:at] + piece + data[at:])


_DAMAGES: tuple[Callable[[bytearray, random.Random], bytes], ...] = (
    _flipped, _cut, _without_middle, _repeated, _shuffled, _large_numbers, _with_markup,
)  # fmt: skip


def _bombs() -> Iterator[Input]:
    yield from _page_bombs()
    yield from _pdf_bombs()
    yield from _archive_bombs()
    yield from _mail_bombs()


def _page_bombs() -> Iterator[Input]:
    text = "<p>Le maire de la ville a ouvert le marché, et les vendeuses sont revenues ce matin.</p>" * 5
    pieces = {
        "100,000 nested divs": "<div>" * 100_000 + text,
        "100,000 nested spans": "<span>" * 100_000 + "x",
        "nested tables": "<table><tr><td>" * 20_000 + text,
        "nested lists": "<ul><li>" * 30_000 + text,
        "nested fonts": "<font>" * 50_000 + text,
        "an attribute of 10 MB": f"<p class='{'a ' * 5_000_000}'>x</p>{text}",
        "100,000 attributes": "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + f">{text}",
        "300,000 elements": "<i></i>" * 300_000 + text,
        "180,000 paragraphs": "<p>Le maire.</p>" * 60_000 + "<b>x</b>" * 60_000,
        "a line of 10 MB": f"<p>{'mot ' * 2_500_000}</p>",
        "a word of 5 MB": f"<p>{'m' * 5_000_000}</p>",
        "100,000 br": f"<div>{'ligne<br>' * 100_000}</div>",
        "50,000 links": "<a href='/x'>un titre de lien assez long</a> " * 50_000 + text,
        "20,000 linked headings": "<div><h3><a href=/x>Un titre</a></h3><p>Un résumé.</p></div>" * 20_000,
        "JSON-LD nested": f"<script type='application/ld+json'>{'[' * 100_000}</script>{text}",
        "JSON-LD of numbers": f"<script type='application/ld+json'>{'9' * 1_000_000}</script>{text}",
        "JSON-LD of odd types": "<script type='application/ld+json'>"
        '{"@type":["NewsArticle",3,null],"headline":{"a":[1]},"author":[[["x"]],null,7],"datePublished":[{}],'
        '"publisher":[1],"articleBody":{"@value":3},"hasPart":[[1]],"@graph":[1,"x",null,[[]]],"inLanguage":5}'
        f"</script>{text}",
        "10,000 JSON-LD blocks": '<script type=\'application/ld+json\'>{"@type":"NewsArticle"}</script>' * 10_000
        + text,
        "dates for regular expressions": f"<h1>T</h1><p>{'1 1 1 1 ' * 20_000}</p><p>{'janvier ' * 20_000}</p>{text}",
        "title of separators": f"<title>{' - | : ' * 20_000}</title><h1>{' - | : ' * 20_000}</h1>{text}",
        "notices": "<p>" + "pour lire la suite " * 20_000 + "</p>" + text,
        "entities": "&lt;" * 500_000 + text,
        "unclosed comment": "<!--" + text * 1000,
        "unclosed script": "<script>" + text * 1000,
        "control characters": "".join(map(chr, range(1, 32))) * 1000 + text,
        "right to left": "\u202e" * 100_000 + text,
        "frames": "<frameset><frame src='file:///etc/passwd'></frameset>",
        "base of another scheme": f"<base href='javascript:x'><link rel=canonical href='file:///etc/passwd'>{text}",
        "canonical address too long": f"<link rel=canonical href='https://x.example/{'a' * 1_000_000}'>{text}",
        "laughing doctype": _LAUGHS + text,
        "file entity": _FILE_ENTITY + text,
        "forms": "<form>" * 10_000 + text,
        "SVG and MathML": "<svg><math>" * 5_000 + text,
        "tags without end": "<p" * 200_000,
        "quotes": "<p a='\"" * 100_000,
    }
    for label, piece in pieces.items():
        yield f"page: {label}", "a.html", f"<html><body>{piece}".encode()
    yield "page: UTF-16 without text", "a.html", b"\xff\xfe" + b"\0\xd8" * 10_000
    yield "page: declared UTF-7", "a.html", b"<meta charset=utf-7>" + "é".encode("cp1252") * 1000
    yield "page: declared as a codec of Python's", "a.html", b"<meta charset=zlib_codec>" + b"\xe9x" * 1000
    yield "page: declared idna", "a.html", b"<meta charset=idna>" + b"\xe9." * 100_000
    yield "page: declared punycode", "a.html", b"<meta charset=punycode>" + b"\xe9-" * 100_000
    yield "page: binary", "a.html", bytes(range(256)) * 1000


def _pdf(objects: list[str | bytes], trailer: str = "/Root 1 0 R") -> bytes:
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + (body.encode() if isinstance(body, str) else body) + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    return bytes(out + f"trailer<</Size {len(objects) + 1} {trailer}>>\nstartxref\n{start}\n%%EOF".encode())


def _stream(data: bytes, extra: str = "") -> bytes:
    packed = zlib.compress(data, 9)
    return f"<</Length {len(packed)}/Filter/FlateDecode{extra}>>stream\n".encode() + packed + b"\nendstream"


def _one_page(content: bytes, more: tuple[str | bytes, ...] = ()) -> bytes:
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>>>"
    return _pdf(["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", page, content, font, *more])


def _pdf_bombs() -> Iterator[Input]:
    catalog = "<</Type/Catalog/Pages 2 0 R>>"
    words = b"BT /F 9 Tf 50 700 Td (Le maire a ouvert le marche de la ville ce matin.) Tj ET "
    pieces = {
        "a million objects": _pdf([catalog, "<</Type/Pages/Kids[]/Count 0>>", *["<<>>"] * 1_000_000]),
        "pages that are their own children": _pdf([catalog, "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"]),
        "pages nested": _pdf(
            [catalog, *(f"<</Type/Pages/Kids[{n + 3} 0 R]/Count 1>>" for n in range(20_000)), "<</Type/Page>>"]
        ),
        "a billion pages said": _pdf([catalog, "<</Type/Pages/Kids[3 0 R]/Count 1000000000>>", "<</Type/Page/Parent 2 0 R>>"]),
        "2,900 empty pages": _pdf(
            [catalog, f"<</Type/Pages/Kids[{'3 0 R ' * 2_900}]/Count 2900>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"]
        ),
        "50,000 pages": _pdf(
            [catalog, f"<</Type/Pages/Kids[{'3 0 R ' * 50_000}]/Count 50000>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"]
        ),
        "a stream that expands to 500 MB": _one_page(_stream(b" " * 500_000_000)),
        "a page of 2 million words": _one_page(_stream(words * 200_000)),
        "filters upon filters": _one_page(
            f"<</Length 10/Filter[{'/FlateDecode' * 10_000}]>>stream\n0123456789\nendstream".encode()
        ),
        "a form that draws itself": _one_page(
            _stream(b"/X Do " * 10), (b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>/Length 6>>stream\n/X Do \nendstream",)
        ),
        "nested arrays": _one_page(_stream(b"[" * 1_000_000)),
        "nested dictionaries": _pdf([catalog, "<</Type/Pages/Kids[]/A " + "<</A" * 200_000]),
        "graphics states": _one_page(_stream(b"q " * 2_000_000)),
        "numbers": _one_page(_stream(b"BT /F 1e308 Tf 9e999 -9e999 Td (x) Tj ET " * 1000)),
        "tiny page": _pdf([catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 0 0]>>"]),
        "inverted page": _pdf([catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[9 9 -9 -9]>>"]),
        "title of 20 MB": _pdf(
            [catalog, "<</Type/Pages/Kids[]/Count 0>>", f"<</Title({'x' * 20_000_000})>>"], "/Root 1 0 R/Info 3 0 R"
        ),
        "no objects": b"%PDF-1.7\nstartxref\n0\n%%EOF",
        "xref loop": b"%PDF-1.4\nxref\n0 0\ntrailer<</Prev 9/Size 1>>\nstartxref\n9\n%%EOF",
        "xref of huge size": b"%PDF-1.4\nxref\n0 4294967295\n" + b"0000000000 65535 f \n" * 10 + b"trailer<<>>\nstartxref\n9\n%%EOF",
        "only a header": b"%PDF-1.7",
        "zeros": b"%PDF-1.7" + b"\0" * 5_000_000,
    }  # fmt: skip
    for label, data in pieces.items():
        yield f"pdf: {label}", "a.pdf", data


def _archive_bombs() -> Iterator[Input]:
    story = STORIES[0]
    docx = {"[Content_Types].xml": "<Types/>", "_rels/.rels": "<Relationships/>"}
    container = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'
    inner = zipped({"a.txt": b"\0" * 20_000_000})
    nested = inner
    for level in range(6):
        nested = zipped({f"{level}{copy}.zip": nested for copy in range(4)})
    pieces: dict[str, tuple[str, bytes]] = {
        "zip: zeros": ("a.zip", zipped({"a.txt": b"\0" * 100_000_000})),
        "zip: nested bombs": ("a.zip", nested),
        "zip: bomb in a zip": ("a.zip", zipped({"b.zip": inner})),
        "zip: 30,000 files": ("a.zip", zipped({f"{n}.txt": "" for n in range(30_000)})),
        "zip: 2,000 articles": ("a.zip", zipped({f"{n}.txt": f"{n}\n{story.text}" for n in range(2_000)})),
        "zip: climbing": (
            "a.zip",
            zipped({"../" * 20 + "etc/passwd.txt": "x", "/root/x.txt": "y", "a\\..\\..\\b.txt": "z"}),
        ),
        "zip: names that terminals obey": ("a.zip", zipped({"\x1b[2J\n\r.txt": story.text, "\u202etxt.pdf": "x"})),
        "zip: a name of 60,000 characters": ("a.zip", zipped({"a" * 60_000 + ".txt": story.text})),
        "zip: sizes that lie": ("a.zip", _lying(zipped({"a.txt": story.text * 50}))),
        "zip: overlapping files": ("a.zip", _overlapping(200)),
        "zip: itself in itself": ("a.zip", zipped({"a.zip": zipped({"a.zip": zipped({"a.zip": zipped({})})})})),
        "zip: empty": ("a.zip", zipped({})),
        "zip: lzma": ("a.zip", _packed(zipfile.ZIP_LZMA)),
        "zip: bzip2": ("a.zip", _packed(zipfile.ZIP_BZIP2)),
        "zip: only a signature": ("a.zip", b"PK\x05\x06" + b"\0" * 18),
        "zip: million signatures": ("a.zip", b"PK\x01\x02" * 1_000_000 + b"PK\x05\x06" + b"\xff" * 18),
        "docx: laughs": ("a.docx", zipped(docx | {"word/document.xml": _LAUGHS})),
        "docx: laughs as types": ("a.docx", zipped({"[Content_Types].xml": _LAUGHS})),
        "docx: file entity": ("a.docx", zipped(docx | {"word/document.xml": _FILE_ENTITY})),
        "docx: nothing in it": ("a.docx", zipped({})),
        "docx: is an odt": ("a.docx", libre_document("x", story.body)),
        "docx: 100,000 nested": (
            "a.docx",
            _replaced(word_document("x", ["y"]), "word/document.xml", b"<w:p>" * 100_000),
        ),
        "docx: 100,000 paragraphs": ("a.docx", word_document("Titre", [f"Ligne {n}." for n in range(3_000)])),
        "odt: laughs": ("a.odt", zipped({"content.xml": _LAUGHS})),
        "odt: file entity": ("a.odt", zipped({"content.xml": _FILE_ENTITY})),
        "odt: parameter entity": ("a.odt", zipped({"content.xml": _PARAMETER})),
        "odt: laughs in meta": ("a.odt", _replaced(libre_document("x", story.body), "meta.xml", _LAUGHS.encode())),
        "odt: nested": ("a.odt", zipped({"content.xml": "<a>" * 100_000})),
        "odt: zeros": ("a.odt", zipped({"content.xml": b" " * 90_000_000})),
        "odt: a word of 20 MB": ("a.odt", libre_document("x", ["m" * 20_000_000])),
        "epub: laughs": ("a.epub", zipped({"META-INF/container.xml": _LAUGHS})),
        "epub: climbs": ("a.epub", zipped({"META-INF/container.xml": container.format("../../../etc/passwd")})),
        "epub: contains itself": (
            "a.epub",
            zipped({"META-INF/container.xml": container.format("META-INF/container.xml")}),
        ),
        "epub: no chapters": ("a.epub", book("x", "y", {})),
        "epub: 3,000 chapters": (
            "a.epub",
            book("x", "y", {f"c{n}": f"<p>{story.body[0] * 2} {n}</p>" for n in range(3_000)}),
        ),
        "epub: locked": ("a.epub", zipped({"META-INF/rights.xml": "<r/>"})),
        "epub: deep chapter": ("a.epub", book("x", "y", {"c": "<div>" * 50_000 + story.text})),
    }
    for label, (name, data) in pieces.items():
        yield label, name, data


def _mail_bombs() -> Iterator[Input]:
    story = STORIES[0]
    part = b"--b\nContent-Type: text/plain\n\nx\n"
    deep = b"".join(b"--%d\nContent-Type: multipart/mixed; boundary=%d\n\n" % (n, n + 1) for n in range(5_000))
    forwarded = letter(story.title, story.text)
    for _ in range(12):
        forwarded = b"Subject: x\nContent-Type: message/rfc822\n\n" + forwarded
    pieces = {
        "100,000 parts": b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + part * 100_000,
        "nested parts": b"Subject: x\nContent-Type: multipart/mixed; boundary=0\n\n" + deep,
        "forwarded again and again": forwarded,
        "a header of 5 MB": b"Subject: " + b"x " * 2_500_000 + b"\n\n" + story.text.encode(),
        "100,000 headers": b"X-A: b\n" * 100_000 + b"\n" + story.text.encode(),
        "encoded words": b"Subject: " + b"=?utf-8?q?=C3=A9?= " * 50_000 + b"\n\n" + story.text.encode(),
        "encoded words unended": b"From: " + b"=?utf-8?b?" * 20_000 + b"\n\n" + story.text.encode(),
        "addresses nested": b"From: " + b"(" * 50_000 + b"\n\n" + story.text.encode(),
        "addresses quoted": b"From: " + b'"\\' * 50_000 + b"<a@b>\n\n" + story.text.encode(),
        "addresses in a group": b"From: " + b"a:" * 20_000 + b";\n\n" + story.text.encode(),
        "parameters": b"Subject: x\nContent-Type: text/plain" + b"; a*0*=x" * 20_000 + b"\n\n" + story.text.encode(),
        "unknown charset": b"Subject: x\nContent-Type: text/plain; charset=klingon\n\n" + story.text.encode(),
        "odd date": b"Subject: x\nDate: 99 Foo 99999 99:99:99 +9999\n\n" + story.text.encode(),
        "base64 damaged": b"Subject: x\nContent-Transfer-Encoding: base64\n\n" + b"!!!" * 10_000,
        "uuencoded": b"Subject: x\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n" + b"~" * 10_000,
        "attachments that climb": letter("x", story.text, attachments={"../../x.txt": b"Un\nDeux", "/etc/y.txt": b"z"}),
        "an e-mail in an e-mail in an e-mail": letter("x", "y", attachments={"a.eml": letter("x", "y", attachments={"a.eml": letter("z", "w")})}),
        "a bomb attached": letter("x", story.text, attachments={"a.zip": zipped({"a.txt": b"\0" * 50_000_000})}),
        "no headers": story.text.encode(),
        "only headers": b"Subject: x\n",
    }  # fmt: skip
    for label, data in pieces.items():
        yield f"eml: {label}", "a.eml", data
        yield f"mhtml: {label}", "a.mhtml", data


def _lying(data: bytes) -> bytes:
    """The archive with a size in its directory that is a tenth of the true one."""
    at = data.index(b"PK\x01\x02") + 24
    size = struct.unpack("<I", data[at : at + 4])[0]
    return data[:at] + struct.pack("<I", size // 10) + data[at + 4 :]


def _overlapping(count: int) -> bytes:
    """A directory whose every entry is the same data, as a bomb has them that no nesting needs."""
    data = zipped({"a.txt": "mot " * 100_000})
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    directory = data[start:end] * count
    tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), start, 0)
    return data[:start] + directory + tail


def _packed(method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a.txt", "mot " * 10_000)
    return out.getvalue()


def _replaced(data: bytes, name: str, part: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return zipped({n: part if n == name else archive.read(n) for n in archive.namelist()})
