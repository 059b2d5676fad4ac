#!/bin/bash
# build.sh: makes build/interop/kadjs, a peer made of js-libp2p. npm fetches the packages the first time.
set -euo pipefail
cd "$(dirname "$0")/../../.."

tools/toolchain.sh node 20 'kadjs (js-libp2p in the tests against peers)'
out=$PWD/build/interop/kadjs
# By itself node does not look at the authorities of the machine.
authorities=/etc/ssl/certs/ca-certificates.crt
[ -n "${NODE_EXTRA_CA_CERTS-}" ] || [ ! -f "$authorities" ] || export NODE_EXTRA_CA_CERTS=$authorities
copy=$PWD/build/interop/js # there, so that npm writes nothing into the tree
mkdir -p "$copy"
exec {lock}> "$out.lock" # the same may be built beside
flock "$lock"
cp tests/interop/kadjs/*.mjs "$copy"
if ! cmp -s tests/interop/kadjs/package.json "$copy/package.json" || [ ! -f "$copy/installed" ]; then
	rm -f "$copy/installed"
	cp tests/interop/kadjs/package.json "$copy"
	(cd "$copy" && npm install --no-package-lock --no-audit --no-fund --loglevel=error) >&2
	touch "$copy/installed"
fi
printf '#!/bin/sh\nexec node --import "%s/poly.mjs" "%s/kadjs.mjs" "$@"\n' "$copy" "$copy" > "$out.new"
chmod 755 "$out.new"
mv "$out.new" "$out"
