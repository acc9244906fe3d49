"""Decode text of an unknown encoding."""

from __future__ import annotations

import codecs

from kibaru.errors import BadInput

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_OLD_ENCODINGS = ["cp1252", "cp1256", "cp1251", "mac_roman"]
_BINARY = "it is not text but binary data"
_SAMPLE = 200_000  # bytes or characters that decide on the encoding
_CONTROLS_IN_BINARY = 0.01  # share of control characters above which data is binary


def decode(data: bytes) -> str:
    """Decode text by its byte order mark, as UTF-8, or in the old encoding that fits best.

    Raises:
        BadInput: It is no text.
    """
    for mark, encoding in _BYTE_ORDER_MARKS.items():  # UTF-32's mark begins with UTF-16's, so it comes first
        if data.startswith(mark):
            return _decoded(data, encoding)
    if b"\0" in data:
        raise BadInput(_BINARY)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = _decoded(data, _guess(data))
    controls = sum(character < " " and character not in "\t\n\r\f" for character in text[:_SAMPLE])
    if controls > len(text[:_SAMPLE]) * _CONTROLS_IN_BINARY:
        raise BadInput(_BINARY)
    return text


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE], cp_isolation=_OLD_ENCODINGS, language_threshold=0.05).best()
    if best is None:
        raise BadInput("its characters are in no encoding known here; save it as UTF-8")
    return best.encoding


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadInput(f"it is damaged: its characters are not all {encoding}; save it as UTF-8") from error
