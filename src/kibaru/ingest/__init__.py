"""Articles from files and bytes.

`read_articles` reads files, folders and standard input. Each kind of file has a parser: `formats` (text, Markdown, JSON
lines, CSV), `html`, `pdf`, `office`, `epub`, `email`, `zip_files`. Parsers of documents run in `sandbox`, a process of
its own, so that no file can hang or crash the program. `article.make_article` cleans and checks the fields.
"""

from kibaru.ingest.files import read_articles
from kibaru.types import Failure

__all__ = ["Failure", "read_articles"]
