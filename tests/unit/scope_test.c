#include "p2p/scope.h"

#include "core/err.h"
#include "p2p/multiaddr.h"
#include "test.h"

static enum p2p_scope of(const char *text)
{
	uint8_t room[MULTIADDR_BYTES_MAX];
	struct writer w = writer_of(room, sizeof room);
	CHECK(multiaddr_parse(&w, bytes_text(text)) == OK);
	return p2p_scope_of(writer_view(&w));
}

/* Both ends of each network, and their neighbours outside. */
TEST(of_ipv4)
{
	static const struct {
		const char *text;
		enum p2p_scope scope;
	} cases[] = {{"/ip4/0.0.0.0", P2P_SCOPE_NONE},         {"/ip4/0.255.255.255", P2P_SCOPE_NONE},
		     {"/ip4/1.0.0.0", P2P_SCOPE_PUBLIC},       {"/ip4/9.255.255.255", P2P_SCOPE_PUBLIC},
		     {"/ip4/10.0.0.0", P2P_SCOPE_PRIVATE},     {"/ip4/10.255.255.255", P2P_SCOPE_PRIVATE},
		     {"/ip4/11.0.0.0", P2P_SCOPE_PUBLIC},      {"/ip4/100.63.255.255", P2P_SCOPE_PUBLIC},
		     {"/ip4/100.64.0.0", P2P_SCOPE_PRIVATE},   {"/ip4/100.127.255.255", P2P_SCOPE_PRIVATE},
		     {"/ip4/100.128.0.0", P2P_SCOPE_PUBLIC},   {"/ip4/126.255.255.255", P2P_SCOPE_PUBLIC},
		     {"/ip4/127.0.0.0", P2P_SCOPE_LOOPBACK},   {"/ip4/127.255.255.255", P2P_SCOPE_LOOPBACK},
		     {"/ip4/128.0.0.0", P2P_SCOPE_PUBLIC},     {"/ip4/169.253.255.255", P2P_SCOPE_PUBLIC},
		     {"/ip4/169.254.0.0", P2P_SCOPE_LINK},     {"/ip4/169.254.255.255", P2P_SCOPE_LINK},
		     {"/ip4/169.255.0.0", P2P_SCOPE_PUBLIC},   {"/ip4/172.15.255.255", P2P_SCOPE_PUBLIC},
		     {"/ip4/172.16.0.0", P2P_SCOPE_PRIVATE},   {"/ip4/172.31.255.255", P2P_SCOPE_PRIVATE},
		     {"/ip4/172.32.0.0", P2P_SCOPE_PUBLIC},    {"/ip4/191.255.255.255", P2P_SCOPE_PUBLIC},
		     {"/ip4/192.0.0.0", P2P_SCOPE_PRIVATE},    {"/ip4/192.0.0.255", P2P_SCOPE_PRIVATE},
		     {"/ip4/192.0.1.0", P2P_SCOPE_PUBLIC},     {"/ip4/192.0.1.255", P2P_SCOPE_PUBLIC},
		     {"/ip4/192.0.2.0", P2P_SCOPE_PRIVATE},    {"/ip4/192.0.2.255", P2P_SCOPE_PRIVATE},
		     {"/ip4/192.0.3.0", P2P_SCOPE_PUBLIC},     {"/ip4/192.167.255.255", P2P_SCOPE_PUBLIC},
		     {"/ip4/192.168.0.0", P2P_SCOPE_PRIVATE},  {"/ip4/192.168.255.255", P2P_SCOPE_PRIVATE},
		     {"/ip4/192.169.0.0", P2P_SCOPE_PUBLIC},   {"/ip4/198.17.255.255", P2P_SCOPE_PUBLIC},
		     {"/ip4/198.18.0.0", P2P_SCOPE_PRIVATE},   {"/ip4/198.19.255.255", P2P_SCOPE_PRIVATE},
		     {"/ip4/198.20.0.0", P2P_SCOPE_PUBLIC},    {"/ip4/198.51.99.255", P2P_SCOPE_PUBLIC},
		     {"/ip4/198.51.100.0", P2P_SCOPE_PRIVATE}, {"/ip4/198.51.100.255", P2P_SCOPE_PRIVATE},
		     {"/ip4/198.51.101.0", P2P_SCOPE_PUBLIC},  {"/ip4/203.0.112.255", P2P_SCOPE_PUBLIC},
		     {"/ip4/203.0.113.0", P2P_SCOPE_PRIVATE},  {"/ip4/203.0.113.255", P2P_SCOPE_PRIVATE},
		     {"/ip4/203.0.114.0", P2P_SCOPE_PUBLIC},   {"/ip4/223.255.255.255", P2P_SCOPE_PUBLIC},
		     {"/ip4/224.0.0.0", P2P_SCOPE_NONE},       {"/ip4/239.1.1.1", P2P_SCOPE_NONE},
		     {"/ip4/240.0.0.1", P2P_SCOPE_NONE},       {"/ip4/255.255.255.255", P2P_SCOPE_NONE}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK(of(cases[i].text) == cases[i].scope);
}

TEST(of_ipv6_and_names)
{
	static const struct {
		const char *text;
		enum p2p_scope scope;
	} cases[] = {{"/ip6/::", P2P_SCOPE_NONE},
		     {"/ip6/::1", P2P_SCOPE_LOOPBACK},
		     {"/ip6/::2", P2P_SCOPE_NONE},
		     {"/ip6/::ffff:169.254.169.254", P2P_SCOPE_LINK},
		     {"/ip6/::ffff:0.0.0.0", P2P_SCOPE_NONE},
		     {"/ip6/::ffff:8.8.8.8", P2P_SCOPE_PUBLIC},
		     {"/ip6/64:ff9b::a00:1", P2P_SCOPE_PRIVATE},
		     {"/ip6/::127.0.0.2", P2P_SCOPE_NONE},
		     {"/ip6/2002:7f00:1::", P2P_SCOPE_LOOPBACK},
		     {"/ip6/2002:a9fe:a9fe::1", P2P_SCOPE_LINK},
		     {"/ip6/2002:808:808::1", P2P_SCOPE_PUBLIC},
		     {"/ip6/2003:7f00:1::", P2P_SCOPE_PUBLIC},
		     {"/ip6/2001:0:808:808:0:1:80ff:fffe", P2P_SCOPE_LOOPBACK},
		     {"/ip6/2001:0:7f00:1:0:1:f7f7:f7f7", P2P_SCOPE_LOOPBACK},
		     {"/ip6/2001:0:808:808:0:1:f7f7:f7f7", P2P_SCOPE_PUBLIC},
		     {"/ip6/2001:1:808:808:0:1:80ff:fffe", P2P_SCOPE_PUBLIC},
		     {"/ip6/2001:db7::1", P2P_SCOPE_PUBLIC},
		     {"/ip6/2001:db8::", P2P_SCOPE_PRIVATE},
		     {"/ip6/2001:db8:ffff::1", P2P_SCOPE_PRIVATE},
		     {"/ip6/2001:db9::1", P2P_SCOPE_PUBLIC},
		     {"/ip6/1fff::1", P2P_SCOPE_NONE},
		     {"/ip6/3fff::1", P2P_SCOPE_PUBLIC},
		     {"/ip6/4000::1", P2P_SCOPE_NONE},
		     {"/ip6/fc00::1", P2P_SCOPE_PRIVATE},
		     {"/ip6/fdff::1", P2P_SCOPE_PRIVATE},
		     {"/ip6/fe80::1", P2P_SCOPE_LINK},
		     {"/ip6/febf::1", P2P_SCOPE_LINK},
		     {"/ip6/fec0::1", P2P_SCOPE_NONE},
		     {"/ip6/ff02::1", P2P_SCOPE_NONE},
		     {"/dns/a.example", P2P_SCOPE_NONE},
		     {"/dns4/a.example/tcp/1", P2P_SCOPE_NONE},
		     {"/dns4/127.0.0.1/tcp/1", P2P_SCOPE_NONE},
		     {"/dns6/a.example", P2P_SCOPE_NONE},
		     {"/dnsaddr/a.example", P2P_SCOPE_NONE},
		     {"/tcp/1", P2P_SCOPE_NONE}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK(of(cases[i].text) == cases[i].scope);
}

TEST(of_no_address)
{
	static const uint8_t bytes[17] = {0xff, 10, 0, 0, 1};
	CHECK(p2p_scope_of(BYTES_NONE) == P2P_SCOPE_NONE);
	CHECK(p2p_scope_of(bytes_of(bytes, 5)) == P2P_SCOPE_NONE);
	for (size_t n = 0; n <= sizeof bytes; n++)
		CHECK((p2p_scope_of_ip(bytes_of(bytes + 1, n < 16 ? n : 0)) != P2P_SCOPE_NONE) == (n == 4));
	CHECK(p2p_scope_ipv4_within(bytes) == NULL);
}

int main(void)
{
	RUN(of_ipv4);
	RUN(of_ipv6_and_names);
	RUN(of_no_address);
	return test_end();
}
