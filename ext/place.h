/*
** place.h - on what kind of file system a database lies.
*/
#ifndef TN_PLACE_H
#define TN_PLACE_H

/* The name of the network file system that the file PATH is on; NULL if it is on none, if PATH is NULL or
** empty, or if that cannot be told. Asks by statfs() alone: no descriptor on a database file. */
const char *tn_place_network(const char *path);

#endif
