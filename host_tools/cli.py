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
from .commands.exit_codes import FAILED, INTERRUPTED, MISUSED, exit_code
from .errors import Failed

UsageError = typer.BadParameter.__base__  # typer's or click's: which of them has it depends on typer's version


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
):
    if version:
        print(f"wasmote {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main():
    """The entry point: turns every failure into one line."""
    try:
        with bash_words():
            sys.exit(app(prog_name="wasmote", standalone_mode=False))
    except Failed as error:
        complain(str(error), exit_code(error))
    except UsageError as error:
        complain(misused(error), MISUSED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:
        if os.environ.get("WASMOTE_DEBUG"):
            raise
        complain(f"{type(error).__name__}: {error} (a bug of wasmote? WASMOTE_DEBUG=1 shows where)", FAILED)


def misused(error):
    """What the command line lacks, and where an example stands."""
    text = error.format_message().rstrip(".")
    command = error.ctx.command_path if error.ctx else "wasmote"
    ports = "; `wasmote boards` lists PORTs" if "'PORT'" in text else ""
    end = "" if text.endswith("?") else ":"
    return f"{text[:1].lower()}{text[1:]}{end} `{command} --help` has an example{ports}"


def complain(text, code):
    print(f"wasmote: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(code)
