/* A program that uses the network as its file \network.txt says, for tests/efi/network.bats. Lines:
 *
 *	open [lwip|tcp4] [ADDRESS/BITS GATEWAY]     brings the network up and says what it found
 *	get ADDRESS PORT PATH BYTES CONNECTIONS     fetches by ranges over so many connections at once,
 *	                                            says the SHA-256 of the whole and the rate
 *	ask ADDRESS PORT WORD                       sends a datagram from any port, and says the answer
 *	refused ADDRESS PORT                        a connection that must fail
 *	close                                       gives the network back
 *	keep                                        from now on nobody gets a network card for himself
 *	hide                                        from now on no network card is there without TCP
 *	blind                                       from now on the console is no serial line
 *	start PATH [LOAD-OPTION]                    starts that program */
#include <string.h>

#include "core/decimal.h"
#include "core/hex.h"
#include "crypto/sha256.h"
#include "efi/net.h"
#include "efi/net_address.h"
#include "efi/uefi/assert_failed.h"
#include "efi/uefi/uefi.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

#define WORDS_MAX 8
#define STALLED_MS 60000

struct test {
	struct platform p;
	struct net *net;
	struct bytes words[WORDS_MAX];
	size_t words_n;
};

static void say(struct test *t, const char *before, struct bytes what, const char *after)
{
	platform_print(&t->p, bytes_text(before));
	platform_print(&t->p, what);
	platform_print(&t->p, bytes_text(after));
	platform_print(&t->p, BYTES_LITERAL("\n"));
}

static void say_number(struct test *t, const char *before, uint64_t n, const char *after)
{
	uint8_t text[24];
	struct writer w = writer_of(text, sizeof text);
	write_decimal(&w, n);
	say(t, before, writer_view(&w), after);
}

static void say_address(struct test *t, const char *before, const struct net_address *a)
{
	struct net_address_text text;
	say(t, before, bytes_text(net_address_text(&text, a)), "");
}

static uint64_t number(const struct test *t, size_t word)
{
	uint64_t n = 0;
	return word < t->words_n && decimal_read(t->words[word], &n) == OK ? n : 0;
}

static struct net_address address(struct test *t, size_t word)
{
	struct net_address a = {0};
	if (word >= t->words_n || net_address_read(t->words[word], &a) != OK)
		say(t, "no address: ", word < t->words_n ? t->words[word] : BYTES_NONE, "");
	return a;
}

static void on_say(void *context, const char *text)
{
	say(context, "step: ", bytes_text(text), "");
}

static void do_open(struct test *t)
{
	const struct net_say say_steps = {on_say, t};
	struct net_options o = {0};
	struct why why = {0};
	for (size_t i = 1; i < t->words_n; i++) {
		const uint8_t *slash = memchr(t->words[i].p, '/', t->words[i].n);
		if (bytes_is(t->words[i], "lwip"))
			o.stack = BOOT_STACK_LWIP;
		else if (bytes_is(t->words[i], "tcp4"))
			o.stack = BOOT_STACK_TCP4;
		else if (slash != NULL) {
			uint64_t bits = 0;
			const size_t n = (size_t)(slash - t->words[i].p);
			o.has_static = net_address_read(bytes_of(t->words[i].p, n), &o.address) == OK &&
				       decimal_read(bytes_skip(t->words[i], n + 1), &bits) == OK;
			o.prefix_bits = (unsigned)bits;
			o.gateway = address(t, ++i);
		}
	}
	const uint64_t began_ms = platform_now_ms(&t->p);
	const int err = net_open(&t->p, &o, &say_steps, &t->net, &why);
	if (err != OK) {
		say(t, "open failed: ", bytes_text(why.what == NULL ? err_text(err) : why.what), "");
		say(t, "  ", bytes_text(platform_error(&t->p)), "");
		return;
	}
	const struct net_facts *f = net_facts(t->net);
	say(t, "open: ", bytes_text(f->back), "");
	say(t, "device: ", bytes_text(f->device), "");
	say_address(t, "address: ", &f->address);
	say_number(t, "bits: ", f->prefix_bits, f->from_dhcp ? " from dhcp" : "");
	say_address(t, "gateway: ", &f->gateway);
	for (size_t i = 0; i < f->resolvers_n; i++)
		say_address(t, "resolver: ", &f->resolvers[i]);
	say_number(t, "opened in ", platform_now_ms(&t->p) - began_ms, " ms");
}

