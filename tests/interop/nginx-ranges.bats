#!/usr/bin/env bats
# Ranges: phase-serve and nginx are asked the same about the same file, and have to say the same.

setup_file() {
	# shellcheck source=tests/wait.bash
	. tests/wait.bash
	export T=$BATS_FILE_TMPDIR
	mkdir -p "$T/store/stable/x86_64" "$T/logs"
	seq 1 400 | head -c 1000 > "$T/store/stable/x86_64/vmlinuz"
	: > "$T/store/stable/x86_64/empty"
	touch -d '2026-01-02 03:04:05.0' "$T/store/stable/x86_64"/*
	cat > "$T/nginx.conf" <<-CONF
	$([ "$(id -u)" != 0 ] || echo 'user root;') daemon off; worker_processes 1; pid $T/nginx.pid; error_log $T/logs/error.log;
	events { worker_connections 64; }
	http {
		access_log off; default_type application/octet-stream;
		client_body_temp_path $T/logs/1; proxy_temp_path $T/logs/2; fastcgi_temp_path $T/logs/3;
		uwsgi_temp_path $T/logs/4; scgi_temp_path $T/logs/5;
		server { listen unix:$T/nginx.sock; root $T/store; }
	}
	CONF
	nginx -p "$T" -c "$T/nginx.conf" 3>&- > "$T/nginx.out" 2>&1 &
	echo $! > "$T/nginx.process"
	build/bin/phase-serve --no-mdns -b 127.0.0.1 -p 0 "$T/store" 3>&- > "$T/serve.out" 2> "$T/serve.err" &
	echo $! > "$T/serve.process"
	wait_until test -S "$T/nginx.sock" && wait_until test -s "$T/serve.out" && return
	cat "$T/nginx.out" "$T/serve.err"
	return 1
}

teardown_file() {
	kill "$(cat "$T/nginx.process")" "$(cat "$T/serve.process")"
	wait
}

# ask nginx|serve FILE CURL-ARGUMENT...: status, Content-Range, length, the media type's first word
# where there are parts, and the body with the boundary taken out.
ask() {
	local who=$1 file=$2 where=() boundary status
	shift 2
	if [ "$who" = nginx ]; then
		where=(--unix-socket "$T/nginx.sock" "http://nginx/stable/x86_64/$file")
	else
		where=("$(jq -r .listening "$T/serve.out")/stable/x86_64/$file")
	fi
	curl -s -m 100 -D "$T/$who.head" -o "$T/$who.body" "$@" "${where[@]}"
	status=$(sed -n '1s/^HTTP\/1.1 \([0-9]*\).*/\1/p' "$T/$who.head")
	echo "$status"
	grep -iE '^content-range:' "$T/$who.head" | tr -d '\r'
	case $status in
	206 | 200)
		grep -iE '^content-length:' "$T/$who.head" | tr -d '\r'
		boundary=$(sed -n 's/^Content-Type: multipart\/byteranges; boundary=\([0-9]*\)\r$/\1/p' "$T/$who.head")
		if [ -n "$boundary" ]; then
			echo "parts, boundary of ${#boundary}"
			sed -i "s/^--$boundary/--B/" "$T/$who.body"
		fi
		[[ $* = *-I* ]] || sha256sum < "$T/$who.body" # curl -I writes the header there
		;;
	esac
}

# same FILE CURL-ARGUMENT...
same() {
	local nginx serve
	rm -f "$T"/*.body
	touch "$T/nginx.body" "$T/serve.body"
	nginx=$(ask nginx "$@")
	serve=$(ask serve "$@")
	if [ "$nginx" != "$serve" ] || [ -z "$nginx" ]; then
		printf '%s\n' "asked: $*" "nginx: $nginx" "phase-serve: $serve"
		return 1
	fi
	asked=$((${asked-0} + 1))
}

@test "every range of the table gets nginx's answer" {
	local range
	while IFS= read -r range; do
		same vmlinuz -H "Range: bytes=$range"
	done <<-'RANGES'
	0-99
	0-0
	999-999
	500-
	-100
	-1000
	-5000
	-0
	0-999
	0-1000
	0-99999
	1000-
	1000-1001
	9223372036854775807-
	5-2
	-
	a-b
	0-1-2
	+1-2
	0x1-2
	18446744073709551616-
	0-99999999999999999999999999
	 0-1
	0 - 1
	0-1 
	0-9,20-29
	0-9, 20-29
	0-99,50-149
	0-9,10-19
	20-29,0-9
	-10,0-9
	0-9,2000-3000
	0-9,5-2
	2000-,3000-
	0-,0-
	0-,0-9
	0-,-1000
	0-9,
	,0-9
	0-9,,20-29
	0-9,x
	RANGES
	[ "$asked" = 41 ]
}

@test "no range, an empty one, other units, the unit's case, two headers" {
	same vmlinuz
	same vmlinuz -H 'Range: bytes='
	same vmlinuz -H 'Range: items=0-9'
	same vmlinuz -H 'Range: bytes 0-9'
	same vmlinuz -H 'Range: Bytes=0-9'
	same vmlinuz -H 'Range: BYTES=0-9'
	same vmlinuz -H 'Range: bytes=0-9' -H 'Range: bytes=20-29'
}

@test "more ranges than anybody needs: the whole, where nginx sends a heap of parts" {
	local many
	same vmlinuz -H "Range: bytes=$(seq -s, 0 2 30 | sed 's/[0-9]*/&-&/g')" # 16
	for many in "$(seq -s, 0 2 398 | sed 's/[0-9]*/&-&/g')" "$(printf '0-0%.0s,' {1..299})0-0"; do
		[ "$(ask nginx vmlinuz -H "Range: bytes=$many" | head -n 1)" = 206 ]
		[ "$(ask serve vmlinuz -H "Range: bytes=$many" | head -n 1)" = 200 ]
		cmp "$T/serve.body" "$T/store/stable/x86_64/vmlinuz"
	done
}

