"""Crashes and failing disks, put upon Kibaru's commands from outside; `benchmarks/faults.py` is the way in."""