/* One connection of a fetch, and which bytes it asks for. */
struct part {
	uint32_t c;
	uint64_t at, end; /* into the whole; at grows */
	bool asked, in_body;
	uint8_t head[1024];
	size_t head_n;
};

static void ask(struct test *t, struct part *part)
{
	uint8_t text[300];
	struct writer w = writer_of(text, sizeof text);
	write_text(&w, "GET ");
	write_bytes(&w, t->words[3]);
	write_text(&w, " HTTP/1.1\r\nHost: test\r\nRange: bytes=");
	write_decimal(&w, part->at);
	write_text(&w, "-");
	write_decimal(&w, part->end - 1);
	write_text(&w, "\r\n\r\n");
	part->asked = net_send(t->net, part->c, writer_view(&w)) == w.n;
}

/* The body's bytes of what has come; the head ends with an empty line. */
static struct bytes body(struct part *part, struct bytes in)
{
	while (!part->in_body && in.n > 0 && part->head_n < sizeof part->head) {
		part->head[part->head_n++] = in.p[0];
		in = bytes_skip(in, 1);
		part->in_body = bytes_ends(bytes_of(part->head, part->head_n), "\r\n\r\n");
	}
	return part->in_body ? in : BYTES_NONE;
}

/* False: it has failed. */
static bool step(struct test *t, struct part *part, uint8_t *whole, bool *moved)
{
	const enum net_state state = net_state(t->net, part->c);
	if (state == NET_CONNECTING)
		return true;
	if (!part->asked)
		ask(t, part);
	for (;;) {
		const struct bytes in = net_received(t->net, part->c);
		if (in.n == 0)
			return state == NET_OPEN || part->at == part->end;
		const struct bytes b = body(part, in);
		if (b.n > part->end - part->at)
			return false;
		memcpy(whole + part->at, b.p, b.n);
		part->at += b.n;
		net_took(t->net, part->c, in.n);
		*moved = true;
	}
}

static bool fetch(struct test *t, struct part *parts, size_t parts_n, uint8_t *whole)
{
	uint64_t moved_ms = platform_now_ms(&t->p);
	for (size_t left = parts_n; left > 0;) {
		bool moved = false;
		net_poll(t->net);
		left = parts_n;
		for (size_t i = 0; i < parts_n; i++) {
			if (parts[i].at == parts[i].end)
				left--;
			else if (!step(t, &parts[i], whole, &moved))
				return false;
		}
		const uint64_t now_ms = platform_now_ms(&t->p);
		if (moved)
			moved_ms = now_ms;
		else if (now_ms - moved_ms > STALLED_MS)
			return false;
	}
	return true;
}

static void do_get(struct test *t)
{
	static struct part parts[NET_CONNECTIONS_MAX];
	const struct net_address to = address(t, 1);
	const uint64_t bytes = number(t, 4);
	const size_t n = number(t, 5) < NET_CONNECTIONS_MAX ? number(t, 5) : NET_CONNECTIONS_MAX;
	uint8_t *whole, hash[32], hex[64];
	if (t->net == NULL || bytes < n || n == 0 || platform_pages(&t->p, bytes, &whole) != OK)
		return;
	memset(whole, 0, bytes);
	memset(parts, 0, sizeof parts);
	const uint64_t began_ms = platform_now_ms(&t->p);
	bool good = true;
	for (size_t i = 0; i < n; i++) {
		parts[i].at = bytes / n * i;
		parts[i].end = i + 1 == n ? bytes : bytes / n * (i + 1);
		parts[i].c = net_connect(t->net, &to, (uint16_t)number(t, 2));
		good &= parts[i].c != NET_NONE;
	}
	good = good && fetch(t, parts, n, whole);
	const uint64_t ms = platform_now_ms(&t->p) - began_ms;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].c != NET_NONE)
			net_end(t->net, parts[i].c);
	}
	sha256_of(bytes_of(whole, bytes), hash);
	hex_encode(bytes_of(hash, 32), (char *)hex);
	platform_give_pages(&t->p, whole, bytes);
	say(t, good ? "sha256 " : "fetch failed; sha256 ", bytes_of(hex, sizeof hex), "");
	say_number(t, "fetched in ", ms, " ms");
	say_number(t, "rate ", ms == 0 ? 0 : bytes / ms, " kB/s");
}

