/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ORFEAS_ERROR_H
#define ORFEAS_ERROR_H

#include <orfeas/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Why a call was not OK, in the words of the daemon and of its other clients: "NOT_FOUND",
 * "INVALID_ARGUMENT", "UNAVAILABLE", … (schema/errors.json has all of them).  Of those functions
 * that wait for the daemon's answer (<orfeas/cache.h>); what others do in the background is told by
 * their state.
 */
typedef struct {
  OrfStatus status;       /* what the function answered; OK: none has failed in this thread */
  bool is_local;          /* no answer of the daemon's, but our own finding that there is none */
  int code;               /* JSON-RPC's of `name`, such as -32005 */
  char name[32];          /* "" where status is OK */
  char message[256];      /* for people */
  char field[128];        /* the parameter that was wrong; "": none, or not told */
  char allowed[256];      /* what it may be; "": not told */
  int64_t retry_after_ms; /* when trying again may help; -1: not told */
  uint64_t reserved[8];
} OrfLastError;

/* The calling thread's: of its last call that was not OK, until the next that is not. */
void orf_last_error_get (OrfLastError *error);

#ifdef __cplusplus
}
#endif

#endif
