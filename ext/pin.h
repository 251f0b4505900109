/*
** pin.h - keeping this library in memory although SQLite unloads it.
*/
#ifndef TN_PIN_H
#define TN_PIN_H

/* From now on the library stays until the process ends. For an entry point that fails and leaves functions behind,
** whose code would be gone where the next statement calls them. Does nothing in a static build, and where the system
** offers no way. */
void tn_pin(void);

#endif
