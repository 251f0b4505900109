/*
** pick.h - numbers by chance, the same ones for the same seed.
*/
#ifndef TN_PICK_H
#define TN_PICK_H

#include <stdint.h>

static uint64_t pick_state;

/* A number from 1 to LIMIT (splitmix64). */
static inline long long pick(long long limit) {
  uint64_t z = (pick_state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (long long)((z ^ (z >> 31)) % (uint64_t)limit) + 1;
}

#endif
