#!/bin/sh
# What sequences cost by how many keys are alive: ./bench cep.
set -eu
exec "$BUILD/benchmarks/cep"
