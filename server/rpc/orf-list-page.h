/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-call.h"

G_BEGIN_DECLS

/* A page of a list by a cursor, from the call to its answer, for lists whose rows the store reads.
 * Of the main context. */

typedef struct _OrfListPage OrfListPage;
/* rows: one more than page->limit tells that there is a next page. */
typedef void (*OrfListAnswer) (const OrfListPage *page, const GPtrArray *rows);

struct _OrfListPage {
  OrfCall *call;
  guint limit; /* rows to tell at most */
  OrfListAnswer answer;
};

/* Where cursor is not NULL, *t_us and *id are the place that it names.  NULL: it is none of ours,
 * and the call has failed. */
OrfListPage *orf_list_page_new (
  OrfCall *call, gint64 limit, const char *cursor, OrfListAnswer answer, gint64 *t_us, gint64 *id);
/* As the store says what it read: answers or fails the call; takes page. */
void orf_list_page_read_cb (gpointer page, GPtrArray *rows, const GError *error);

G_END_DECLS
