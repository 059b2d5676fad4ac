#!/bin/bash
# The rate of the bare Keccak permutation for each kind of lanes: the bound for bmt-hash.
set -euo pipefail
make -s build/bench/keccak_bench
build/bench/keccak_bench
