/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-verb.h"

G_BEGIN_DECLS

/* The command line, taken apart by the tables of verbs and options. */
typedef struct _OrfCtlOptions OrfCtlOptions;

/* Options may stand anywhere; "--" ends them.  With --help or --version among them nothing else is
 * checked.  Errors are INVALID_ARGUMENT. */
OrfCtlOptions *orf_ctl_options_parse (const OrfCtlVerb *verbs,
                                      const OrfCtlOption *global_options,
                                      const char *const *argv,
                                      GError **error);
void orf_ctl_options_free (OrfCtlOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlOptions, orf_ctl_options_free)

/* NULL: none was named (then --help or --version was). */
const OrfCtlVerb *orf_ctl_options_get_verb (const OrfCtlOptions *options);
/* "metrics": the first word of verbs of two, when no whole verb was named beside --help. */
const char *orf_ctl_options_get_group (const OrfCtlOptions *options);
/* What follows the verb; NULL-terminated. */
const char *const *orf_ctl_options_get_arguments (const OrfCtlOptions *options);
gboolean orf_ctl_options_has (const OrfCtlOptions *options, const char *name);
/* The last one given; NULL: none. */
const char *orf_ctl_options_get (const OrfCtlOptions *options, const char *name);

G_END_DECLS
