/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * One run of a command that the config names: no shell, no descriptor of ours, a line in, the first
 * of what it writes out, and its end.  It leads a process group of its own, which is killed where
 * it does not end in time; what it started and left running when it ended stays.  Main context.
 */
typedef struct _OrfActuatorExec OrfActuatorExec;

/* It has ended, and is freed behind this call.  problem NULL: with status 0. */
typedef void (*OrfActuatorExecEnded) (gpointer user_data,
                                      const GString *output,
                                      const char *problem);

/* Takes ask, a line with its newline.  UNAVAILABLE where it cannot be started; ended is not called
 * then.  The time is the caller's to keep. */
OrfActuatorExec *orf_actuator_exec_start (const char *const *argv,
                                          char *ask,
                                          OrfActuatorExecEnded ended,
                                          gpointer user_data,
                                          GError **error);
/* Kills its group and frees it; ended is not called any more. */
void orf_actuator_exec_kill (OrfActuatorExec *exec);

G_END_DECLS
