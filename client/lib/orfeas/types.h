/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ORFEAS_TYPES_H
#define ORFEAS_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What liborfeas' functions answer.  New ones may be added: take what you do not know for FAILED.
 */
typedef enum {
  ORF_STATUS_OK = 0,
  ORF_STATUS_INVALID = 1,   /* the caller's fault: an argument, or a call that is not due */
  ORF_STATUS_NO_MEMORY = 2, /* of the device, or of the process */
  ORF_STATUS_FAILED = 3,    /* the backend's or the system's fault */
  ORF_STATUS_TIMEOUT = 4,   /* not in the time given */
} OrfStatus;

/* A word for people, such as "no memory"; never NULL, and static. */
const char *orf_status_to_string (OrfStatus status);

/* How much a cleanup is meant to cost who is asked.  The same names as in the daemon's schema. */
typedef enum {
  ORF_CLEANUP_LEVEL_UNSET = 0,
  ORF_CLEANUP_LEVEL_LIGHT = 1,      /* give back idle cache */
  ORF_CLEANUP_LEVEL_NORMAL = 2,     /* and shrink what can be smaller */
  ORF_CLEANUP_LEVEL_AGGRESSIVE = 3, /* and unload what can be loaded again */
} OrfCleanupLevel;

#ifdef __cplusplus
}
#endif

#endif
