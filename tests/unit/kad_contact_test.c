#include "kad/contact.h"

#include "kad_peers.h"

static bool add(struct kad_contact *c, const char *text)
{
	return kad_contact_add(c, test_address(text), KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES);
}

TEST(what_can_be_dialled)
{
	static const char *const good[] = {"/ip4/192.0.2.1/tcp/4001", "/ip4/192.0.2.1/udp/4001/quic-v1",
					   "/ip6/2a00::1/tcp/1"};
	static const char *const bad[] = {"/ip4/192.0.2.1",
					  "/ip4/192.0.2.1/udp/4001",
					  "/ip4/192.0.2.1/udp/4001/quic",
					  "/ip4/192.0.2.1/tcp/4001/ws",
					  "/ip4/192.0.2.1/tcp/0",
					  "/dnsaddr/a.example",
					  "/dns/a.example/tcp/443",
					  "/dns4/a.example/udp/443/quic-v1",
					  "/dns6/a.example/tcp/443",
					  "/dns4/127.0.0.1/tcp/9998",
					  "/dns4/169.254.169.254/tcp/80",
					  "/dns/localhost/tcp/9998",
					  "/ip4/0.0.0.0/tcp/1",
					  "/ip4/224.0.0.1/tcp/1",
					  "/ip4/255.255.255.255/tcp/1",
					  "/ip6/::/tcp/1",
					  "/ip6/ff02::1/tcp/1",
					  "/tcp/1/tcp/1",
					  "/p2p-circuit",
					  "/ip4/192.0.2.1/udp/1/quic-v1/webtransport",
					  "/ip6zone/eth0/ip6/fe80::1/tcp/1"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct kad_contact c = test_contact(1, NULL);
		CHECK(add(&c, good[i]) && !add(&c, good[i]));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct kad_contact c = test_contact(1, NULL);
		CHECK(!add(&c, bad[i]) && c.n == 0);
	}
}

TEST(an_id_at_the_end_must_be_its_own)
{
	struct kad_contact c = test_contact(1, NULL);
	uint8_t bytes[128];
	const struct peer_id own = c.id, other = test_peer_id(2);
	struct bytes address, kept;
	size_t at = 0;
	struct writer w = writer_of(bytes, sizeof bytes);
	write_bytes(&w, test_address("/ip4/192.0.2.1/tcp/4001"));
	const size_t n = w.n;
	multiaddr_write_part(&w, MULTIADDR_P2P, peer_id_bytes(&other));
	CHECK(!kad_contact_add(&c, writer_view(&w), KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES));
	w.n = n;
	multiaddr_write_part(&w, MULTIADDR_P2P, peer_id_bytes(&own));
	address = writer_view(&w);
	CHECK(kad_contact_add(&c, address, KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES));
	CHECK(kad_contact_next(&c, &at, &kept) && bytes_equal(kept, bytes_of(address.p, n)));
	CHECK(!kad_contact_next(&c, &at, &kept));
	for (size_t cut = 0; cut < address.n; cut++) {
		struct kad_contact again = test_contact(1, NULL);
		CHECK(kad_contact_add(&again, bytes_of(address.p, cut), KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES) ==
		      (cut == n));
	}
	multiaddr_write_part(&w, MULTIADDR_P2P_CIRCUIT, BYTES_NONE);
	CHECK(!kad_contact_add(&c, writer_view(&w), KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES));
}

