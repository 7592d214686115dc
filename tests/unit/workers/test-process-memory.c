/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/orf-sanitized.h"
#include "workers/orf-process-memory.h"

#define HELD_BYTES (64 * 1024 * 1024)
/* What this program itself may take meanwhile. */
#define MOVES_BYTES (1024 * 1024)
/* Above any the kernel gives out. */
#define NOBODY (G_GINT64_CONSTANT (1) << 30)

static void
test_read (void)
{
  gint64 before_bytes = orf_process_memory_read (getpid ());
  void *held = mmap (NULL, HELD_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  gint64 untouched_bytes = orf_process_memory_read (getpid ());
  gint64 held_bytes;

  g_assert_true (held != MAP_FAILED);
  g_assert_cmpint (before_bytes, >, 0);
  if (!ORF_SANITIZED)
    g_assert_cmpint (untouched_bytes - before_bytes, <, MOVES_BYTES);
  memset (held, 1, HELD_BYTES);
  held_bytes = orf_process_memory_read (getpid ()) - before_bytes;
  munmap (held, HELD_BYTES);
  if (ORF_SANITIZED) { /* its own memory moves, too */
    g_assert_cmpint (held_bytes, >, HELD_BYTES - MOVES_BYTES);
    return;
  }
  g_assert_cmpint (ABS (held_bytes - HELD_BYTES), <, MOVES_BYTES);
  g_assert_cmpint (ABS (orf_process_memory_read (getpid ()) - before_bytes), <, MOVES_BYTES);
}

/* One that has ended has none, whether or not somebody waited for it. */
static void
test_gone (void)
{
  pid_t child = fork ();
  siginfo_t info;

  if (child == 0)
    _exit (0);
  g_assert_cmpint (waitid (P_PID, (id_t) child, &info, WEXITED | WNOWAIT), ==, 0);
  g_assert_cmpint (orf_process_memory_read (child), ==, 0);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  g_assert_cmpint (orf_process_memory_read (child), ==, 0);
  g_assert_cmpint (orf_process_memory_read (NOBODY), ==, 0);
}

typedef struct {
  guint n_told;
  gint64 bytes[2];
} Answer;

static void
told_cb (gpointer user_data, const gint64 *bytes, guint n_pids)
{
  Answer *answer = user_data;

  g_assert_cmpuint (n_pids, ==, 2);
  memcpy (answer->bytes, bytes, sizeof answer->bytes);
  answer->n_told++;
}

static void
never_cb (gpointer user_data, const gint64 *bytes, guint n_pids)
{
  g_assert_not_reached ();
}

static void
test_ask (void)
{
  const gint64 pids[] = { getpid (), NOBODY };
  g_autoptr (GError) error = NULL;
  OrfProcessMemory *memory = orf_process_memory_new (&error);
  Answer answer = { 0 };
  guint cancelled;

  g_assert_no_error (error);
  cancelled = orf_process_memory_ask (memory, pids, 2, never_cb, NULL);
  g_assert_cmpuint (orf_process_memory_ask (memory, pids, 2, told_cb, &answer), !=, cancelled);
  orf_process_memory_cancel (memory, cancelled);
  g_assert_cmpuint (answer.n_told, ==, 0);
  while (answer.n_told == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (answer.bytes[0], >, 0);
  g_assert_cmpint (answer.bytes[1], ==, 0);
  orf_process_memory_ask (memory, pids, 2, never_cb, NULL);
  orf_process_memory_free (memory);
  g_assert_cmpuint (answer.n_told, ==, 1);
}

/* More than may wait are refused, and all that were not are told. */
static void
test_bounded (void)
{
  const gint64 pids[] = { getpid (), NOBODY };
  g_autoptr (OrfProcessMemory) memory = orf_process_memory_new (NULL);
  Answer answer = { 0 };
  guint n_asked = 0;

  for (guint i = 0; i < 10000; i++)
    n_asked += orf_process_memory_ask (memory, pids, 2, told_cb, &answer) != 0;
  g_assert_cmpuint (n_asked, >, 0);
  while (answer.n_told < n_asked)
    g_main_context_iteration (NULL, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/process-memory/read", test_read);
  g_test_add_func ("/process-memory/gone", test_gone);
  g_test_add_func ("/process-memory/ask", test_ask);
  g_test_add_func ("/process-memory/bounded", test_bounded);
  return g_test_run ();
}
