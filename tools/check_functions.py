"""Refuses functions over 100 lines and files over 900, unless tools/long_functions.txt names them
with a reason, and names that are not needed any more in that list."""
import re
import tree

FUNCTION_LINES_MAX, FILE_LINES_MAX = 100, 900
LIST = "tools/long_functions.txt"


def allowed():
    """"path:function" or "path" -> reason."""
    rows = {}
    for line in tree.read(LIST).splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.partition(" ")
            rows[name] = reason.strip()
    return rows


def functions(text):
    """(name, lines) of each function: its body stands between braces in the first column."""
    lines = tree.without_comments_and_literals(text).splitlines()
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line.startswith("}") and start is not None:
            head = " ".join(lines[max(0, start - 6):start])
            names = re.findall(r"(\w+)\s*\(", head.rpartition(";")[2].rpartition("}")[2])
            names = [name for name in names if name != "__attribute__"]
            yield (names[0] if names else "?"), number - start + 1
            start = None


def main():
    rows, used, problems = allowed(), set(), []
    for path in tree.files():
        text = tree.read(path)
        count = text.count("\n")
        if count > FILE_LINES_MAX:
            used.add(path)
            if not rows.get(path):
                problems.append(f"{path}: {count} lines; a file is about one thing")
        for name, lines in functions(text):
            key = f"{path}:{name}"
            if lines > FUNCTION_LINES_MAX:
                used.add(key)
                if not rows.get(key):
                    problems.append(f"{key}: {lines} lines")
    problems += [f"{LIST}: {key} is not too long (any more)" for key in rows if key not in used]
    tree.finish(problems, f"Split it, or say in {LIST} why it is better whole.")


main()
