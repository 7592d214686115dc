/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "notify/orf-notice.h"
#include "orf-schema-config.h"
#include "outbox/orf-outbox.h"

G_BEGIN_DECLS

/*
 * One receiver of [receivers]: whom an alert is meant for, and how it is told: by HTTP, by a
 * command or by the journal's socket.  One telling at a time.  Main context; nothing of it blocks.
 */
typedef struct _OrfReceiver OrfReceiver;

/* result is valid during the call; answer is what it said, of a line, or NULL. */
typedef void (*OrfReceiverTold) (gpointer user_data,
                                 const OrfDeliveryResult *result,
                                 const char *answer);

/* Checks and copies settings; config outlives it, and is looked at each time.  INVALID_ARGUMENT
 * with the field, or FAILED_PRECONDITION for a file that cannot be read. */
OrfReceiver *
orf_receiver_new (const OrfConfig *config, const OrfConfigReceiver *settings, GError **error);
/* What is under way is cancelled.  NULL is fine. */
void orf_receiver_free (OrfReceiver *receiver);
gboolean orf_receiver_has_settings (OrfReceiver *receiver, const OrfConfigReceiver *settings);
const char *orf_receiver_get_name (OrfReceiver *receiver);

gboolean
orf_receiver_wants (OrfReceiver *receiver, const OrfNoticeAlert *alert, OrfNoticeEvent event);
/* It keeps the alerts itself, and forgets what is not pushed again within four of this; 0: it does
 * not. */
gint64 orf_receiver_get_resend_us (OrfReceiver *receiver);

/* telling is borrowed until told, which may be called within; none may be under way. */
void orf_receiver_tell (OrfReceiver *receiver,
                        const OrfAlertTelling *telling,
                        OrfReceiverTold told,
                        gpointer user_data);
/* told is not called any more; none under way is fine. */
void orf_receiver_cancel (OrfReceiver *receiver);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfReceiver, orf_receiver_free)

G_END_DECLS
