"""Streaming XML without entities.

pyrekordbox 0.5 expands entities, takes three times as long, and requires SQLCipher; traktor-nml-utils 4.1 names no
licence, and both hold the whole document in memory. So both formats are read by expat through defusedxml, which
refuses every DTD; neither program writes one.
"""

from pathlib import Path
from typing import Final
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler

from defusedxml.common import DefusedXmlException
from defusedxml.sax import parse

from sources.djlibraries.opened import opened
from sources.djlibraries.records import LARGEST_BYTES
from sources.errors import TransientError, Unavailable
from sources.metadata.tags import clean_text

DEEPEST: Final = 100
"""Elements inside each other; real files have about ten."""


class WrongDocument(SAXException):
    """The document is XML, but not what was expected. The message continues "PATH "."""


def parse_xml(path: Path, handler: ContentHandler) -> None:
    """Feed a document to `handler`. Raises Unavailable, or TransientError for XML that breaks off."""
    shown = clean_text(path)
    try:
        with opened(path) as file:
            if path.stat().st_size > LARGEST_BYTES:
                raise Unavailable(f"{shown} is larger than 512 MiB; export fewer playlists.", "gone")
            parse(file, handler, forbid_dtd=True)
    except DefusedXmlException:
        sentence = f"{shown} declares a DTD or entities, which no DJ program writes; export it again."
        raise Unavailable(sentence, "gone") from None
    except WrongDocument as error:
        raise Unavailable(f"{shown} {error.getMessage()}.", "gone") from None
    except SAXParseException as error:
        fault = f"line {error.getLineNumber()}: {clean_text(error.getMessage())}"
        raise TransientError(f"{shown} is not complete XML ({fault}); export it again.") from None
    except (SAXException, ValueError, LookupError) as error:  # such as an unknown encoding
        fault = clean_text(error)
        raise TransientError(f"{shown} cannot be read as XML ({fault}); export it again.") from None
