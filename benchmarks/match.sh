#!/bin/sh
# What matching alone costs, without reading and decoding: ./bench match.
set -eu
exec "$BUILD/benchmarks/match"