TEST(scopes)
{
	static const struct {
		const char *text;
		enum kad_scope scope;
	} cases[] = {{"/ip4/127.0.0.1/tcp/1", KAD_SCOPE_LOOPBACK},
		     {"/ip4/10.1.2.3/tcp/1", KAD_SCOPE_PRIVATE},
		     {"/ip4/172.15.0.1/tcp/1", KAD_SCOPE_PUBLIC},
		     {"/ip4/172.16.0.1/tcp/1", KAD_SCOPE_PRIVATE},
		     {"/ip4/172.31.9.1/tcp/1", KAD_SCOPE_PRIVATE},
		     {"/ip4/172.32.0.1/tcp/1", KAD_SCOPE_PUBLIC},
		     {"/ip4/192.168.9.9/tcp/1", KAD_SCOPE_PRIVATE},
		     {"/ip4/100.64.0.1/tcp/1", KAD_SCOPE_PRIVATE},
		     {"/ip4/100.128.0.1/tcp/1", KAD_SCOPE_PUBLIC},
		     {"/ip4/169.254.169.254/tcp/80", KAD_SCOPE_LINK},
		     {"/ip4/8.8.8.8/tcp/1", KAD_SCOPE_PUBLIC},
		     {"/ip6/::1/tcp/1", KAD_SCOPE_LOOPBACK},
		     {"/ip6/fe80::1/tcp/1", KAD_SCOPE_LINK},
		     {"/ip6/fd77::1/tcp/1", KAD_SCOPE_PRIVATE},
		     {"/ip6/2001:db8::1/tcp/1", KAD_SCOPE_PRIVATE},
		     {"/ip6/2a00::1/tcp/1", KAD_SCOPE_PUBLIC},
		     {"/ip6/::ffff:10.0.0.1/tcp/1", KAD_SCOPE_PRIVATE},
		     {"/ip6/64:ff9b::7f00:1/tcp/1", KAD_SCOPE_LOOPBACK},
		     {"/ip6/2002:7f00:1::/tcp/1", KAD_SCOPE_LOOPBACK},
		     {"/ip6/2002:808:808::1/tcp/1", KAD_SCOPE_PUBLIC},
		     {"/ip6/2001:0:808:808:0:1:80ff:fffe/tcp/1", KAD_SCOPE_LOOPBACK},
		     {"/ip6/::127.0.0.2/tcp/1", KAD_SCOPE_NONE},
		     {"/ip6/4000::1/tcp/1", KAD_SCOPE_NONE},
		     {"/dns/a.example/tcp/1", KAD_SCOPE_NONE}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK(kad_scope_of(test_address(cases[i].text)) == cases[i].scope);
		for (int least = KAD_SCOPE_LOOPBACK; least <= KAD_SCOPE_PUBLIC; least++) {
			struct kad_contact c = test_contact(1, NULL);
			CHECK(kad_contact_add(&c, test_address(cases[i].text), (enum kad_scope)least,
					      KAD_CONTACT_BYTES) == ((int)cases[i].scope >= least));
		}
	}
}

TEST(groups)
{
	const struct kad_contact none = test_contact(1, NULL), private = test_contact(1, "/ip4/10.0.0.1/tcp/1");
	struct kad_groups groups;
	kad_contact_groups(&none, &groups);
	CHECK(groups.n == 0);
	kad_contact_groups(&private, &groups);
	CHECK(groups.n == 0);
	CHECK(kad_contact_scope(&none) == KAD_SCOPE_NONE && kad_contact_scope(&private) == KAD_SCOPE_PRIVATE);
	CHECK(kad_group_of(test_address("/dns/a.example/tcp/1")) == 0);
	const uint32_t group = kad_group_of(test_address("/ip4/8.8.8.8/tcp/1"));
	CHECK(group != 0 && group == kad_group_of(test_address("/ip4/8.8.1.2/udp/9/quic-v1")));
	CHECK(group == kad_group_of(test_address("/ip6/::ffff:8.8.4.4/tcp/1")));
	CHECK(group != kad_group_of(test_address("/ip4/8.9.8.8/tcp/1")));
	CHECK(kad_group_of(test_address("/ip6/2a00:1:2::1/tcp/1")) ==
	      kad_group_of(test_address("/ip6/2a00:1:3::9/tcp/1")));
	CHECK(kad_group_of(test_address("/ip6/2a00:1::1/tcp/1")) != kad_group_of(test_address("/ip6/2a00:2::1/tcp/1")));
}

