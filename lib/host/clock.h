/* The clocks of this machine. */
#ifndef HOST_CLOCK_H
#define HOST_CLOCK_H

#include "core/wall.h"

/* Seconds since 1970: what the machine believes, for struct wall. May be set, and so jump. */
int64_t clock_wall_s(void);
/* The same for messages, where a wrong clock explains what is wrong. */
void clock_wall_text(char text[static WALL_TEXT_BYTES + 1]);
/* Milliseconds since some moment in the past: never jumps, stands still while the machine sleeps. */
uint64_t clock_now_ms(void);

#endif
