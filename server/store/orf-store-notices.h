/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* The table `alert_notice`: whom to tell of what, and what came of it. */
typedef enum {
  ORF_NOTICE_FIRING,
  ORF_NOTICE_RESOLVED,
  ORF_NOTICE_REPEAT,
  ORF_N_NOTICE_EVENTS,
} OrfNoticeEvent;

typedef enum {
  ORF_NOTICE_WAITING,
  ORF_NOTICE_POSTED,    /* handed to the outbox */
  ORF_NOTICE_SILENCED,  /* told when the silence ends while it fires still */
  ORF_NOTICE_INHIBITED, /* the same */
  ORF_NOTICE_DELIVERED,
  ORF_NOTICE_LIMITED, /* there were too many: part of a summary, when that is told */
  ORF_NOTICE_REFUSED,
  ORF_NOTICE_DROPPED,
  ORF_N_NOTICE_STATES,
} OrfNoticeState;

typedef struct {
  gint64 id; /* grows with time */
  gint64 alert_id;
  char *receiver;
  OrfNoticeEvent event;
  OrfNoticeState state;
  gint64 made_us;
  gint64 posted_us, done_us; /* 0: not yet */
  guint attempts;            /* that failed */
  gint64 outbox_id;          /* its entry of the outbox, while it is posted; 0: none */
  char *answer;              /* may be NULL */
} OrfNoticeRow;

OrfNoticeRow *orf_notice_row_new (void);
OrfNoticeRow *orf_notice_row_copy (const OrfNoticeRow *row);
void orf_notice_row_free (OrfNoticeRow *row);
gsize orf_notice_row_measure (const OrfNoticeRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNoticeRow, orf_notice_row_free)

const char *orf_notice_event_get_word (OrfNoticeEvent event);
const char *orf_notice_state_get_word (OrfNoticeState state);

/* Blocking, at start only: OrfNoticeRow, by id, that wait (for a summary too) or were posted, and
 * all of alerts that fire; the largest id that there is goes to *max_id. */
GPtrArray *orf_store_load_notices (OrfStore *store, gint64 *max_id, GError **error);

/* On the caller's connection, in its transaction: a row of that id is written anew. */
gboolean orf_notice_write (OrfConnection *connection, const OrfNoticeRow *row, GError **error);
/* OrfNoticeRow of an alert, by id. */
gboolean orf_notices_read (
  OrfConnection *connection, gint64 alert_id, guint max, GPtrArray *rows, GError **error);

G_END_DECLS
