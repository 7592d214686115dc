/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "leaks/orf-leaks.h"

#include "core/orf-clock.h"
#include "core/orf-format.h"
#include "core/orf-names.h"
#include "store/orf-store-leaks.h"

#include <math.h>

/* A leak that goes on is written again after so many rows. */
#define ROWS_A_WRITE 10
/* One that is not told any more for so many rows has become flat: a few rows may look so. */
#define ROWS_TO_FLAT 30
/* The beginning of a leak is known to about so many rows (doc/leaks.md). */
#define REACH_ROWS 30
/* A forecaster needs a horizon; these forecasts are not made. */
#define HORIZON 1

/* A process of a device, or a worker. */
typedef struct {
  char *key;
  char *device;
  gint64 worker; /* 0: a process */
  gint64 pid;    /* -1: unknown */
  char *name;
  guint number;    /* the judge's; 0: not watched, as its worker tells more, or there was no room */
  gboolean seen;   /* in the sample that is looked at */
  OrfLeakRow *row; /* what is suspected; NULL: nothing */
  guint since_write; /* rows */
  guint since_leak;  /* rows */
} Subject;

struct _OrfLeaks {
  const OrfConfig *config;
  OrfStore *store;
  OrfJudge *judge;
  OrfWorkers *workers;
  GHashTable *subjects; /* key -> Subject, owned */
  GHashTable *numbers;  /* number -> the same */
};

static void
subject_free (gpointer data)
{
  Subject *subject = data;

  g_free (subject->key);
  g_free (subject->device);
  g_free (subject->name);
  orf_leak_row_free (subject->row);
  g_free (subject);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  if (error != NULL)
    g_warning ("a leak is not in the file: %s", error->message);
}

static void
write_row (OrfLeaks *leaks, Subject *subject)
{
  gint64 now_us = orf_store_get_age_now_us (leaks->store);

  subject->since_write = 0;
  orf_store_write_leak (leaks->store, orf_leak_row_copy (subject->row),
                        REACH_ROWS * leaks->config->forecast.row_us,
                        now_us - leaks->config->forecast.keep_us, written_cb, NULL);
}

static void
end (OrfLeaks *leaks, Subject *subject, gint64 t_us, const char *ending)
{
  if (subject->row == NULL)
    return;
  subject->row->ended_us = t_us;
  subject->row->ending = ending;
  write_row (leaks, subject);
  g_clear_pointer (&subject->row, orf_leak_row_free);
}

static void
set_row (OrfLeakRow *row, const OrfJudgeRow *told)
{
  const OrfOutlook *outlook = &told->outlook;

  row->since_us = outlook->leak_since_us;
  row->told_us = told->t_us;
  row->slope_bytes_per_s = outlook->slope_per_s;
  row->slope_lower_bytes_per_s = outlook->slope_lower_per_s;
  row->slope_upper_bytes_per_s = outlook->slope_upper_per_s;
  row->confidence = outlook->leak_confidence;
  row->grown_bytes = (gint64) (outlook->slope_per_s * (double) (told->t_us - row->since_us) /
                               G_USEC_PER_SEC);
}

static void
suspect (OrfLeaks *leaks, Subject *subject, const OrfJudgeRow *told)
{
  OrfLeakRow *row = subject->row = orf_leak_row_new ();
  g_autofree char *hourly = NULL;

  row->subject = g_strdup (subject->key);
  row->device = g_strdup (subject->device);
  row->worker = subject->worker;
  row->name = g_strdup (subject->name);
  row->pid = subject->pid;
  row->found_us = told->t_us;
  set_row (row, told);
  write_row (leaks, subject);
  hourly = orf_format_bytes (row->slope_bytes_per_s * 3600);
  g_message ("%s of %s may leak: %s an hour", subject->name ? subject->name : subject->key,
             subject->device, hourly);
}

static void
told_cb (gpointer user_data, const OrfJudgeRow *told)
{
  OrfLeaks *leaks = user_data;
  Subject *subject = g_hash_table_lookup (leaks->numbers, GUINT_TO_POINTER (told->number));

  if (subject == NULL || told->history)
    return;
  if (!told->outlook.leak || !(told->outlook.slope_per_s > 0)) {
    if (subject->row != NULL && ++subject->since_leak >= ROWS_TO_FLAT)
      end (leaks, subject, told->t_us, "flat");
    return;
  }
  subject->since_leak = 0;
  if (subject->row == NULL) {
    suspect (leaks, subject, told);
    return;
  }
  set_row (subject->row, told);
  if (++subject->since_write >= ROWS_A_WRITE)
    write_row (leaks, subject);
}

/* ---- subjects -------------------------------------------------------------------------------- */

static void
watch (OrfLeaks *leaks, Subject *subject)
{
  const OrfJudgeSpec spec = {
    .subject = subject->key,
    .setup = { .step_us = leaks->config->forecast.row_us,
               .n_horizons = 1,
               .horizons = { HORIZON },
               .threshold = NAN,
               .min = 0,
               .max = NAN,
               .better = ORF_BETTER_LOWER },
    .every_rows = G_MAXUINT,
  };

  subject->number = orf_judge_add_subject (leaks->judge, &spec);
  if (subject->number != 0)
    g_hash_table_insert (leaks->numbers, GUINT_TO_POINTER (subject->number), subject);
}

static void
unwatch (OrfLeaks *leaks, Subject *subject, gint64 t_us)
{
  end (leaks, subject, t_us, "gone");
  if (subject->number == 0)
    return;
  g_hash_table_remove (leaks->numbers, GUINT_TO_POINTER (subject->number));
  orf_judge_remove_subject (leaks->judge, subject->number);
  subject->number = 0;
}

