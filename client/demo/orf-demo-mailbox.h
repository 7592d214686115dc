/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <orfeas/worker.h>

/* From the worker's thread, which must not be held up, to the program's loop. */
typedef struct _OrfDemoMailbox OrfDemoMailbox;

typedef struct {
  char id[256];
  OrfAdviceKind kind;
  OrfCleanupLevel level;
  guint64 batch_size;
} OrfDemoLetter;

OrfDemoMailbox *orf_demo_mailbox_new (void);
void orf_demo_mailbox_free (OrfDemoMailbox *mailbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfDemoMailbox, orf_demo_mailbox_free)

/* Readable while there is a letter. */
int orf_demo_mailbox_get_fd (OrfDemoMailbox *mailbox);
/* An OrfAdviceCallback; user_data is the mailbox. */
void orf_demo_mailbox_put (OrfWorker *worker, const OrfAdvice *advice, void *user_data);
/* FALSE: there is none. */
gboolean orf_demo_mailbox_take (OrfDemoMailbox *mailbox, OrfDemoLetter *letter);