static void do_refused(struct test *t)
{
	const struct net_address to = address(t, 1);
	const uint64_t began_ms = platform_now_ms(&t->p);
	const uint32_t c = t->net == NULL ? NET_NONE : net_connect(t->net, &to, (uint16_t)number(t, 2));
	if (c == NET_NONE) {
		say(t, "no connection", BYTES_NONE, "");
		return;
	}
	while (net_state(t->net, c) == NET_CONNECTING && platform_now_ms(&t->p) - began_ms < STALLED_MS)
		net_poll(t->net);
	say(t, net_state(t->net, c) == NET_FAILED ? "refused" : "not refused", BYTES_NONE, "");
	net_end(t->net, c);
}

static void do_ask(struct test *t)
{
	const struct net_address to = address(t, 1);
	const uint32_t s = t->net == NULL ? NET_NONE : net_socket(t->net);
	static uint8_t data[NET_DATAGRAM_BYTES_MAX];
	struct net_address from;
	uint16_t port;
	size_t n;
	if (s == NET_NONE || t->words_n < 4) {
		say(t, "no socket", BYTES_NONE, "");
		return;
	}
	const uint64_t began_ms = platform_now_ms(&t->p);
	uint64_t asked_ms = 0;
	bool answered = false;
	while (!answered && platform_now_ms(&t->p) - began_ms < STALLED_MS) {
		if (asked_ms == 0 || platform_now_ms(&t->p) - asked_ms > 1000) {
			asked_ms = platform_now_ms(&t->p);
			(void)net_send_to(t->net, s, &to, (uint16_t)number(t, 2), t->words[3]);
		}
		net_poll(t->net);
		answered = net_receive_from(t->net, s, data, &n, &from, &port);
	}
	if (answered)
		say(t, "answer: ", bytes_of(data, n), port == number(t, 2) ? "" : " from another port");
	net_socket_end(t->net, s);
}

/* --- a firmware with a will of its own, for this program and those that it starts ----------------- */

static EFI_GUID snp_guid = EFI_SIMPLE_NETWORK_PROTOCOL_GUID;
static EFI_OPEN_PROTOCOL open_protocol;
static EFI_LOCATE_HANDLE_BUFFER locate_handle_buffer;

static EFI_STATUS EFIAPI open_but_snp(EFI_HANDLE handle, EFI_GUID *guid, void **interface, EFI_HANDLE agent,
				      EFI_HANDLE controller, UINT32 attributes)
{
	if (memcmp(guid, &snp_guid, sizeof *guid) == 0 && (attributes & EFI_OPEN_PROTOCOL_EXCLUSIVE) != 0)
		return EFI_ACCESS_DENIED;
	return open_protocol(handle, guid, interface, agent, controller, attributes);
}

static EFI_STATUS EFIAPI locate_but_snp(EFI_LOCATE_SEARCH_TYPE type, EFI_GUID *guid, void *key, UINTN *n,
					EFI_HANDLE **handles)
{
	if (type == ByProtocol && memcmp(guid, &snp_guid, sizeof *guid) == 0)
		return EFI_NOT_FOUND;
	return locate_handle_buffer(type, guid, key, n, handles);
}

static EFI_STATUS EFIAPI show_nothing(SIMPLE_TEXT_OUTPUT_INTERFACE *console, CHAR16 *text)
{
	(void)console;
	(void)text;
	return EFI_SUCCESS;
}

/* As in a machine with a screen alone: the console's devices are one that is no serial line. */
static void do_blind(struct test *t)
{
	EFI_GUID path_guid = DEVICE_PATH_PROTOCOL, global_guid = EFI_GLOBAL_VARIABLE;
	CHAR16 name[] = {'C', 'o', 'n', 'O', 'u', 't', 0};
	const UINT32 kept = EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS;
	EFI_DEVICE_PATH *path = NULL;
	size_t n = 0;
	if (!EFI_ERROR(t->p.boot->HandleProtocol(t->p.loaded->DeviceHandle, &path_guid, (void **)&path))) {
		const uint8_t *p = (const uint8_t *)path;
		while ((p[n] & 0x7f) != END_DEVICE_PATH_TYPE)
			n += p[n + 2] | (size_t)p[n + 3] << 8;
		n += END_DEVICE_PATH_LENGTH;
	}
	if (!uefi_good(&t->p, t->p.system->RuntimeServices->SetVariable(name, &global_guid, kept, n, path)))
		say(t, "the console cannot be set: ", bytes_text(platform_error(&t->p)), "");
	t->p.system->ConOut->OutputString = show_nothing;
}

