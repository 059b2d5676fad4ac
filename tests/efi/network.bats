#!/usr/bin/env bats
# The networks of SWFETCH.EFI in a machine, by a program that uses them as its file says. What it
# fetches is compared by SHA-256 with what the host has.
bats_require_minimum_version 1.5.0

setup_file() {
	local root=$PWD
	cd "$BATS_FILE_TMPDIR" || return
	head -c 33554432 /dev/urandom > whole
	cat > nginx.conf <<-EOT
		$([ "$(id -u)" != 0 ] || echo 'user root;')
		daemon off;
		pid $PWD/nginx.pid;
		error_log $PWD/nginx.log;
		events {}
		http {
			access_log off;
			client_body_temp_path $PWD/body;
			proxy_temp_path $PWD/proxy;
			fastcgi_temp_path $PWD/fastcgi;
			uwsgi_temp_path $PWD/uwsgi;
			scgi_temp_path $PWD/scgi;
			server {
				listen unix:$PWD/none;
				root $PWD;
			}
		}
	EOT
	# A port that is free, on both loopbacks: the server is asked until it takes one.
	for _ in {1..50}; do
		port=$((20000 + RANDOM % 10000))
		sed "s|listen unix:.*|listen 127.0.0.1:$port; listen [::1]:$port;|" nginx.conf > nginx.$port.conf
		nginx -c "$PWD/nginx.$port.conf" -e "$PWD/nginx.log" 2> /dev/null 3>&- &
		echo $! > server.pid
		for _ in {1..300}; do
			! curl -sfo /dev/null "http://127.0.0.1:$port/nginx.conf" || break 2
			kill -0 "$(cat server.pid)" 2> /dev/null || continue 2 # the port was taken
			sleep 0.1
		done
	done
	curl -sfo /dev/null "http://127.0.0.1:$port/nginx.conf"
	echo "$port" > port
	sha256sum < whole | cut -c 1-64 > sum
	cd "$root" || return
}
teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/server.pid")"
}

setup() {
	# shellcheck source=tests/efi/qemu.sh
	. tests/efi/qemu.sh
	vm=$BATS_TEST_TMPDIR/vm
	port=$(cat "$BATS_FILE_TMPDIR/port")
	sum=$(cat "$BATS_FILE_TMPDIR/sum")
}
teardown() {
	vm_stop
}

# runs VM-ARGUMENT... < what the program does; then the firmware's shell says what it sees.
runs() {
	cat > "$BATS_TEST_TMPDIR/network.txt"
	tools/esp.sh --unchecked --program build/test/efi/network.EFI \
		--add "$BATS_TEST_TMPDIR/network.txt=network.txt" '' "$BATS_TEST_TMPDIR/disk.img"
	vm_start "$vm" image="$BATS_TEST_TMPDIR/disk.img" "$@"
}

# said N PATTERN: so many lines match.
said() {
	local n
	n=$(vm_text | grep -cE -e "$2" || true)
	[ "$n" = "$1" ] || { vm_complain "$n lines match '$2', not $1"; return 1; }
}

get() {
	echo "get $1 $port /whole 33554432 $2"
}

# everything CARD CONNECTIONS: so many at most.
everything() {
	runs card="$1" boot=disk <<-EOT
		open lwip
		$(get 10.0.2.2 1)
		$(get 10.0.2.2 4)
		$(get fec0::2 1)
		$(get fec0::2 4)
		refused 10.0.2.2 9
		refused fec0::2 9
		close
		open lwip
		$(get 10.0.2.2 "$2")
		close
		open lwip 10.0.2.77/24 10.0.2.2
		$(get 10.0.2.2 2)
		close
	EOT
	vm_until 300 '^network test: end$'
	said 6 "^sha256 $sum\$"
	said 3 '^open: lwIP$'
	said 2 '^address: 10\.0\.2\.15$'
	said 2 '^bits: 24 from dhcp$'
	said 1 '^address: 10\.0\.2\.77$'
	said 3 '^gateway: 10\.0\.2\.2$'
	said 2 '^resolver: 10\.0\.2\.3$'
	said 2 '^refused$'
	said 0 '^(open|fetch) failed|^lwIP: '
}

