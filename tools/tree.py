"""What the checks share: the files of the source tree, and C text without comments and literals."""
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def files(folders=("src", "tools", "tests", "fuzz", "benchmarks"), endings=(".c", ".h")):
    """Paths relative to the top, sorted."""
    found = []
    for folder in folders:
        for where, below, names in os.walk(os.path.join(TOP, folder)):
            below[:] = [name for name in below if not name.startswith((".", "build"))]
            found += [os.path.relpath(os.path.join(where, name), TOP)
                      for name in names if name.endswith(endings)]
    return sorted(found)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def without_comments_and_literals(text):
    """The same number of lines; comments and the inside of strings become blanks."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return token.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def finish(problems, advice):
    for problem in problems:
        print(problem)
    if problems:
        print(advice)
    sys.exit(1 if problems else 0)