/* It finds its files on the volume of this one. */
static void do_start(struct test *t)
{
	static CHAR16 options[256];
	char path[128] = {0};
	struct bytes file;
	EFI_GUID loaded_guid = LOADED_IMAGE_PROTOCOL;
	EFI_LOADED_IMAGE *loaded = NULL;
	EFI_HANDLE image = NULL;
	UINT32 options_n = 0;
	if (t->words_n < 2 || t->words[1].n >= sizeof path)
		return;
	memcpy(path, t->words[1].p, t->words[1].n);
	if (t->words_n > 2)
		for (; options_n < t->words[2].n && options_n < sizeof options / sizeof *options - 1; options_n++)
			options[options_n] = t->words[2].p[options_n];
	options[options_n] = 0;
	if (platform_file(&t->p, path, 4U << 20, &file) != OK ||
	    EFI_ERROR(t->p.boot->LoadImage(FALSE, t->p.image, NULL, (void *)(uintptr_t)file.p, file.n, &image)) ||
	    EFI_ERROR(t->p.boot->HandleProtocol(image, &loaded_guid, (void **)&loaded))) {
		say(t, "not started: ", t->words[1], "");
		return;
	}
	loaded->DeviceHandle = t->p.loaded->DeviceHandle;
	loaded->LoadOptions = options;
	loaded->LoadOptionsSize = (options_n + 1) * (UINT32)sizeof *options;
	say(t, EFI_ERROR(t->p.boot->StartImage(image, NULL, NULL)) ? "it has failed" : "it has ended", BYTES_NONE, "");
}

static void do_line(struct test *t, struct bytes line)
{
	t->words_n = 0;
	for (size_t at = 0; at < line.n && t->words_n < WORDS_MAX; at++) {
		const size_t began = at;
		while (at < line.n && line.p[at] != ' ')
			at++;
		if (at > began)
			t->words[t->words_n++] = bytes_of(line.p + began, at - began);
	}
	if (t->words_n == 0)
		return;
	say(t, "> ", line, "");
	if (bytes_is(t->words[0], "open"))
		do_open(t);
	else if (bytes_is(t->words[0], "get"))
		do_get(t);
	else if (bytes_is(t->words[0], "refused"))
		do_refused(t);
	else if (bytes_is(t->words[0], "ask"))
		do_ask(t);
	else if (bytes_is(t->words[0], "start"))
		do_start(t);
	else if (bytes_is(t->words[0], "keep") && open_protocol == NULL) {
		open_protocol = t->p.boot->OpenProtocol;
		t->p.boot->OpenProtocol = open_but_snp;
	} else if (bytes_is(t->words[0], "blind")) {
		do_blind(t);
	} else if (bytes_is(t->words[0], "hide") && locate_handle_buffer == NULL) {
		locate_handle_buffer = t->p.boot->LocateHandleBuffer;
		t->p.boot->LocateHandleBuffer = locate_but_snp;
	} else if (bytes_is(t->words[0], "close") && t->net != NULL) {
		net_close(t->net);
		t->net = NULL;
	}
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	static struct test t;
	struct bytes text;
	assert_prepare(image, system);
	if (!uefi_open(&t.p, image, system) || platform_file(&t.p, "\\network.txt", 65536, &text) != OK)
		return EFI_NOT_FOUND;
	while (text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		const size_t n = end == NULL ? text.n : (size_t)(end - text.p);
		do_line(&t, bytes_of(text.p, n));
		text = bytes_skip(text, n + 1);
	}
	if (t.net != NULL)
		net_close(t.net);
	if (open_protocol != NULL)
		t.p.boot->OpenProtocol = open_protocol;
	if (locate_handle_buffer != NULL)
		t.p.boot->LocateHandleBuffer = locate_handle_buffer;
	say(&t, "network test: end", BYTES_NONE, "");
	uefi_close(&t.p);
	return EFI_NOT_FOUND; /* the next boot entry: the firmware's shell, with startup.nsh */
}
