"""`python -m kibaru` is `kibaru`."""

from kibaru.cli.main import main

main()
