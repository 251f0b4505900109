/*
** install.h - making a database a Tenure database, and undoing it; see install.c.
*/
#ifndef TN_INSTALL_H
#define TN_INSTALL_H

#include "registry.h"

int tn_install_register(tn_registry *registry);

#endif
