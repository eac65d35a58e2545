#!/bin/sh
# The generated manual page is one that mandoc takes without a warning.
command -v mandoc >/dev/null 2>&1 || { echo "mandoc is not installed"; exit 77; }
"$1" man | mandoc -Tlint -Wwarning
