"""Measuring Kibaru on questions whose answers are known: sets, runs, figures with intervals, comparisons.

The way of the data: the questions of a set (`sets`) are asked (`run`), which gives results (`results`) that can be
saved. From these figures with confidence intervals are computed (`figures`), also by variant and language (`variants`).
They are shown as tables (`tables`) and as a picture (`picture`). `export` makes a set out of an archive.
"""
