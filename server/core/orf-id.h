/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The id of a row as it is told: a letter for its kind and its number, "w-12".  Opaque to callers.
 */
typedef enum {
  ORF_ID_CLEANUP = 'c',
  ORF_ID_EVENT = 'e',
  ORF_ID_GPU_EVENT = 'g',
  ORF_ID_INCIDENT = 'i',
  ORF_ID_OUTBOX = 'o',
  ORF_ID_WORKER = 'w',
} OrfIdKind;

char *orf_id_format (OrfIdKind kind, gint64 number);
/* Whether it is one of the kind, written as orf_id_format() does. */
gboolean orf_id_parse (OrfIdKind kind, const char *text, gint64 *number);

G_END_DECLS