static bool same_machine(const char *a, const char *b)
{
	return bytes_equal(kad_machine_of(test_address(a)), kad_machine_of(test_address(b)));
}

TEST(machines)
{
	CHECK(same_machine("/ip4/8.8.8.8/tcp/1", "/ip4/8.8.8.8/udp/9/quic-v1"));
	CHECK(!same_machine("/ip4/8.8.8.8/tcp/1", "/ip4/8.8.8.9/tcp/1"));
	CHECK(same_machine("/ip4/8.8.8.8/tcp/1", "/ip6/::ffff:8.8.8.8/tcp/1"));
	CHECK(same_machine("/ip6/2a00:1:2:3::1/tcp/1", "/ip6/2a00:1:2:3:4::9/tcp/1"));
	CHECK(!same_machine("/ip6/2a00:1:2:3::1/tcp/1", "/ip6/2a00:1:2:4::1/tcp/1"));
	CHECK(!same_machine("/ip6/fd00::1/tcp/1", "/ip6/fd00::2/tcp/1"));
	CHECK(!same_machine("/dns/a.example/tcp/1", "/dns/b.example/tcp/1"));
	CHECK(kad_machine_of(BYTES_NONE).n == 0);
}

/* It counts wherever it says that it is, and where it was seen. */
TEST(a_contact_counts_in_all_its_groups)
{
	struct kad_contact c = test_contact(1, "/ip6/2a00:1::1/tcp/1");
	struct kad_groups groups;
	const uint32_t eight = kad_group_of(test_address("/ip4/8.8.8.8/tcp/1"));
	CHECK(add(&c, "/ip4/8.8.8.8/tcp/1") && add(&c, "/ip4/8.8.9.9/tcp/1") && add(&c, "/ip4/9.9.9.9/tcp/1"));
	kad_contact_groups(&c, &groups);
	CHECK(groups.n == 3 && kad_groups_have(&groups, eight) && kad_groups_have(&groups, 0x2a000001));
	CHECK(!kad_groups_have(&groups, eight + 1) && !kad_groups_have(&groups, 0));
	/* It names no networks without end, to fill those of others. */
	CHECK(add(&c, "/ip4/11.1.1.1/tcp/1") && !add(&c, "/ip4/11.2.1.1/tcp/1"));
	CHECK(add(&c, "/ip4/11.1.1.1/tcp/2") && add(&c, "/ip4/10.0.0.1/tcp/1"));
	c.from_group = eight + 7;
	kad_contact_groups(&c, &groups);
	CHECK(groups.n == KAD_CONTACT_NETWORKS_MAX + 1 && kad_groups_have(&groups, eight + 7));
	c.from_group = eight;
	kad_contact_groups(&c, &groups);
	CHECK(groups.n == KAD_CONTACT_NETWORKS_MAX);
}

TEST(room_is_bounded)
{
	struct kad_contact c = test_contact(1, NULL);
	char text[64];
	unsigned kept = 0, found = 0;
	struct bytes address;
	for (unsigned i = 1; i <= 100; i++) {
		(void)snprintf(text, sizeof text, "/ip4/8.8.8.8/tcp/%u", i);
		if (kad_contact_add(&c, test_address(text), KAD_SCOPE_PUBLIC, i <= 50 ? KAD_CONTACT_BYTES / 2 : 1000))
			kept++;
		CHECK(i != 50 || kept == KAD_CONTACT_BYTES / 2 / 9);
	}
	for (size_t at = 0; kad_contact_next(&c, &at, &address);)
		found += multiaddr_check(address) == OK;
	CHECK(kept == KAD_CONTACT_BYTES / 9 && found == kept);
}

int main(void)
{
	RUN(what_can_be_dialled);
	RUN(an_id_at_the_end_must_be_its_own);
	RUN(scopes);
	RUN(groups);
	RUN(machines);
	RUN(a_contact_counts_in_all_its_groups);
	RUN(room_is_bounded);
	return test_end();
}
