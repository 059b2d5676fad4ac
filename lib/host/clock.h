/* The clocks of this machine. */
#ifndef HOST_CLOCK_H
#define HOST_CLOCK_H

#include <stdint.h>

/* Seconds since 1970: what the machine believes, for struct wall. May be set, and so jump. */
int64_t clock_wall_s(void);
/* Milliseconds since some moment in the past: never jumps, stands still while the machine sleeps. */
uint64_t clock_now_ms(void);

#endif
