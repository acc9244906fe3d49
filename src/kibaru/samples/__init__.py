"""Articles written for Kibaru, to try it on: invented news, invented people."""

from pathlib import Path

SAMPLES = Path(__file__).parent
