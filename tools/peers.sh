#!/bin/bash
# peers.sh: builds all peers that the tests of tests/interop talk to. Those do it themselves; this is to have it
# done beside other tests, as the first time takes minutes. What fails here fails there again, and is shown.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

for build in tests/interop/*/build.sh; do
	"$build"
done
tests/interop/beenet/build.sh 27
tests/interop/kadrust/build.sh 56
