/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - The thread sees the queue of questions and the question that it has, never OrfProcessMemory.
 * - A question is told while its id is among the open ones.
 */
#include "workers/orf-process-memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/orf-queue.h"
#include "core/orf-thread.h"

/* Questions that wait: one of each cleanup that runs, one a device. */
#define MAX_QUESTIONS 64
/* How long the end waits for a question that is under way. */
#define PATIENCE_S 1

struct _OrfProcessMemory {
  OrfQueue *questions;
  OrfQueue *replies;
  GHashTable *open; /* ids */
  guint last_id;
  pthread_t thread;
};

typedef struct {
  OrfJob base;
  OrfProcessMemory *memory; /* looked at in the main context only */
  guint id;
  OrfProcessMemoryTold told;
  gpointer user_data;
  guint n_pids;
  gint64 *pids;
  gint64 *bytes;
} Question;

/* ---- /proc ----------------------------------------------------------------------------------- */

/* -1: there is none to read; errno says why. */
static gint64
read_pss (gint64 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/smaps_rollup", pid);
  FILE *file = fopen (path, "re");
  gint64 kib = -1;
  char line[256];

  if (file == NULL)
    return -1;
  while (kib < 0 && fgets (line, sizeof line, file) != NULL) {
    if (g_str_has_prefix (line, "Pss:"))
      kib = g_ascii_strtoll (line + strlen ("Pss:"), NULL, 10);
  }
  fclose (file);
  return kib < 0 ? -1 : kib * 1024;
}

/* What everybody may read.  A process that has gone, or that nobody waited for yet, has no pages.
 */
static gint64
read_private (gint64 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/statm", pid);
  FILE *file = fopen (path, "re");
  long size = 0, resident = 0, shared = 0;
  int n_read;

  if (file == NULL)
    return errno == ENOENT || errno == ESRCH ? 0 : -1;
  n_read = fscanf (file, "%ld %ld %ld", &size, &resident, &shared);
  fclose (file);
  if (n_read != 3)
    return -1;
  return (gint64) MAX (resident - shared, 0) * sysconf (_SC_PAGESIZE);
}

gint64
orf_process_memory_read (gint64 pid)
{
  gint64 bytes = read_pss (pid);

  return bytes >= 0 ? bytes : read_private (pid);
}

/* ---- questions ------------------------------------------------------------------------------- */

static void
work_thread_cb (OrfJob *job, gpointer state)
{
  Question *question = (Question *) job;

  for (guint i = 0; i < question->n_pids; i++)
    question->bytes[i] = orf_process_memory_read (question->pids[i]);
  orf_job_reply (job);
}

static void
done_cb (OrfJob *job)
{
  Question *question = (Question *) job;

  if (g_hash_table_remove (question->memory->open, GUINT_TO_POINTER (question->id)))
    question->told (question->user_data, question->bytes, question->n_pids);
}

static void
free_cb (OrfJob *job)
{
  Question *question = (Question *) job;

  g_free (question->pids);
  g_free (question->bytes);
  g_free (question);
}

guint
orf_process_memory_ask (OrfProcessMemory *memory,
                        const gint64 *pids,
                        guint n_pids,
                        OrfProcessMemoryTold told,
                        gpointer user_data)
{
  Question *question = g_new0 (Question, 1);

  question->base.work = work_thread_cb;
  question->base.done = done_cb;
  question->base.free = free_cb;
  question->base.reply = memory->replies;
  question->memory = memory;
  question->told = told;
  question->user_data = user_data;
  question->n_pids = n_pids;
  question->pids = g_memdup2 (pids, n_pids * sizeof *pids);
  question->bytes = g_new0 (gint64, n_pids);
  do
    question->id = ++memory->last_id;
  while (question->id == 0);
  if (!orf_queue_push (memory->questions, 0, &question->base)) {
    free_cb (&question->base);
    return 0;
  }
  g_hash_table_add (memory->open, GUINT_TO_POINTER (memory->last_id));
  return memory->last_id;
}

void
orf_process_memory_cancel (OrfProcessMemory *memory, guint id)
{
  g_hash_table_remove (memory->open, GUINT_TO_POINTER (id));
}

/* ---- life ------------------------------------------------------------------------------------ */

/* Those whose thread was still in the kernel when they went: it needs them until the process ends.
 */
static GSList *left_behind;

OrfProcessMemory *
orf_process_memory_new (GError **error)
{
  OrfProcessMemory *memory = g_new0 (OrfProcessMemory, 1);

  memory->questions = orf_queue_new (1, MAX_QUESTIONS);
  memory->replies = orf_queue_new (1, G_MAXUINT);
  memory->open = g_hash_table_new (NULL, NULL);
  if (!orf_thread_start_worker (&memory->thread, "process-memory", memory->questions, error)) {
    orf_queue_unref (memory->questions);
    orf_queue_unref (memory->replies);
    g_hash_table_unref (memory->open);
    g_free (memory);
    return NULL;
  }
  orf_queue_attach (memory->replies, NULL);
  return memory;
}

/* FALSE: it hangs in the kernel. */
static gboolean
end_thread (OrfProcessMemory *memory)
{
  struct timespec until;

  orf_queue_close (memory->questions);
  clock_gettime (CLOCK_REALTIME, &until);
  until.tv_sec += PATIENCE_S;
  return pthread_timedjoin_np (memory->thread, NULL, &until) == 0;
}

void
orf_process_memory_free (OrfProcessMemory *memory)
{
  if (memory == NULL)
    return;
  g_hash_table_remove_all (memory->open);
  if (!end_thread (memory)) {
    /* it may come back at any time, and then needs its queues, and done_cb the rest */
    pthread_detach (memory->thread);
    left_behind = g_slist_prepend (left_behind, memory);
    return;
  }
  orf_queue_dispatch (memory->replies);
  orf_queue_unref (memory->questions);
  orf_queue_unref (memory->replies);
  g_hash_table_unref (memory->open);
  g_free (memory);
}
