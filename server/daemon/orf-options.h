/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The command line of orfeasd. */
typedef enum {
  ORF_ACTION_RUN,
  ORF_ACTION_STDIO, /* inspect the file, read-only, calls on standard input */
  ORF_ACTION_CHECK_CONFIG,
  ORF_ACTION_PRINT_DEFAULTS,
  ORF_ACTION_VERSION,
} OrfAction;

typedef struct {
  OrfAction action;
  char *config_file; /* NULL: where it is looked for */
  char *
    *overrides; /* "section.key=value": --set, and those that --db, --listen and --socket mean */
} OrfOptions;

/* INVALID_ARGUMENT for what is not understood.  Ends the process for --help. */
OrfOptions *orf_options_parse (int argc, char **argv, GError **error);
void orf_options_free (OrfOptions *options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOptions, orf_options_free)

G_END_DECLS
