#include "efi/net.h"

static bool is_wanted(const struct net_back *back, const struct net_options *o)
{
	switch (o->back) {
	case NET_LWIP:
		return bytes_is(bytes_text(back->name), "lwIP");
	case NET_TCP4:
		return bytes_is(bytes_text(back->name), "TCP4");
	case NET_ANY_BACK:
		break;
	}
	return true;
}

int net_open(struct platform *p, const struct net_options *o, void (*say)(void *context, const char *text),
	     void *context, struct net **net, struct why *why)
{
	int err = why_not(why, ERR_NOT_FOUND, "this machine has no such network", WHY_NOWHERE, BYTES_NONE);
	for (size_t i = 0; net_backs[i] != NULL; i++) {
		if (!is_wanted(net_backs[i], o))
			continue;
		err = net_backs[i]->open(p, o, say, context, net, why);
		/* A cable that is out, or a DHCP server that is silent, is so for the next one, too. */
		if (err == OK || err == ERR_TIMEOUT || platform_interrupted(p))
			return err;
		if (say != NULL && why != NULL)
			say(context, why->what);
	}
	return err;
}

void net_close(struct net *net)
{
	net->back->close(net);
}

const struct net_facts *net_facts(const struct net *net)
{
	return &net->facts;
}

void net_poll(struct net *net)
{
	net->back->poll(net);
}

uint32_t net_connect(struct net *net, const struct net_address *to, uint16_t port)
{
	return net->back->connect(net, to, port);
}

enum net_state net_state(const struct net *net, uint32_t c)
{
	return net->back->state(net, c);
}

struct bytes net_received(struct net *net, uint32_t c)
{
	return net->back->received(net, c);
}

void net_took(struct net *net, uint32_t c, size_t n)
{
	net->back->took(net, c, n);
}

size_t net_send(struct net *net, uint32_t c, struct bytes data)
{
	return net->back->send(net, c, data);
}

void net_end(struct net *net, uint32_t c)
{
	net->back->end(net, c);
}

uint32_t net_socket(struct net *net, uint16_t port, const struct net_address *group)
{
	return net->back->socket(net, port, group);
}

bool net_send_to(struct net *net, uint32_t socket, const struct net_address *to, uint16_t port, struct bytes data)
{
	return net->back->send_to(net, socket, to, port, data);
}

bool net_receive_from(struct net *net, uint32_t socket, uint8_t *data, size_t *n, struct net_address *from,
		      uint16_t *port)
{
	return net->back->receive_from(net, socket, data, n, from, port);
}

void net_socket_end(struct net *net, uint32_t socket)
{
	net->back->socket_end(net, socket);
}