@test "lwIP on virtio-net, whose driver runs only because it is asked to: IPv4, IPv6, opened three times" {
	everything virtio-net-pci,romfile= 24
	vm_says '^step: connecting the driver of network card [0-9a-f:.]+ \(1af4:1000\)$'
	vm_says '^device: [0-9a-f:.]+ \(1af4:1000\)$'
}

@test "lwIP on e1000" {
	everything e1000 24
}

@test "lwIP on a card that keeps eight frames" {
	everything vmxnet3 8
}

# by_firmware CARD CONNECTIONS: so many at most. The last open shows that the card can be taken again.
by_firmware() {
	runs card="$1" boot=disk <<-EOT
		open tcp4
		$(get 10.0.2.2 1)
		$(get 10.0.2.2 4)
		refused 10.0.2.2 9
		refused fec0::2 9
		close
		open tcp4
		$(get 10.0.2.2 "$2")
		close
		open tcp4 10.0.2.77/24 10.0.2.2
		$(get 10.0.2.2 2)
		close
		open lwip
		$(get 10.0.2.2 1)
		close
	EOT
	vm_until 300 '^network test: end$'
	said 5 "^sha256 $sum\$"
	said 3 '^open: TCP4$'
	said 1 '^open: lwIP$'
	said 3 '^address: 10\.0\.2\.15$'
	said 3 '^bits: 24 from dhcp$'
	said 1 '^address: 10\.0\.2\.77$'
	said 4 '^gateway: 10\.0\.2\.2$'
	said 3 '^resolver: 10\.0\.2\.3$'
	said 1 '^refused$'
	said 1 '^no connection$'
	said 0 '^(open|fetch) failed'
}

@test "TCP4 on virtio-net, whose driver runs only because it is asked to; then lwIP" {
	by_firmware virtio-net-pci,romfile= 24
	vm_says '^step: connecting the driver of network card [0-9a-f:.]+ \(1af4:1000\)$'
	vm_says '^device: [0-9a-f:.]+ \(1af4:1000\)$'
}

@test "TCP4 on e1000" {
	by_firmware e1000 4
}

@test "what was taken is given back: the firmware's own network runs afterwards" {
	echo 'not a program' > "$BATS_TEST_TMPDIR/boot"
	runs card=virtio-net-pci,romfile= network="user,tftp=$BATS_TEST_TMPDIR,bootfile=boot" <<< $'open lwip\nclose'
	vm_until 120 '^open: lwIP$'
	vm_until 120 'Station IP address is 10\.0\.2\.15'
	vm_until 120 'NBP file downloaded successfully'
}

@test "no network card, no link and no answer are told apart, and none of them hangs" {
	runs card=none boot=disk <<< 'open lwip'
	vm_until 120 '^open failed: no network card that this firmware has a driver for'
	vm_until 60 '^network test: end$'
	vm_stop
	runs link=off card=virtio-net-pci,romfile= boot=disk <<< 'open lwip'
	vm_until 120 '^open failed: no network card has a link'
	vm_until 60 '^network test: end$'
	vm_stop
	runs network=hubport,hubid=0 boot=disk <<< 'open lwip'
	vm_until 120 '^open failed: no DHCP server and no IPv6 router answers'
	vm_until 60 '^network test: end$'
}

@test "a datagram from any port of either network, and its answer" {
	python3 tests/efi/echo.py > "$BATS_TEST_TMPDIR/port" 3>&- &
	local peer=$!
	until [ -s "$BATS_TEST_TMPDIR/port" ]; do sleep 0.1; done
	runs boot=disk <<-EOT
		open lwip
		ask 10.0.2.2 $(cat "$BATS_TEST_TMPDIR/port") first
		close
		open tcp4
		ask 10.0.2.2 $(cat "$BATS_TEST_TMPDIR/port") second
		close
	EOT
	vm_until 120 '^network test: end$'
	kill $peer
	vm_says '^answer: FIRST$'
	vm_says '^answer: SECOND$'
}

