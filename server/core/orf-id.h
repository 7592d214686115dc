/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The id of a row as it is told: a word for its kind and its number, "w-12".  Opaque to callers.
 */
typedef enum {
  ORF_ID_ALERT,
  ORF_ID_ANOMALY,
  ORF_ID_CLEANUP,
  ORF_ID_EVENT,
  ORF_ID_GPU_EVENT,
  ORF_ID_INCIDENT,
  ORF_ID_LOAD,
  ORF_ID_OUTBOX,
  ORF_ID_SILENCE,
  ORF_ID_WORKER,
  ORF_N_ID_KINDS,
} OrfIdKind;

char *orf_id_format (OrfIdKind kind, gint64 number);
/* Whether it is one of the kind, written as orf_id_format() does. */
gboolean orf_id_parse (OrfIdKind kind, const char *text, gint64 *number);

G_END_DECLS