@test "a file that is not there, with a range" {
	same missing -H 'Range: bytes=0-9'
}

@test "HEAD: the same headers" {
	local range
	for range in 0-9 5000- 0-9,20-29; do
		same vmlinuz -I -H "Range: bytes=$range"
	done
	same vmlinuz -I
}

@test "an empty file" {
	local range
	for range in 0-9 0- -5 5-2; do
		same empty -H "Range: bytes=$range"
	done
}

# etag nginx|serve: as each of them names the file.
etag() {
	ask "$1" vmlinuz > "$T/none"
	sed -n 's/^ETag: \(.*\)\r$/\1/p' "$T/$1.head"
}

# same_by_etag FORMAT CURL-ARGUMENT...: FORMAT is a header with %s for the server's own entity tag.
same_by_etag() {
	local format=$1 nginx serve
	shift
	# shellcheck disable=SC2059 # the format is the test's
	nginx=$(ask nginx vmlinuz "$@" -H "$(printf "$format" "$(etag nginx)")")
	# shellcheck disable=SC2059
	serve=$(ask serve vmlinuz "$@" -H "$(printf "$format" "$(etag serve)")")
	echo "asked: $format $*, nginx: $nginx, phase-serve: $serve"
	[ -n "$nginx" ] && [ "$nginx" = "$serve" ]
}

@test "If-Range: the entity tag or the exact date, nothing else" {
	local value
	same_by_etag 'If-Range: %s' -H 'Range: bytes=0-9'
	same_by_etag 'If-Range: %s' -H 'Range: bytes=5000-'
	same_by_etag 'If-Range: W/%s' -H 'Range: bytes=0-9'
	for value in '"other"' junk 'Fri, 02 Jan 2026 03:04:05 GMT' 'Fri, 02 Jan 2026 03:04:04 GMT' \
		'Fri, 02 Jan 2026 03:04:06 GMT'; do
		same vmlinuz -H 'Range: bytes=0-9' -H "If-Range: $value"
		same vmlinuz -H 'Range: bytes=5000-' -H "If-Range: $value"
	done
}

@test "If-None-Match, If-Match, If-Modified-Since come before ranges" {
	same_by_etag 'If-None-Match: %s'
	same_by_etag 'If-None-Match: %s' -H 'Range: bytes=0-9'
	same_by_etag 'If-None-Match: "x", %s'
	same_by_etag 'If-None-Match: W/%s'
	same_by_etag 'If-Match: %s' -H 'Range: bytes=0-9'
	same_by_etag 'If-Match: W/%s' -H 'Range: bytes=0-9'
	same_by_etag 'If-Match: "x", %s' -H 'Range: bytes=0-9'
	same_by_etag 'If-Match: "x", W/%s' -H 'Range: bytes=0-9'
	same vmlinuz -H 'If-Match: "other"' -H 'Range: bytes=0-9'
	same vmlinuz -H 'If-Match: *' -H 'Range: bytes=0-9'
	same vmlinuz -H 'If-None-Match: *'
	same vmlinuz -H 'If-None-Match: "other"' -H 'Range: bytes=0-9'
	same vmlinuz -H 'If-Modified-Since: Fri, 02 Jan 2026 03:04:05 GMT' -H 'Range: bytes=0-9'
	same vmlinuz -H 'If-Modified-Since: Fri, 02 Jan 2026 03:04:04 GMT' -H 'Range: bytes=0-9'
}
