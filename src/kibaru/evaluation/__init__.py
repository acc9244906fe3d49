"""Measuring Kibaru on questions whose answers are known: sets, runs, figures with intervals, comparisons.

Data flows: a set (`sets`) is asked (`asking`) and becomes results (`results`), which can be kept; these become
figures with confidence intervals (`figures`), shown as tables (`tables`) and as a picture (`picture`).
"""
