#include "efi/uefi/built.h"

const uint64_t built_s = BUILT_S;
