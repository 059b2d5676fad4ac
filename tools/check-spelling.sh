#!/bin/bash
# check-spelling.sh: codespell over what people read. Words of the field are excepted.
set -euo pipefail
cd "$(dirname "$0")/.."

paths=()
for path in README.md CHANGELOG.md lib cmd efi man docs tests tools debian .ci; do
	[ ! -e "$path" ] || paths+=("$path")
done
exec codespell --quiet-level 3 --skip '*.sum,tests/vectors,tests/fuzz/corpus,*.pem,*.bin' \
	--ignore-words-list 'hist,mis,ist,nd,te,crypted,fo,ba,keypair,crate' "${paths[@]}"
