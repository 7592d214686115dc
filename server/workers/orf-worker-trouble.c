/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workers/orf-worker-trouble.h"

#include "core/orf-clock.h"

static void
append_bytes (GString *text, const char *name, gint64 bytes)
{
  if (bytes >= 0)
    g_string_append_printf (text, ", %s %.1f MiB", name, (double) bytes / (1 << 20));
}

/* "w-3, process 4242, on pci-0000:03:00.0, reserved 812.0 MiB, …": what it said last. */
static char *
describe (const OrfWorker *worker)
{
  GString *text = g_string_new (worker->id);

  if (worker->pid >= 0)
    g_string_append_printf (text, ", process %" G_GINT64_FORMAT, worker->pid);
  if (worker->device)
    g_string_append_printf (text, ", on %s", worker->device);
  append_bytes (text, "reserved", worker->allocator.reserved_bytes);
  append_bytes (text, "allocated", worker->allocator.allocated_bytes);
  append_bytes (text, "largest free block", worker->allocator.largest_free_bytes);
  return g_string_free (text, FALSE);
}

static void
lost_cb (gpointer user_data, const OrfWorker *worker)
{
  g_autofree char *title = g_strdup_printf ("worker %s was lost", worker->name);
  g_autofree char *facts = describe (worker);
  g_autofree char *reason = g_strdup_printf ("at the last it said: %s", facts);

  orf_black_box_record (user_data, title, reason, orf_clock_now_us ());
}

static void
oom_cb (gpointer user_data, const OrfWorker *worker, gint64 n_more)
{
  g_autofree char *title = g_strdup_printf ("out of GPU memory in worker %s", worker->name);
  g_autofree char *facts = describe (worker);
  g_autofree char *reason = g_strdup_printf ("%" G_GINT64_FORMAT
                                             " allocations failed since its report before: %s",
                                             n_more, facts);

  orf_black_box_record (user_data, title, reason, orf_clock_now_us ());
}

static const OrfWorkersEvents watched = { .lost = lost_cb, .oom = oom_cb };

void
orf_worker_trouble_watch (OrfWorkers *workers, OrfBlackBox *box)
{
  orf_workers_listen (workers, &watched, box);
}
