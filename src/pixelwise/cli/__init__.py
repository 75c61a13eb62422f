"""The command line: options made from the settings, results to stdout, errors to one line.

    commands.py    COMMANDS: settings, function, help and examples of each command
    parser.py      words -> settings; --help
    wording.py     errors in the words of the command line
    listing.py     `pixelwise list`: the tables of losses, networks, formats, ...
    completion.py  `pixelwise completion`: a script for the shell
    entry.py       main: run a command, print its result, exit code

exit code  0 fine   1 done, but the result is a finding   2 an error that the user can repair
           130 interrupted   143 interrupted by SIGTERM
stdout     the result, as text or with --json as JSON     stderr  progress and errors
"""

from pixelwise.cli.entry import main

__all__ = ["main"]
