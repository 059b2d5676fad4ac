/* The networks that this machine may have, best first. */
#include "efi/net.h"

const struct net_back *const net_backs[] = {NULL};
