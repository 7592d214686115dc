/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store.h"

G_BEGIN_DECLS

/* The table `silence`. */
typedef struct {
  gint64 id;
  char *matchers; /* a selector with rule and severity as labels */
  gint64 from_us, until_us;
  char *author;
  char *note; /* may be NULL */
  gint64 created_us;
  char *ended_by; /* before its time; NULL: nobody */
} OrfSilenceRow;

OrfSilenceRow *orf_silence_row_new (void);
OrfSilenceRow *orf_silence_row_copy (const OrfSilenceRow *row);
void orf_silence_row_free (OrfSilenceRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSilenceRow, orf_silence_row_free)

/* Acknowledgement lane.  Takes row; one of that id is written anew.  Those that ended before
 * keep_from_us go. */
void orf_store_write_silence (OrfStore *store,
                              OrfSilenceRow *row,
                              gint64 keep_from_us,
                              const OrfIdempotency *idempotency,
                              OrfWriteDone done,
                              gpointer user_data);
/* Blocking, at start only: OrfSilenceRow that end after now_us, by id; the largest id goes to
 * *max_id. */
GPtrArray *orf_store_load_silences (OrfStore *store, gint64 now_us, gint64 *max_id, GError **error);

G_END_DECLS
