/* cover_functions.h - see cover_functions.c. */
#ifndef TN_COVER_FUNCTIONS_H
#define TN_COVER_FUNCTIONS_H

#include "registry.h"

int tn_cover_register(tn_registry *registry);

#endif
