#!/bin/bash
# How fast files are read out of trees in memory, beside the rate at which their leaves are hashed.
set -euo pipefail
make -s build/bench/join_bench
build/bench/join_bench
