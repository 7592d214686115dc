/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-demo-mailbox.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A pipe in packet mode keeps letters apart and needs no lock; it holds some dozens, and the daemon
 * has at most 16 open. */
struct _OrfDemoMailbox {
  int fds[2];
};

OrfDemoMailbox *
orf_demo_mailbox_new (void)
{
  OrfDemoMailbox *mailbox = g_new0 (OrfDemoMailbox, 1);

  if (pipe2 (mailbox->fds, O_DIRECT | O_CLOEXEC | O_NONBLOCK) == 0)
    return mailbox;
  g_free (mailbox);
  return NULL;
}

void
orf_demo_mailbox_free (OrfDemoMailbox *mailbox)
{
  if (mailbox == NULL)
    return;
  close (mailbox->fds[0]);
  close (mailbox->fds[1]);
  g_free (mailbox);
}

int
orf_demo_mailbox_get_fd (OrfDemoMailbox *mailbox)
{
  return mailbox->fds[0];
}

void
orf_demo_mailbox_put (OrfWorker *worker, const OrfAdvice *advice, void *user_data)
{
  OrfDemoMailbox *mailbox = user_data;
  OrfDemoLetter letter = { .kind = advice->kind,
                           .level = advice->level,
                           .batch_size = advice->batch_size };

  g_strlcpy (letter.id, advice->id, sizeof letter.id);
  if (write (mailbox->fds[1], &letter, sizeof letter) != sizeof letter)
    orf_worker_answer (worker, advice->id, ORF_OUTCOME_REFUSED, -1, "too much is asked at once");
}

gboolean
orf_demo_mailbox_take (OrfDemoMailbox *mailbox, OrfDemoLetter *letter)
{
  return read (mailbox->fds[0], letter, sizeof *letter) == sizeof *letter;
}
