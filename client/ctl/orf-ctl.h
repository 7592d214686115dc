/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-json.h"
#include "orf-schema-methods.h"

#include "orf-ctl-connection.h"
#include "orf-ctl-exit.h"
#include "orf-ctl-options.h"
#include "orf-ctl-terminal.h"

G_BEGIN_DECLS

/* One run of the program: what was asked, where it goes, and where the answer is shown. */
OrfCtl *orf_ctl_new (const OrfCtlOptions *options);
void orf_ctl_free (OrfCtl *ctl);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtl, orf_ctl_free)

/* Checks the options of every verb, then runs the one that was named. */
OrfCtlExit orf_ctl_run (OrfCtl *ctl, GError **error);

const OrfCtlOptions *orf_ctl_get_options (const OrfCtl *ctl);
const OrfCtlTerminal *orf_ctl_get_terminal (const OrfCtl *ctl);
/* Where the daemon is to be found, as the command line has it; its texts are the options'. */
OrfCtlTarget orf_ctl_get_target (const OrfCtl *ctl);
/* Short for the options' arguments[index]; NULL: not given. */
const char *orf_ctl_get_argument (const OrfCtl *ctl, guint index);
gboolean orf_ctl_wants_json (const OrfCtl *ctl);

/* From here on a call of a verb that takes long has the usual patience all the same: it is what
 * comes between that takes long. */
void orf_ctl_limit_calls (OrfCtl *ctl, gboolean limit);

/* Calls a method by name, with params as JSON text (NULL: none); *result is the bytes of the
 * result. */
OrfCtlExit
orf_ctl_call (OrfCtl *ctl, const char *method, const char *params, char **result, GError **error);
/* Calls a method of our schema; takes params (NULL: none).  *result is its result struct, members
 * that we do not know passed over. */
OrfCtlExit
orf_ctl_ask (OrfCtl *ctl, OrfMethodId method, json_t *params, gpointer *result, GError **error);
/* The same for what is the verb's answer: with --json it has also been printed, as it came. */
OrfCtlExit
orf_ctl_fetch (OrfCtl *ctl, OrfMethodId method, json_t *params, gpointer *result, GError **error);

/* Opens a stream, by a method that answers one; *stream is its id. */
OrfCtlExit orf_ctl_open_stream (
  OrfCtl *ctl, const char *method, const char *params, char **stream, GError **error);
/* The next message after that, as orf_ctl_lines_next(). */
OrfCtlExit orf_ctl_next (OrfCtl *ctl, const int *stop_fds, GString *message, GError **error);

/* To standard output.  Whether all of it arrived is asked once, at the end (main.c). */
void orf_ctl_print (const char *text);
void orf_ctl_print_line (const char *text);

G_END_DECLS
