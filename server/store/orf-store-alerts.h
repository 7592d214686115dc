/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"
#include "store/orf-connection.h"
#include "store/orf-store-notices.h"

G_BEGIN_DECLS

/* The tables `alert` and `alert_event`: what becomes of each alert. */
typedef struct {
  gint64 id; /* grows with time */
  char *rule;
  char *labels_json;     /* the series' and the rule's */
  char *own_labels_json; /* the series' alone */
  OrfSeverity severity;
  OrfAlertState state;
  double value, threshold; /* NAN: none */
  char *summary;           /* NULL: it never fired */
  gint64 started_us;
  gint64 fired_us, resolved_us; /* 0: not yet */
  gint64 changed_us;
  char *life; /* JSON */
  /* When read: who has seen it; a write leaves it alone. */
  gint64 acknowledged_us; /* 0: nobody */
  char *author, *note;    /* may be NULL */
  OrfAlertVerdict verdict;
} OrfAlertRow;

OrfAlertRow *orf_alert_row_new (void);
OrfAlertRow *orf_alert_row_copy (const OrfAlertRow *row);
void orf_alert_row_free (OrfAlertRow *row);
gsize orf_alert_row_measure (const OrfAlertRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertRow, orf_alert_row_free)

typedef struct {
  gint64 alert_id;
  gint64 t_us;
  char *step;
  char *reason;
  char *receiver; /* NULL: a step of the alert itself */
} OrfAlertEventRow;

OrfAlertEventRow *orf_alert_event_row_new (void);
OrfAlertEventRow *orf_alert_event_row_copy (const OrfAlertEventRow *row);
void orf_alert_event_row_free (OrfAlertEventRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertEventRow, orf_alert_event_row_free)

/* What is written in one transaction. */
typedef struct {
  GPtrArray *alerts;  /* OrfAlertRow: of one that is there all but its acknowledgement changes */
  GPtrArray *events;  /* OrfAlertEventRow */
  GPtrArray *notices; /* OrfNoticeRow: one that is there is written anew */
  gint64 before_us;   /* alerts that were over before then go, */
  gint64 max_rows;    /* and the oldest of more than so many, but for what is pinned; 0: neither */
} OrfAlertsChange;

OrfAlertsChange *orf_alerts_change_new (void);
OrfAlertsChange *orf_alerts_change_copy (const OrfAlertsChange *change);
void orf_alerts_change_free (OrfAlertsChange *change);
gboolean orf_alerts_change_is_empty (const OrfAlertsChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertsChange, orf_alerts_change_free)

/* Acknowledgement lane.  Takes change. */
void orf_store_write_alerts (OrfStore *store,
                             OrfAlertsChange *change,
                             OrfWriteDone done,
                             gpointer user_data);

/* Somebody has seen it: goes before what was said so before. */
typedef struct {
  gint64 alert_id;
  gint64 at_us;
  const char *author, *note; /* note may be NULL; both are copied */
  OrfAlertVerdict verdict;   /* UNSET: none */
} OrfAcknowledgement;
/* NOT_FOUND. */
void orf_store_acknowledge_alert (OrfStore *store,
                                  const OrfAcknowledgement *acknowledgement,
                                  const OrfIdempotency *idempotency,
                                  OrfWriteDone done,
                                  gpointer user_data);

/* Blocking, at start only: OrfAlertRow, by id, that go on, or were resolved after resolved_from_us
 * and so may be in their cooldown; the largest id that there is goes to *max_id. */
GPtrArray *
orf_store_load_alerts (OrfStore *store, gint64 resolved_from_us, gint64 *max_id, GError **error);

/* ---- lists ----------------------------------------------------------------------------------- */

typedef struct {
  gint64 id;             /* 0: all */
  gint64 from_us, to_us; /* started in from_us <= t_us < to_us */
  const char *rule;      /* NULL: all; copied */
  gboolean unfired;      /* also those that never fired */
  gboolean ongoing;      /* only those that are pending or fire */
  gint64 before_us,
    before_id; /* by started_us: those that come after this one in the list's order */
  guint max;
} OrfAlertFilter;

/* rows: OrfAlertRow, newest first; NULL on error. */
void orf_store_read_alerts (OrfStore *store,
                            const OrfAlertFilter *filter,
                            OrfCancel *cancel,
                            OrfRowsDone done,
                            gpointer user_data);

/* One alert with all that is known of it; NULL on error.  NOT_FOUND. */
typedef struct {
  OrfAlertRow *alert;
  GPtrArray *events;  /* OrfAlertEventRow, by time, the newest max_rows */
  GPtrArray *notices; /* OrfNoticeRow, newest first, at most max_rows */
} OrfAlertStory;
typedef void (*OrfAlertStoryDone) (gpointer user_data,
                                   const OrfAlertStory *story,
                                   const GError *error);
void orf_store_read_alert_story (OrfStore *store,
                                 gint64 id,
                                 guint max_rows,
                                 OrfCancel *cancel,
                                 OrfAlertStoryDone done,
                                 gpointer user_data);

/* What came of a rule's alerts, by rule. */
typedef struct {
  char *rule;
  gint64 fired, acknowledged, useful, noise, known;
  gint64 mean_acknowledge_us; /* -1: none was */
} OrfAlertRecord;
/* records: OrfAlertRecord; NULL on error. */
void orf_store_read_alert_records (OrfStore *store,
                                   OrfCancel *cancel,
                                   OrfRowsDone done,
                                   gpointer user_data);

G_END_DECLS
