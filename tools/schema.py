"""Keeps what is made from the schema fresh.

  schema.py check  PATH-OF-schema_doc   fails when a file is stale or a number was changed
  schema.py update PATH-OF-schema_doc   writes the files; appends new rows to the golden list

A row of src/event/schema_golden.txt is never changed or removed: a number, once given, keeps its
meaning, since recordings hold it.
"""
import json
import os
import subprocess
import sys
import tree

GOLDEN = "src/event/schema_golden.txt"
MADE = {"events.md": "docs/events.md", "events.schema.json": "docs/events.schema.json"}


def made(program, what):
    text = subprocess.run([program, what], check=True, capture_output=True, text=True).stdout
    if what.endswith(".json"):
        text = json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"
    return text


def golden_problems(rows, golden):
    """What the schema says otherwise than the list; and the rows that the list lacks."""
    now = set(rows)
    problems = [f"{GOLDEN}: '{row}' was changed or removed" for row in golden if row not in now]
    old = {tuple(row.split()[:2]) for row in golden}
    new = [row for row in rows if row not in set(golden)]
    problems += [f"'{row}' reuses a number" for row in new if tuple(row.split()[:2]) in old]
    numbers = [tuple(row.split()[:2]) for row in rows]
    problems += [f"{kind} {number} is given twice"
                 for kind, number in sorted(set(numbers)) if numbers.count((kind, number)) > 1]
    return problems, new


def main():
    mode, program = sys.argv[1:3]
    golden = tree.read(GOLDEN).splitlines() if os.path.exists(os.path.join(tree.TOP, GOLDEN)) else []
    problems, new = golden_problems(made(program, "golden").splitlines(), golden)
    if problems:
        tree.finish(problems, "Take a new number instead; schema.def is append-only.")
    if mode == "update":
        if new:
            with open(os.path.join(tree.TOP, GOLDEN), "a", encoding="utf-8") as file:
                file.writelines(row + "\n" for row in new)
        for what, path in MADE.items():
            with open(os.path.join(tree.TOP, path), "w", encoding="utf-8") as file:
                file.write(made(program, what))
        return
    problems = [f"{GOLDEN} lacks '{row}'" for row in new]
    problems += [f"{path} is stale" for what, path in MADE.items() if tree.read(path) != made(program, what)]
    tree.finish(problems, "Run: ninja -C build update-schema")


main()
