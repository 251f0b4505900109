/*
** pin.c - keeping this library in memory; see pin.h.
*/
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif
#include "pin.h"

#if defined(__linux__) && !defined(SQLITE_CORE)
#define PIN_CAN
#include <dlfcn.h>

static const char pin_place; /* an address in this library */
#endif

/* Should dladdr() fail, the name is NULL, which is the program's: harmless. Should dlopen() fail, nothing is left to
** be done. */
void tn_pin(void) {
#ifdef PIN_CAN
  Dl_info self = {0};
  (void)dladdr(&pin_place, &self);
  (void)dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
#endif
}
