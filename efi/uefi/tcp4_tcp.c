#include "efi/uefi/tcp4_tcp.h"

#include <string.h>

#define POLLS 32 /* each lets one frame in */
#define IN_BYTES 65536
#define OUT_BYTES 4096
/* What all senders may send at once must fit the card's receive ring; the least is the firmware's. */
#define WINDOWS_BYTES 20480U
#define WINDOW_LEAST_BYTES 8192U
#define CLOSE_MS 100 /* to say good-bye to the other side */

static EFI_GUID tcp_child_guid = EFI_TCP4_PROTOCOL;

enum { EVENT_CONNECT, EVENT_RECEIVE, EVENT_SEND, EVENT_CLOSE, EVENTS };

struct tcp4_connection {
	struct tcp4_child child;
	EFI_TCP4 *tcp;
	EFI_EVENT events[EVENTS];
	enum net_state state;
	bool receiving, sending; /* a token is with the firmware */
	size_t at, n;            /* of in: taken, received; nothing is received until all is taken */
	EFI_TCP4_CONNECTION_TOKEN connect_token;
	EFI_TCP4_IO_TOKEN receive_token, send_token;
	EFI_TCP4_RECEIVE_DATA receive_data;
	EFI_TCP4_TRANSMIT_DATA send_data;
	EFI_TCP4_CLOSE_TOKEN close_token;
	uint8_t out[OUT_BYTES];
	uint8_t in[IN_BYTES]; /* last: what is above is set to zero */
};

void tcp4_tcp_init(struct tcp4_tcp *t, struct tcp4_device *device)
{
	memset(t, 0, sizeof *t);
	t->device = device;
}

/* --- what has become of the tokens ------------------------------------------------------------ */

static void end_with(struct tcp4_connection *c, EFI_STATUS status)
{
	c->state = status == EFI_CONNECTION_FIN ? NET_ENDED : NET_FAILED;
}

static void look_at_received(struct tcp4_connection *c)
{
	if (!c->receiving || !tcp4_done(&c->receive_token.CompletionToken.Status))
		return;
	const EFI_STATUS status = c->receive_token.CompletionToken.Status;
	c->receiving = false;
	if (EFI_ERROR(status))
		end_with(c, status);
	else if (c->receive_data.DataLength > IN_BYTES)
		c->state = NET_FAILED; /* a firmware that does not keep to the bounds of the buffer */
	else
		c->n = c->receive_data.DataLength;
}

/* What has come is in the buffer at once; otherwise the token waits for it. */
static void receive(struct tcp4_connection *c)
{
	if (c->receiving || c->at < c->n || c->state != NET_OPEN)
		return;
	c->at = c->n = 0;
	c->receive_data = (EFI_TCP4_RECEIVE_DATA){
		.DataLength = IN_BYTES,
		.FragmentCount = 1,
		.FragmentTable = {{.FragmentLength = IN_BYTES, .FragmentBuffer = c->in}},
	};
	c->receive_token.CompletionToken =
		(EFI_TCP4_COMPLETION_TOKEN){.Event = c->events[EVENT_RECEIVE], .Status = EFI_NOT_READY};
	c->receive_token.Packet.RxData = &c->receive_data;
	c->receiving = true;
	const EFI_STATUS status = c->tcp->Receive(c->tcp, &c->receive_token);
	if (EFI_ERROR(status)) {
		c->receiving = false;
		if (status != EFI_OUT_OF_RESOURCES) /* then it is tried again */
			end_with(c, status);
		return;
	}
	look_at_received(c);
}

static void look_at(struct tcp4_connection *c)
{
	if (c->state == NET_CONNECTING && tcp4_done(&c->connect_token.CompletionToken.Status))
		c->state = EFI_ERROR(c->connect_token.CompletionToken.Status) ? NET_FAILED : NET_OPEN;
	if (c->sending && tcp4_done(&c->send_token.CompletionToken.Status))
		c->sending = false; /* what has failed is told to who receives, too */
	look_at_received(c);
	receive(c);
}

bool tcp4_tcp_poll(struct tcp4_tcp *t)
{
	if (t->used_n == 0)
		return false;
	/* One Poll serves all connections of a firmware that is built like EDK II; of another, in turn. */
	for (unsigned i = 0; i < POLLS; i++) {
		do
			t->next = (t->next + 1) % NET_CONNECTIONS_MAX;
		while (t->c[t->next] == NULL);
		struct tcp4_connection *c = t->c[t->next];
		(void)c->tcp->Poll(c->tcp); /* EFI_NOT_READY: there was nothing to do */
	}
	for (size_t i = 0; i < NET_CONNECTIONS_MAX; i++)
		if (t->c[i] != NULL)
			look_at(t->c[i]);
	return true;
}

/* --- beginning and ending ------------------------------------------------------------------------ */

/* Cuts the connection while the child is there still. */
static void cut(struct tcp4_tcp *t, struct tcp4_connection *c)
{
	struct platform *p = t->device->p;
	const uint64_t end_ms = platform_now_ms(p) + CLOSE_MS;
	c->close_token = (EFI_TCP4_CLOSE_TOKEN){{c->events[EVENT_CLOSE], EFI_NOT_READY}, TRUE};
	if (!EFI_ERROR(c->tcp->Close(c->tcp, &c->close_token)))
		while (!tcp4_done(&c->close_token.CompletionToken.Status) && platform_now_ms(p) < end_ms)
			(void)c->tcp->Poll(c->tcp);
	(void)c->tcp->Configure(c->tcp, NULL); /* every token comes back */
}

