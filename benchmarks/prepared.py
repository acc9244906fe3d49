"""Imported by each benchmark before Kibaru: the settings of the numeric libraries are those of the programs."""

from kibaru.process import prepare

prepare()
