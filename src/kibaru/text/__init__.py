"""Language, sentences, stems, dates and addresses of text."""
