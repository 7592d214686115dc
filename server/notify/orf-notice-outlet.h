/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "notify/orf-notice-plan.h"
#include "notify/orf-receiver.h"

G_BEGIN_DECLS

/*
 * The way to one receiver: a destination of the outbox, in whose entries messages wait, and what is
 * pushed again to a receiver that keeps alerts itself.  It outlives the receiver's settings: what
 * is in the file for one that is gone is refused.  Main context.
 */
typedef struct _OrfNoticeOutlet OrfNoticeOutlet;

/* ids: gint64, of the notices of one message. */
typedef struct {
  void (*posted) (gpointer user_data, const GArray *ids, gint64 outbox_id);
  void (*told) (gpointer user_data,
                const GArray *ids,
                const OrfDeliveryResult *result,
                const char *answer);
  void (*dropped) (gpointer user_data, const GArray *ids, const char *reason);
  /* OrfNoticeAlert that the receiver is to know of. */
  GPtrArray *(*list_firing) (gpointer user_data, const char *receiver);
} OrfNoticeOutletOps;

/* All outlive it; before the outbox is started, where the file may have entries. */
OrfNoticeOutlet *orf_notice_outlet_new (const OrfConfig *config,
                                        OrfOutbox *outbox,
                                        const char *name,
                                        const OrfNoticeOutletOps *ops,
                                        gpointer user_data);
/* After the outbox was stopped. */
void orf_notice_outlet_free (OrfNoticeOutlet *outlet);

const char *orf_notice_outlet_get_name (OrfNoticeOutlet *outlet);
/* NULL: there is none any more. */
OrfReceiver *orf_notice_outlet_get_receiver (OrfNoticeOutlet *outlet);
/* Takes receiver; what is under way begins again with it. */
void orf_notice_outlet_set_receiver (OrfNoticeOutlet *outlet, OrfReceiver *receiver);

/* In their order, each once the one before it is in the file. */
void orf_notice_outlet_post (OrfNoticeOutlet *outlet, const OrfNoticePost *post);
/* The notice is in that entry, posted in another run; FALSE: the outbox has no such entry. */
gboolean orf_notice_outlet_adopt (OrfNoticeOutlet *outlet, gint64 outbox_id, gint64 notice_id);
/* Begins to push again. */
void orf_notice_outlet_start (OrfNoticeOutlet *outlet);
/* Posts and pushes nothing more. */
void orf_notice_outlet_stop (OrfNoticeOutlet *outlet);

G_END_DECLS