# sets WORD...: by the firmware's shell, as in its setup, after this program has had drivers connected.
sets() {
	printf '%s\r\n' '@echo -off' "ifconfig -s eth0 $*" 'stall 2000000' 'echo SHELL ENDS' 'reset -s' > "$BATS_TEST_TMPDIR/startup.nsh"
	printf 'open tcp4\nclose\n' > "$BATS_TEST_TMPDIR/network.txt"
	tools/esp.sh --unchecked --program build/test/efi/network.EFI \
		--add "$BATS_TEST_TMPDIR/network.txt=network.txt" --add "$BATS_TEST_TMPDIR/startup.nsh=startup.nsh" \
		'' "$BATS_TEST_TMPDIR/disk.img"
	vm_start "$vm" image="$BATS_TEST_TMPDIR/disk.img" boot=disk vars=keep
	vm_until 240 'SHELL ENDS'
	vm_ends 60
}

# both: what either network finds, and fetches, in one machine whose store is kept.
both() {
	runs boot=disk vars=keep <<-EOT
		open lwip
		$(get 10.0.2.2 1)
		close
		open tcp4
		$(get 10.0.2.2 1)
		close
	EOT
	vm_until 240 '^network test: end$'
	said 1 '^open: lwIP$'
	said 1 '^open: TCP4$'
	said 2 "^sha256 $sum\$"
}

@test "either network with what is set in the firmware's setup: a fixed address, then DHCP" {
	sets static 10.0.2.55 255.255.255.0 10.0.2.2
	both
	said 2 '^address: 10\.0\.2\.55$'
	said 2 '^bits: 24$'
	said 2 '^gateway: 10\.0\.2\.2$'
	vm_stop
	sets dhcp
	both
	said 2 '^address: 10\.0\.2\.15$'
	said 2 '^bits: 24 from dhcp$'
}

@test "TCP4: a network without DHCP, without a link, without a card is told; none hangs" {
	runs network=hubport,hubid=0 boot=disk <<< 'open tcp4'
	vm_until 240 '^network test: end$'
	said 1 '^step: no address yet, the firmware asks once more$'
	said 1 '^open failed: no DHCP server answers'
	vm_stop
	runs link=off card=virtio-net-pci,romfile= boot=disk <<< 'open tcp4'
	vm_until 120 '^open failed: no network card has a link'
	vm_stop
	runs card=none boot=disk <<< 'open tcp4'
	vm_until 120 '^open failed: no network card on which this firmware runs TCP'
}

# As providers on the LAN are asked: RFC 6762, 5.1 and 6.7.
@test "a question to the group of mDNS from any port of either network, and the answer to that port alone" {
	python3 tests/efi/datagrams.py "$BATS_TEST_TMPDIR" 3>&- > "$BATS_TEST_TMPDIR/heard" &
	local peer=$!
	until [ -s "$BATS_TEST_TMPDIR/ports" ]; do sleep 0.1; done
	runs network="$(cat "$BATS_TEST_TMPDIR/ports")" boot=disk <<-EOT
		open lwip 192.168.7.2/24 0.0.0.0
		ask 224.0.0.251 5353 first
		close
		open tcp4 192.168.7.2/24 0.0.0.0
		ask 224.0.0.251 5353 second
		close
	EOT
	vm_until 240 '^network test: end$'
	kill $peer
	said 1 '^answer: FIRST$'
	said 1 '^answer: SECOND$'
	grep -qx 'first from 192.168.7.2' "$BATS_TEST_TMPDIR/heard"
	grep -qx 'second from 192.168.7.2' "$BATS_TEST_TMPDIR/heard"
}
