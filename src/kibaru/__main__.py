"""`python -m kibaru` is `kibaru`."""

from kibaru.cli import main

main()
