/* SWFETCH.EFI: finds, fetches, verifies and starts a signed release. The program itself, the same
 * on every struct platform. */
#ifndef EFI_SWFETCH_H
#define EFI_SWFETCH_H

#include "efi/platform.h"

#define SWFETCH_CONFIG "\\EFI\\swfetch\\swfetch.json"

/* Runs until something was started and has come back (OK), or nothing could be started: the
 * weightiest reason, told on the screen. Everything taken from the machine was given back. */
MUST_CHECK int swfetch_run(struct platform *p);

#endif
