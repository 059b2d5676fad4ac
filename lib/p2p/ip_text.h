/* IP addresses as text: IPv4 dotted, without leading zeros; IPv6 as RFC 4291 section 2.2 reads it and
 * RFC 5952 writes it. */
#ifndef P2P_IP_TEXT_H
#define P2P_IP_TEXT_H

#include "core/bytes.h"

/* ERR_VALUE: none; out is untouched then. */
MUST_CHECK int ip_text_read4(struct bytes text, uint8_t out[static 4]);
MUST_CHECK int ip_text_read6(struct bytes text, uint8_t out[static 16]);
void ip_text_write4(struct writer *w, const uint8_t in[static 4]);
void ip_text_write6(struct writer *w, const uint8_t in[static 16]);

#endif
