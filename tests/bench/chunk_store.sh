#!/bin/bash
# A million chunks (CHUNKS=N: another number) put and got, by the chunk store and by LMDB with the
# chunks as its values. Takes 13 GB below build/ while it runs.
set -euo pipefail
make -s build/bench/chunk_store_bench

folder=$(mktemp -d build/bench/chunk-store.XXXXXX)
trap 'rm -rf "$folder"' EXIT
build/bench/chunk_store_bench "$folder" "${CHUNKS:-1000000}"
