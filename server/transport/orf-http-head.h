/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A request's head, read strictly.  What two readers could understand differently is refused: that
 * is how requests are smuggled past a proxy.  Pure.
 */
typedef struct {
  int status;
  const char *reason; /* static; NULL: nothing is refused */
} OrfHttpRefusal;

typedef struct {
  GString *pass;   /* for libsoup: without what was dealt with here, and without Range */
  GString *target; /* as it came: path, and query */
  guint64 content_length;
  gboolean chunked;
  gboolean expects_continue;
} OrfHttpHead;

/* raw: with the empty line that ends it, each line ended by CR LF, no other control characters but
 * tabs.  FALSE: refused. */
gboolean
orf_http_head_parse (OrfHttpHead *head, const char *raw, gsize length, OrfHttpRefusal *refusal);

G_END_DECLS
