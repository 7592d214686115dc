/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl.h"
#include "orf-ctl-table.h"

G_BEGIN_DECLS

/*
 * What the verbs that list something do: all pages for a table; with --json the first as it came,
 * whose next_cursor leads on.
 */
typedef struct {
  OrfMethodId method;
  const char *nothing;   /* the line for a terminal where there is none */
  guint64 default_limit; /* without --limit; 0: all */
  /* The rows of a page, its result struct, and where the next begins (NULL: nowhere). */
  const GPtrArray *(*read) (gconstpointer page, const char **next_cursor);
  void (*free_page) (gpointer page);
  void (*add) (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row);
} OrfCtlList;

/* Into table, which has its columns, and prints it.  Takes params; adds --cursor and --limit. */
OrfCtlExit orf_ctl_list_show (
  OrfCtl *ctl, const OrfCtlList *list, OrfCtlTable *table, json_t *params, GError **error);
/* A time in a row: to the second for a terminal (--utc says of where), else exact. */
char *orf_ctl_list_format_time (const OrfCtl *ctl, gint64 t_us);

G_END_DECLS
