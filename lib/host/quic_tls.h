/* TLS 1.3 as QUIC of libp2p has it (specs/tls): both sides show a certificate of their own making, ALPN is
 * "libp2p", no name is sent, nothing is resumed. GnuTLS behind it, as Debian's ngtcp2 wants it. */
#ifndef HOST_QUIC_TLS_H
#define HOST_QUIC_TLS_H

#include <gnutls/gnutls.h>

#include "core/err.h"
#include "crypto/ed25519.h"
#include "p2p/peer_id.h"

/* What a host shows: a certificate on P-256 and its key. It outlives the sessions. */
struct quic_identity {
	gnutls_certificate_credentials_t credentials;
};

/* Makes a certificate for the Ed25519 identity of seed: from an hour ago for 100 years, as go-libp2p does.
 * ERR_CRYPTO, ERR_NO_MEMORY, ERR_IO (no randomness); there is no identity then. */
MUST_CHECK int quic_identity_make(struct quic_identity *identity, const uint8_t seed[static ED25519_SEED_BYTES]);
void quic_identity_free(struct quic_identity *identity);

/* Who the other side must be, and is. */
struct quic_tls_peer {
	bool expects; /* peer must be as it is; otherwise it is set, when it is proven */
	struct peer_id peer;
	int err; /* of the certificate: why it was refused */
};

enum quic_tls_role { QUIC_TLS_CLIENT, QUIC_TLS_SERVER };

/* Begins a session in which the certificate of the other side is judged; the caller prepares it for ngtcp2. *peer
 * must outlive it. ERR_CRYPTO. */
MUST_CHECK int quic_tls_begin(gnutls_session_t *session, enum quic_tls_role role, const struct quic_identity *identity,
			      struct quic_tls_peer *peer);

#endif
