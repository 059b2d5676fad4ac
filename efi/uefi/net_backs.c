/* The networks that this machine may have, best first. */
#include "efi/uefi/net_lwip.h"

const struct net_back *const net_backs[] = {&net_lwip, NULL};
