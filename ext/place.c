/*
** place.c - on what kind of file system a database lies; see place.h.
*/
#include "place.h"

#include <stddef.h>

#ifdef __linux__

#include <sys/vfs.h>

/* The numbers by which Linux tells its file systems apart, of those that reach over a network. */
const char *tn_place_network(const char *path) {
  static const struct {
    unsigned long magic;
    const char *name;
  } systems[] = {{0x6969, "NFS"},        {0xFE534D42, "SMB2"},  {0xFF534D42, "CIFS"},
                 {0x517B, "SMB"},        {0x01021997, "9P"},    {0x5346414F, "AFS"},
                 {0x73757245, "Coda"},   {0x00C36400, "Ceph"},  {0x47504653, "GPFS"},
                 {0x0BD00BD0, "Lustre"}, {0x7461636F, "OCFS2"}, {0x01161970, "GFS2"},
                 {0x786F4256, "vboxsf"}};
  struct statfs found;
  if (path == NULL || path[0] == '\0' || statfs(path, &found) != 0) return NULL;
  for (size_t i = 0; i < sizeof systems / sizeof systems[0]; i++) {
    if (((unsigned long)found.f_type & 0xFFFFFFFF) == systems[i].magic) return systems[i].name;
  }
  return NULL;
}

#else

const char *tn_place_network(const char *path) {
  (void)path;
  return NULL;
}

#endif
