"""`python -m kibaru_bot` is `kibaru-bot`."""

from kibaru_bot.cli import main

main()
