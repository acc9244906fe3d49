"""Parse PDF files into articles: `document.article_from_pdf`."""
