#!/usr/bin/env python3
"""Prints src/base/casefold.inc: Unicode simple case folding (statuses C and S) as ranges.

Run: tools/gen_casefold.py > src/base/casefold.inc
The facts come from Python's unicodedata; another Unicode version gives other rows, not another
form."""
import sys
import unicodedata


def fold(code):
    char = chr(code)
    full = char.casefold()
    if len(full) == 1:
        return ord(full)
    lower = char.lower()  # status S: where full folding is longer, the simple lower case
    return ord(lower) if len(lower) == 1 else code


def ranges():
    pairs = [(c, fold(c)) for c in range(0x80, 0x110000) if not 0xD800 <= c <= 0xDFFF]
    pairs = [(c, f) for c, f in pairs if c != f]
    out = []
    for code, folded in pairs:
        delta = folded - code
        if out:
            first, last, old, step = out[-1]
            if old == delta and code - last in (1, 2) and step in (0, code - last):
                out[-1] = (first, code, old, code - last)
                continue
        out.append((code, code, delta, 0))
    return out


print("/* Made by tools/gen_casefold.py from Unicode %s; do not edit. */" % unicodedata.unidata_version)
print("/* {first, last, step, what to add} */")
for first, last, delta, step in ranges():
    print("{0x%x, 0x%x, %d, %d}," % (first, last, step or 1, delta))
sys.exit(0)
