#include "core/err.h"
#include "core/hex.h"
#include "host/quic_certificate.h"
#include "test.h"

static uint8_t der[QUIC_CERTIFICATE_BYTES_MAX + 1];
static const struct wall today = {1790000000}, year_1970 = {1000}, year_5000 = {95617584000};

static struct bytes certificate_of(const cJSON *one)
{
	const char *hex = test_text(one, "cert_der");
	if (strlen(hex) / 2 > sizeof der || hex_decode(bytes_text(hex), der, strlen(hex) / 2) != OK)
		abort();
	return bytes_of(der, strlen(hex) / 2);
}

TEST(the_certificates_of_the_specification)
{
	cJSON *all = test_vectors("tls-certificates.json"), *one;
	unsigned good = 0, bad = 0;
	cJSON_ArrayForEach(one, all)
	{
		struct peer_id peer = {.n = 0}, expected;
		const struct bytes certificate = certificate_of(one);
		const int err = quic_certificate_peer(certificate, today, &peer);
		if (cJSON_IsTrue(cJSON_GetObjectItem(one, "ext_signature_valid"))) {
			CHECK(err == OK);
			CHECK(peer_id_parse(&expected, bytes_text(test_text(one, "expected_peer_id"))) == OK);
			CHECK(peer_id_equal(&peer, &expected));
			CHECK(quic_certificate_peer(certificate, year_1970, &peer) == ERR_NOT_YET);
			CHECK(quic_certificate_peer(certificate, year_5000, &peer) == ERR_EXPIRED);
			good++;
		} else {
			CHECK(err == ERR_SIGNATURE && peer.n == 0);
			bad++;
		}
	}
	CHECK(good == 3 && bad == 1);
	cJSON_Delete(all);
}

/* Every byte counts: the certificate signs what stands in it, and the host signs its key. */
TEST(changed_and_cut)
{
	cJSON *all = test_vectors("tls-certificates.json");
	struct peer_id peer = {.n = 0};
	const struct bytes certificate = certificate_of(cJSON_GetArrayItem(all, 0));
	for (size_t bit = 0; bit < 8 * certificate.n; bit++) {
		der[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (!CHECK(quic_certificate_peer(certificate, today, &peer) != OK))
			printf("# bit %zu\n", bit);
		der[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t n = 0; n < certificate.n; n++)
		CHECK(quic_certificate_peer(bytes_of(der, n), today, &peer) == ERR_PROTOCOL);
	CHECK(quic_certificate_peer(bytes_of(der, certificate.n + 1), today, &peer) == ERR_PROTOCOL);
	CHECK(quic_certificate_peer(bytes_of(der, sizeof der), today, &peer) == ERR_PROTOCOL);
	CHECK(peer.n == 0 && quic_certificate_peer(certificate, today, &peer) == OK);
	cJSON_Delete(all);
}

int main(void)
{
	RUN(the_certificates_of_the_specification);
	RUN(changed_and_cut);
	return test_end();
}
