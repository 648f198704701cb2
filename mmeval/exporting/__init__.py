"""Runs in other tools' formats, one module a format. None of them lets a secret of run.json out."""
