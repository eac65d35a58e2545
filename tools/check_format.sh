#!/bin/sh
# The layout of the C code is what clang-format makes of it. Other versions decide otherwise.
cd "$(dirname "$0")/.." || exit 1
formatter=clang-format-14
command -v $formatter >/dev/null 2>&1 || formatter=clang-format
case "$($formatter --version 2>/dev/null)" in
*"version 14."*) ;;
*) echo "clang-format 14 is not installed"; exit 77 ;;
esac
find src tools tests fuzz benchmarks -name '*.[ch]' ! -path '*/build*' ! -name vmlinux.h -print0 |
	xargs -0 -r $formatter --dry-run -Werror --ferror-limit=3 ||
	{ echo "Run: $formatter -i FILE"; exit 1; }