static void give_back(struct tcp4_tcp *t, struct tcp4_connection *c)
{
	struct platform *p = t->device->p;
	if (c->child.handle != NULL)
		cut(t, c);
	if (!tcp4_child_close(&c->child))
		return; /* these pages are the firmware's for good */
	for (size_t i = 0; i < EVENTS; i++)
		if (c->events[i] != NULL)
			(void)p->boot->CloseEvent(c->events[i]);
	platform_give_pages(p, (uint8_t *)c, sizeof *c);
}

static bool prepare(struct tcp4_tcp *t, struct tcp4_connection *c)
{
	for (size_t i = 0; i < EVENTS; i++)
		if (!tcp4_event(t->device->p, &c->events[i]))
			return false;
	return tcp4_child_open(t->device, &c->child, t->device->tcp, &tcp_child_guid, (void **)&c->tcp);
}

static uint32_t window(const struct tcp4_tcp *t)
{
	const uint32_t share = WINDOWS_BYTES / (t->used_n + 1);
	return share < WINDOW_LEAST_BYTES ? WINDOW_LEAST_BYTES : share;
}

static bool dial(struct tcp4_tcp *t, struct tcp4_connection *c, const struct net_address *to, uint16_t port)
{
	EFI_TCP4_OPTION option = {.ReceiveBufferSize = window(t)}; /* zeros: as the firmware has it */
	EFI_TCP4_CONFIG_DATA config = {.TimeToLive = 64, .ControlOption = &option};
	EFI_TCP4_ACCESS_POINT *ends = &config.AccessPoint;
	tcp4_device_station(t->device, &ends->UseDefaultAddress, &ends->StationAddress, &ends->SubnetMask);
	memcpy(ends->RemoteAddress.Addr, to->ip, 4);
	ends->RemotePort = port;
	ends->ActiveFlag = TRUE;
	c->connect_token.CompletionToken = (EFI_TCP4_COMPLETION_TOKEN){c->events[EVENT_CONNECT], EFI_NOT_READY};
	struct platform *p = t->device->p;
	return uefi_good(p, c->tcp->Configure(c->tcp, &config)) && tcp4_device_route_tcp(t->device, c->tcp) &&
	       uefi_good(p, c->tcp->Connect(c->tcp, &c->connect_token));
}

uint32_t tcp4_tcp_connect(struct tcp4_tcp *t, const struct net_address *to, uint16_t port)
{
	uint32_t number = 0;
	uint8_t *pages;
	while (number < NET_CONNECTIONS_MAX && t->c[number] != NULL)
		number++;
	if (to->six || number == NET_CONNECTIONS_MAX)
		return NET_NONE;
	if (platform_pages(t->device->p, sizeof(struct tcp4_connection), &pages) != OK)
		return NET_NONE;
	struct tcp4_connection *c = (struct tcp4_connection *)(void *)pages;
	memset(c, 0, offsetof(struct tcp4_connection, in));
	if (!prepare(t, c)) {
		give_back(t, c);
		return NET_NONE;
	}
	c->state = dial(t, c, to, port) ? NET_CONNECTING : NET_FAILED;
	t->c[number] = c;
	t->used_n++;
	return number;
}

void tcp4_tcp_end(struct tcp4_tcp *t, uint32_t number)
{
	if (t->c[number] == NULL)
		return;
	give_back(t, t->c[number]);
	t->c[number] = NULL;
	t->used_n--;
}

void tcp4_tcp_close(struct tcp4_tcp *t)
{
	for (uint32_t i = 0; i < NET_CONNECTIONS_MAX; i++)
		tcp4_tcp_end(t, i);
}

/* --- data ------------------------------------------------------------------------------------------ */

enum net_state tcp4_tcp_state(const struct tcp4_tcp *t, uint32_t number)
{
	return t->c[number]->state;
}

struct bytes tcp4_tcp_received(const struct tcp4_tcp *t, uint32_t number)
{
	const struct tcp4_connection *c = t->c[number];
	return bytes_of(c->in + c->at, c->n - c->at);
}

void tcp4_tcp_took(struct tcp4_tcp *t, uint32_t number, size_t n)
{
	struct tcp4_connection *c = t->c[number];
	c->at += n;
	receive(c);
}

size_t tcp4_tcp_send(struct tcp4_tcp *t, uint32_t number, struct bytes data)
{
	struct tcp4_connection *c = t->c[number];
	const size_t n = data.n < OUT_BYTES ? data.n : OUT_BYTES;
	if (c->state != NET_OPEN || c->sending || n == 0)
		return 0;
	memcpy(c->out, data.p, n);
	c->send_data = (EFI_TCP4_TRANSMIT_DATA){
		.Push = TRUE,
		.DataLength = (UINT32)n,
		.FragmentCount = 1,
		.FragmentTable = {{.FragmentLength = (UINT32)n, .FragmentBuffer = c->out}},
	};
	c->send_token.CompletionToken =
		(EFI_TCP4_COMPLETION_TOKEN){.Event = c->events[EVENT_SEND], .Status = EFI_NOT_READY};
	c->send_token.Packet.TxData = &c->send_data;
	c->sending = true;
	if (!EFI_ERROR(c->tcp->Transmit(c->tcp, &c->send_token)))
		return n;
	c->sending = false; /* who receives is told why, or it is tried again */
	return 0;
}
