/*
** pin.c - keeping this library in memory; see pin.h.
*/
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif
#include "pin.h"

#if defined(__linux__) && !defined(SQLITE_CORE)
#include <dlfcn.h>

static const char pin_place; /* an address in this library */

void tn_pin(void) {
  Dl_info self = {0};
  (void)dladdr(&pin_place,
               &self); /* if it failed, the next would open the program, which does no harm */
  (void)dlopen(self.dli_fname,
               RTLD_NOW | RTLD_NODELETE); /* if it fails, nothing else can be done */
}
#else
void tn_pin(void) {
}
#endif
