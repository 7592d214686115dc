/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * One run of a command that the config names: no shell, no descriptor of ours, a text in, the first
 * of what it writes out, and its end.  It leads a process group of its own, which is killed where
 * it does not end in time; what it started and left running is its caller's to see to.  Main
 * context.
 */
typedef struct _OrfCommand OrfCommand;

/* It has ended, and is freed behind this call.  status: -1: by a signal.  problem NULL: with status
 * 0. */
typedef void (*OrfCommandEnded) (gpointer user_data,
                                 int status,
                                 const GString *output,
                                 const char *problem);

/* environment: NAME=VALUE, …, NULL; NULL: ours.  Takes ask, what it reads.  UNAVAILABLE where it
 * cannot be started; ended is not called then.  The time is the caller's to keep. */
OrfCommand *orf_command_start (const char *const *argv,
                               const char *const *environment,
                               char *ask,
                               OrfCommandEnded ended,
                               gpointer user_data,
                               GError **error);
/* Kills its group and frees it; ended is not called any more. */
void orf_command_kill (OrfCommand *command);

G_END_DECLS
