/* The networks that this machine may have, best first. */
#include "efi/uefi/net_lwip.h"
#include "efi/uefi/net_tcp4.h"

const struct net_back *const net_backs[] = {&net_lwip, &net_tcp4, NULL};
