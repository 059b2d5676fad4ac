#include "efi/net.h"

void net_tell(const struct net_say *say, const char *text)
{
	if (say->say != NULL)
		say->say(say->context, text);
}

int net_open(struct platform *p, const struct net_options *o, const struct net_say *say, struct net **net,
	     struct why *why)
{
	int err = why_not(why, ERR_NOT_FOUND, "this machine has no such network", WHY_NOWHERE, BYTES_NONE);
	for (size_t i = 0; net_backs[i] != NULL; i++) {
		if (o->stack != BOOT_STACK_ANY && o->stack != net_backs[i]->stack)
			continue;
		err = net_backs[i]->open(p, o, say, net, why);
		/* A cable that is out, or a DHCP server that is silent, is so for the next one, too. */
		if (err == OK || err == ERR_TIMEOUT || platform_interrupted(p))
			return err;
		if (why != NULL)
			net_tell(say, why->what);
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

uint32_t net_socket(struct net *net)
{
	return net->back->socket(net);
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
