/* Whose certificate it is that the other side of a connection over TLS 1.3 shows (specs/tls): self-signed, it names
 * the peer in an extension (p2p/tls_extension.h). That the other side has the certificate's key is TLS's to prove.
 * libcrypto behind it: it keeps the certificate's key as it stands there, which is what the host has signed. */
#ifndef HOST_QUIC_CERTIFICATE_H
#define HOST_QUIC_CERTIFICATE_H

#include "core/wall.h"
#include "p2p/peer_id.h"

#define QUIC_CERTIFICATE_BYTES_MAX 8192 /* two RSA keys of 8192 bits, two signatures by them */

/* der: the one certificate that was shown. *peer: who vouches for it. ERR_PROTOCOL: no X.509 certificate of version
 * 3, or none with one such extension; ERR_CRITICAL: another extension is critical and not known; ERR_NOT_YET,
 * ERR_EXPIRED; ERR_KEY: a key that is not judged here; ERR_SIGNATURE: not its own signature by means of this
 * century, or the host's is wrong. */
MUST_CHECK int quic_certificate_peer(struct bytes der, struct wall now, struct peer_id *peer);

#endif
