"""Keeping an archive sound: checks, repair, backup and restore."""
