# SPDX-License-Identifier: MIT
"""The `wasmote` command: a board's tools and components from a terminal.

Every failure is one line on stderr that says what and what to do, and a code of commands/exit_codes.py; WASMOTE_DEBUG=1 shows the
traceback. The verbs are in commands/.
"""

import os
import sys
from typing import Annotated

import typer

from . import __version__
from .commands import board, call, components, install, looking, repl, replay, serve, watching  # noqa: F401 - they add their verbs
from .commands.app import app
from .commands.completion import bash_words
from .commands.exit_codes import FAILED, INTERRUPTED, exit_code
from .errors import Failed


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False):
    if version:
        print(f"wasmote {__version__}")
        raise typer.Exit


def main():
    """The entry point: turns every failure into one line."""
    try:
        with bash_words():
            app()
    except Failed as error:
        complain(str(error), exit_code(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:
        if os.environ.get("WASMOTE_DEBUG"):
            raise
        complain(f"{type(error).__name__}: {error} (a bug of wasmote? WASMOTE_DEBUG=1 shows where)", FAILED)


def complain(text, code):
    print(f"wasmote: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(code)
