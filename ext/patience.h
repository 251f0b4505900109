/*
** patience.h - waiting for a lock so that many who want it get it in turn.
**
** SQLite's own busy timeout tries again at growing intervals, up to a tenth of a second, so whoever has waited
** longest looks least often: under load a process can starve while its neighbours go on. tenure_patience() sets
** a busy handler that looks after short pauses of random length instead, which gives all the same chance.
**
** Loading the extension installs nothing: the busy handler is the host's, and only the host's own call
** of tenure_patience() takes it. SQLite waits only where nothing has to be done again for it: at the
** begin of a transaction, and with a rollback journal before a commit is final.
*/
#ifndef TN_PATIENCE_H
#define TN_PATIENCE_H

#include "registry.h"

/* Adds the functions to a connection. Returns an SQLite result code; see registry.h. */
int tn_patience_register(tn_registry *registry);

#endif
