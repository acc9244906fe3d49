"""The Telegram front end of Kibaru."""
