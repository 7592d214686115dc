/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/*
 * What is to be handed on to others, in the file until it is delivered: entries for named
 * destinations, each delivered at least once, in order for each destination, and again after a
 * failure with back-off.  A destination that hangs delays no other.  Main context.
 */
typedef struct _OrfOutbox OrfOutbox;
typedef struct _OrfDestination OrfDestination;
/* One attempt at one entry, on its way. */
typedef struct _OrfDelivery OrfDelivery;

typedef enum {
  ORF_DELIVERY_DONE,
  ORF_DELIVERY_RETRY,   /* it may go well later */
  ORF_DELIVERY_REFUSED, /* it never will: the entry is dropped and counted */
} OrfDeliveryOutcome;

typedef struct {
  OrfDeliveryOutcome outcome;
  gint64 retry_after_us; /* asked for by the other side; 0: it did not */
  const char *error;     /* why; NULL when done */
} OrfDeliveryResult;

typedef struct {
  /* Sends it, and ends in orf_delivery_finish(), within or later. */
  void (*send) (gpointer user_data, OrfDelivery *delivery);
  /* Nobody waits for it any more: it is gone when this is back, and not finished. */
  void (*cancel) (gpointer user_data, OrfDelivery *delivery);
  /* An entry was given up: to make room for others, and cancelled before, or since the file cannot
   * give it, and not sent; maybe NULL. */
  void (*dropped) (gpointer user_data, gint64 id);
} OrfDestinationOps;

/* config and store outlive it; config is looked at each time, so that a reload takes hold. */
OrfOutbox *orf_outbox_new (const OrfConfig *config, OrfStore *store, GError **error);
/* Cancels what is on its way; the file keeps what is not delivered.  Before the store is closed. */
void orf_outbox_stop (OrfOutbox *outbox);
/* After that. */
void orf_outbox_free (OrfOutbox *outbox);

/* Before the start, where the file may have entries for it.  Borrowed. */
OrfDestination *orf_outbox_add_destination (OrfOutbox *outbox,
                                            const char *name,
                                            const OrfDestinationOps *ops,
                                            gpointer user_data);
/* Begins to deliver.  Entries of destinations that there are no more are dropped. */
void orf_outbox_start (OrfOutbox *outbox);

/* Of a destination that is sent sample_raw, written in the same transaction. */
typedef struct {
  gint64 first_rowid; /* the entry stands for the rows from here on; 0: for none */
  gint64 next_rowid;  /* and its destination's cursor comes here; 0: it has none */
} OrfOutboxRows;

/* Once done has no error the entry is on disk.  Where the destination has as many entries or bytes
 * as it may, its oldest are dropped and counted.  rows may be NULL.  RESOURCE_EXHAUSTED: body alone
 * is more than that; otherwise the store's errors.  The entry's id, or 0 where it will not be. */
gint64 orf_outbox_post (OrfDestination *destination,
                        GBytes *body,
                        const OrfOutboxRows *rows,
                        OrfWriteDone done,
                        gpointer user_data);
/* Drops and counts all that the destination has; its cursor comes to next_rowid (0: it is gone). */
void orf_outbox_clear (OrfDestination *destination, gint64 next_rowid);
/* What waits to be tried again is tried now: something changed. */
void orf_outbox_hurry (OrfDestination *destination);
/* Whether it is to be delivered yet. */
gboolean orf_outbox_has_entry (OrfDestination *destination, gint64 id);
/* As the file had it at the start; 0: none. */
gint64 orf_outbox_get_next_rowid (OrfDestination *destination);

gint64 orf_delivery_get_id (OrfDelivery *delivery);
GBytes *orf_delivery_get_body (OrfDelivery *delivery);
void orf_delivery_finish (OrfDelivery *delivery, const OrfDeliveryResult *result);

typedef struct {
  const char *name;
  guint pending; /* entries not delivered yet */
  gint64 pending_bytes;
  guint64 sent, failed, dropped; /* entries, attempts, entries; since start */
  gint64 oldest_us;              /* when the next to be delivered was posted; 0: there is none */
  gint64 oldest_rowid;           /* the first row of sample_raw that it stands for; 0: none */
  gint64 next_us;                /* when it is tried again; 0: it waits for no time */
  gint64 last_sent_us;           /* 0: never since start */
  gboolean sending;
  const char *last_error; /* of the last failure since something was delivered; NULL: none */
} OrfDestinationState;

/* Valid until the next turn of the loop. */
OrfDestinationState orf_outbox_get_state (OrfDestination *destination);
/* All destinations, in the order in which they were added: OrfDestination, borrowed. */
GPtrArray *orf_outbox_get_destinations (OrfOutbox *outbox);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOutbox, orf_outbox_free)

G_END_DECLS
