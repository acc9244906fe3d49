"""Parse XML from untrusted documents: no entities, no DTDs, no network, no huge trees."""

from __future__ import annotations

from typing import Any

from lxml import etree

from kibaru.errors import BadInput


def parse_xml(data: bytes) -> Any:
    """Parse XML.

    Returns:
        The root element; None for empty data.

    Raises:
        BadInput: It is no XML.
    """
    if not data.strip():
        return None
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise BadInput("it is damaged: part of it is no XML") from error
