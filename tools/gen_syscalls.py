#!/usr/bin/env python3
"""Makes src/sensor/audit/syscalls_table.c from the kernel's headers on this machine (linux-libc-dev).

Usage: tools/gen_syscalls.py > src/sensor/audit/syscalls_table.c
"""
import re
import subprocess

ARM64 = ["-D__BITS_PER_LONG=64"] + ["-D__ARCH_WANT_" + w for w in (
    "RENAMEAT", "NEW_STAT", "SET_GET_RLIMIT", "TIME32_SYSCALLS", "SYS_CLONE3", "MEMFD_SECRET")]
TABLES = (
    ("x86_64", "asm/unistd_64.h", []),
    ("i386", "asm/unistd_32.h", []),
    ("aarch64", "asm-generic/unistd.h", ARM64),
)
NOT_CALLS = {"syscalls", "arch_specific_syscall"}


def numbers(header, flags):
    text = f"#include <{header}>\n"
    macros = subprocess.run(["cc", "-E", "-dM", *flags, "-x", "c", "-"], input=text, text=True,
                            check=True, capture_output=True).stdout
    values = dict(re.findall(r"^#define (__NR\w+) (\S+)", macros, re.M))
    found = {}
    for name, value in values.items():
        if not name.startswith("__NR_") or name[5:] in NOT_CALLS:
            continue
        while value in values:
            value = values[value]
        match = re.fullmatch(r"\(?(\d+)\)?", value)
        if match:
            found[int(match[1])] = name[5:]
    return found


def main():
    print("/* Made by tools/gen_syscalls.py from the kernel's headers; do not edit. */")
    print('#include "sensor/audit/syscalls.h"\n\n// clang-format off')
    for arch, header, flags in TABLES:
        calls = numbers(header, flags)
        print(f"const char *const syscalls_{arch}[] = {{")
        line = ""
        for number, name in sorted(calls.items()):
            item = f'[{number}] = "{name}",'
            if line and len(line) + len(item) + 9 > 100:
                print("\t" + line)
                line = ""
            line += (" " if line else "") + item
        print("\t" + line)
        print("};")
        print(f"const unsigned syscalls_{arch}_count = {max(calls) + 1};\n")
    print("// clang-format on")


main()
