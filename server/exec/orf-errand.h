/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * One command of a receiver or an actuator, run by orfeas-exec: the daemon says whose, and never
 * which.  orfeas-exec is reached by its socket where systemd starts it ([exec] socket), else it is
 * started as a child.  Main context; the time is the caller's to keep.
 */
typedef struct _OrfErrand OrfErrand;

/* It has ended, and is freed behind this call.  status: the command's, -1: by a signal, or it did
 * not run.  problem NULL: with status 0. */
typedef void (*OrfErrandEnded) (gpointer user_data,
                                int status,
                                const GString *output,
                                const char *problem);

/* Once, before the first errand: the helper, and the settings that we run with.  Copies all. */
void orf_errands_set_up (const char *program, const char *config_file, const char *const *sets);

/* socket "": as a child.  facts: ORFEAS_NAME=VALUE, …, NULL; may be NULL.  input: UTF-8, what it
 * reads.  UNAVAILABLE, and what to do, where the helper cannot be reached; ended is not called
 * then.
 */
OrfErrand *orf_errand_start (const char *socket,
                             OrfExecSection section,
                             const char *name,
                             const char *const *facts,
                             const char *input,
                             OrfErrandEnded ended,
                             gpointer user_data,
                             GError **error);
/* Has what runs killed, and frees it; ended is not called any more. */
void orf_errand_cancel (OrfErrand *errand);

G_END_DECLS
