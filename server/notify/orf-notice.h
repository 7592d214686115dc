/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-selector.h"
#include "orf-schema-types.h"
#include "store/orf-store-notices.h"

G_BEGIN_DECLS

/*
 * An alert as it is told, and a notice: that one receiver is to be told of one event of it, a row
 * of table `alert_notice`.  Values, without I/O.
 */

/* Filled once, then only read, and shared by its notices. */
typedef struct {
  gint64 alert_id;
  char *rule;
  OrfSeverity severity;
  char **labels;       /* key, value, …, NULL, sorted by key; without rule and severity */
  char **inhibited_by; /* names of rules; NULL: none */
  double value, threshold;
  gint64 started_us, fired_us;
  gint64 resolved_us; /* 0: it fires */
  char *summary;
  char *help, *runbook; /* may be NULL */
  gboolean is_acknowledged;
} OrfNoticeAlert;

/* Of zeros, with NAN for the numbers; one reference. */
OrfNoticeAlert *orf_notice_alert_new (void);
OrfNoticeAlert *orf_notice_alert_ref (OrfNoticeAlert *alert);
void orf_notice_alert_unref (OrfNoticeAlert *alert);

/* The labels that selectors and groups see, those of the alert and over them rule and severity,
 * sorted.  The container is the caller's, the texts are the alert's. */
char **orf_notice_alert_list_labels (const OrfNoticeAlert *alert);
/* One that takes too long does not match. */
gboolean orf_notice_alert_matches (const OrfNoticeAlert *alert, const OrfSelector *selector);
/* All names that both have labels of, have equal ones. */
gboolean orf_notice_alert_agrees (const OrfNoticeAlert *alert, const OrfNoticeAlert *other);

typedef struct {
  gint64 id; /* 0: there is no row of it yet */
  char *receiver;
  OrfNoticeEvent event;
  gint64 made_us;
  OrfNoticeAlert *alert;
} OrfNotice;

/* Takes a reference of alert. */
OrfNotice *orf_notice_new (
  gint64 id, const char *receiver, OrfNoticeEvent event, gint64 made_us, OrfNoticeAlert *alert);
OrfNotice *orf_notice_copy (const OrfNotice *notice);
void orf_notice_free (OrfNotice *notice);

/* "al-7" */
char *orf_notice_alert_dup_name (const OrfNoticeAlert *alert);
/* The same however often it is told, and for each receiver: "al-7/firing", "al-7/repeat-12". */
char *orf_notice_dup_stable_id (const OrfNotice *notice);

/* One message to one receiver. */
typedef struct {
  char *receiver;
  char **group;        /* the labels that put it together: key, value, …, NULL */
  gboolean is_summary; /* of what was more than the receiver is told in a minute */
  GPtrArray *notices;  /* OrfNotice, in their order */
} OrfNoticePost;

/* Takes group. */
OrfNoticePost *orf_notice_post_new (const char *receiver, char **group, gboolean is_summary);
void orf_notice_post_free (OrfNoticePost *post);
/* What it says, of at most max_listed alerts; a summary tells of each alert only the latest. */
OrfAlertTelling *orf_notice_post_tell (const OrfNoticePost *post, guint max_listed);

/* What the rules say of what is told. */
OrfAlertTold *orf_notice_tell (const OrfNotice *notice);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNoticeAlert, orf_notice_alert_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNotice, orf_notice_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNoticePost, orf_notice_post_free)

G_END_DECLS
