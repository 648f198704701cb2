"""Errors that name the thing, the place and the mend.

MmevalError                 exit code
├── UsageError              64   the command was asked for something it can't mean
├── DataError               65   a file, row or field is not what the benchmark defines
├── EngineError             70   the model could not be run
└── Interrupted             130  stopped from outside (Ctrl-C, full disk); the same command continues
"""


class MmevalError(Exception):
    """Base of every error that mmeval raises on purpose. The CLI prints it as one line."""

    exit_code = 70


class UsageError(MmevalError):
    exit_code = 64


class DataError(MmevalError):
    exit_code = 65


class EngineError(MmevalError):
    exit_code = 70


class Interrupted(MmevalError):
    exit_code = 130