static Subject *
add (OrfLeaks *leaks, char *key, const char *device, gint64 worker, gint64 pid, const char *name)
{
  Subject *subject = g_new0 (Subject, 1);

  subject->key = key;
  subject->device = g_strdup (device);
  subject->worker = worker;
  subject->pid = pid;
  subject->name = g_strdup (name);
  g_hash_table_insert (leaks->subjects, key, subject);
  return subject;
}

static char *
make_process_key (const char *device, gint64 pid)
{
  return g_strdup_printf ("process %" G_GINT64_FORMAT " of %s", pid, device);
}

static char *
make_worker_key (const OrfWorker *worker)
{
  return g_strconcat ("worker ", worker->id, NULL);
}

/* ---- workers --------------------------------------------------------------------------------- */

static gint64
get_held_bytes (const OrfWorker *worker)
{
  return worker->allocator.allocated_bytes >= 0 ? worker->allocator.allocated_bytes
                                                : worker->allocator.reserved_bytes;
}

static gboolean
tells (const OrfWorker *worker)
{
  return orf_worker_is_live (worker) && worker->device != NULL && get_held_bytes (worker) >= 0;
}

/* What its device says of it is watched no longer: the worker says what it has in use. */
static void
cover (OrfLeaks *leaks, const OrfWorker *worker)
{
  g_autofree char *key = make_process_key (worker->device, worker->pid);
  Subject *process = g_hash_table_lookup (leaks->subjects, key);

  if (process != NULL)
    unwatch (leaks, process, worker->reported_us);
}

static void
reported_cb (gpointer user_data, const OrfWorker *worker)
{
  OrfLeaks *leaks = user_data;
  g_autofree char *key = NULL;
  Subject *subject;

  if (!tells (worker))
    return;
  key = make_worker_key (worker);
  subject = g_hash_table_lookup (leaks->subjects, key);
  if (subject == NULL) {
    cover (leaks, worker);
    subject = add (leaks, g_steal_pointer (&key), worker->device, worker->no, worker->pid,
                   worker->name);
    watch (leaks, subject);
  }
  orf_judge_feed (leaks->judge, subject->number, orf_clock_now_us (),
                  (double) get_held_bytes (worker));
}

static void
changed_cb (gpointer user_data, const OrfWorker *worker)
{
  OrfLeaks *leaks = user_data;
  g_autofree char *key = NULL;
  Subject *subject;

  if (orf_worker_is_live (worker))
    return;
  key = make_worker_key (worker);
  subject = g_hash_table_lookup (leaks->subjects, key);
  if (subject == NULL)
    return;
  unwatch (leaks, subject, orf_clock_now_us ());
  g_hash_table_remove (leaks->subjects, key);
}

static const OrfWorkersEvents workers_events = {
  .reported = reported_cb,
  .changed = changed_cb,
};

/* ---- processes ------------------------------------------------------------------------------- */

static gboolean
is_covered (OrfLeaks *leaks, const char *device, gint64 pid)
{
  GPtrArray *workers = orf_workers_get_all (leaks->workers);

  for (guint i = 0; i < workers->len; i++) {
    const OrfWorker *worker = workers->pdata[i];

    if (worker->pid == pid && tells (worker) && g_str_equal (worker->device, device))
      return TRUE;
  }
  return FALSE;
}

static void
see_process (OrfLeaks *leaks, const char *device, const OrfProbeProcess *process, gint64 now_us)
{
  g_autofree char *key = make_process_key (device, process->pid);
  Subject *subject = g_hash_table_lookup (leaks->subjects, key);

  if (subject == NULL) {
    subject = add (leaks, g_steal_pointer (&key), device, 0, process->pid, process->name);
    if (!is_covered (leaks, device, process->pid))
      watch (leaks, subject);
  }
  subject->seen = TRUE;
  if (process->has_used_bytes)
    orf_judge_feed (leaks->judge, subject->number, now_us, (double) process->used_bytes);
}

/* Those of the device that were not seen have ended. */
static void
drop_gone (OrfLeaks *leaks, const char *device, gint64 now_us)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, leaks->subjects);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Subject *subject = value;
    gboolean seen = subject->seen;

    subject->seen = FALSE;
    if (seen || subject->worker > 0 || !g_str_equal (subject->device, device))
      continue;
    unwatch (leaks, subject, now_us);
    g_hash_table_iter_remove (&iter);
  }
}

void
orf_leaks_look (OrfLeaks *leaks,
                const char *device,
                const OrfProbeDeviceSample *sample,
                gint64 now_us)
{
  if (sample == NULL || sample->processes == NULL)
    return;
  for (guint i = 0; i < sample->processes->len; i++)
    see_process (leaks, device, sample->processes->pdata[i], now_us);
  drop_gone (leaks, device, now_us);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfLeaks *
orf_leaks_new (const OrfConfig *config, OrfStore *store, OrfJudge *judge, OrfWorkers *workers)
{
  OrfLeaks *leaks = g_new0 (OrfLeaks, 1);

  *leaks = (OrfLeaks){ .config = config, .store = store, .judge = judge, .workers = workers };
  leaks->subjects = orf_names_table_new (NULL, subject_free);
  leaks->numbers = g_hash_table_new (NULL, NULL);
  orf_judge_add_listener (judge, told_cb, leaks);
  orf_workers_listen (workers, &workers_events, leaks);
  orf_store_end_leaks (store, written_cb, NULL);
  return leaks;
}

void
orf_leaks_free (OrfLeaks *leaks)
{
  g_hash_table_unref (leaks->numbers);
  g_hash_table_unref (leaks->subjects);
  g_free (leaks);
}
