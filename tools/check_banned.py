"""Refuses calls that are easy to get wrong, unfinished places and paths of one machine."""
import re
import tree

CALLS = {
    "strcpy": "memcpy with a known length, or buf_cstr",
    "strcat": "buf_cstr", "stpcpy": "buf_cstr", "strncpy": "memcpy with a known length",
    "strncat": "buf_append",
    "sprintf": "snprintf or buf_printf", "vsprintf": "vsnprintf or buf_vprintf",
    "gets": "getline", "scanf": "base/str.h", "sscanf": "base/str.h", "fscanf": "base/str.h",
    "strtok": "str_cut", "strtok_r": "str_cut",
    "atoi": "str_to_i64", "atol": "str_to_i64", "atoll": "str_to_i64", "atof": "str_to_double",
    "system": "posix_spawn without a shell", "popen": "posix_spawn without a shell",
    "alloca": "an arena", "tmpnam": "mkstemp", "tempnam": "mkstemp", "mktemp": "mkstemp",
}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(CALLS) + r")\s*\(")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
MACHINE = re.compile(r"/(?:work|home|Users)/[a-z]\w*/[\w/.-]+")
TEXTS = (".c", ".h", ".def", ".py", ".sh", ".md", ".txt", ".build", ".yml", ".service")


def main():
    problems = []
    for path in tree.files():
        code = tree.without_comments_and_literals(tree.read(path))
        for number, line in enumerate(code.splitlines(), 1):
            for call in CALL.findall(line):
                problems.append(f"{path}:{number}: {call} is banned; use {CALLS[call]}")
    for path in tree.files(("src", "tools", "fuzz", "benchmarks", "docs", "packaging"), TEXTS):
        if path.endswith(("check_banned.py", "_test.c")):
            continue
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            for word in UNFINISHED.findall(line):
                problems.append(f"{path}:{number}: {word}: finish it, or write an issue")
            if path.startswith(("src/", "tools/", "fuzz/")) and MACHINE.search(line):
                # an example in a test may name a home directory, the program may not
                problems.append(f"{path}:{number}: names a path of one machine")
    tree.finish(problems, "tools/check_banned.py says what to use instead.")


main()
