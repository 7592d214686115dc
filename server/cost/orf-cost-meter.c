/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants: a device's time is accounted for once, up to until_us, whatever clocks do; what is in
 * the book is not in the file; what was on its way and could not be written becomes unseen.
 */
#include "cost/orf-cost-meter.h"

#include <math.h>

#include "core/orf-clock.h"
#include "core/orf-names.h"
#include "cost/orf-cost-book.h"
#include "cost/orf-cost-step.h"

/* A sample may be late by a slow probe; beyond, and beyond three periods, nobody looked. */
#define MIN_GAP_US   (10 * ORF_US_PER_S)
#define GAP_IN_STEPS 3

typedef struct {
  gint64 until_us;
  gint64 written_us;  /* what is before is in the file, or on its way */
  double spent, idle; /* since the daemon began; NAN: no price was ever known */
  gboolean returns;   /* known by the file: until its first sample nobody looked */
} Device;

struct _OrfCostMeter {
  OrfCostMeterParts parts;
  OrfCostPrices *prices;
  GHashTable *devices; /* id → Device */
  OrfCostBook *book;
  gint64 minute_us; /* the one that is being measured */
  gboolean stopped;
};

/* On its way to the file. */
typedef struct {
  OrfCostMeter *meter;
  GPtrArray *ids;   /* of devices */
  GArray *from_us;  /* of each: since when */
  GArray *until_us; /* and until when */
  void (*done) (gpointer user_data);
  gpointer user_data;
} Flight;

/* ---- devices --------------------------------------------------------------------------------- */

static Device *
add_device (OrfCostMeter *meter, const char *id, gint64 until_us)
{
  Device *device = g_new0 (Device, 1);

  device->until_us = device->written_us = until_us;
  device->spent = device->idle = NAN;
  g_hash_table_insert (meter->devices, g_strdup (id), device);
  return device;
}

static gboolean
load_devices (OrfCostMeter *meter, GError **error)
{
  g_autoptr (GPtrArray) rows = orf_store_load_cost_devices (meter->parts.store, error);

  if (rows == NULL)
    return FALSE;
  for (guint i = 0; i < rows->len; i++) {
    const OrfCostDevice *row = rows->pdata[i];

    add_device (meter, row->device, row->until_us)->returns = TRUE;
  }
  return TRUE;
}

/* ---- who is on a device ---------------------------------------------------------------------- */

static const OrfWorker *
find_worker (const OrfCostMeter *meter, gint64 pid)
{
  GPtrArray *workers = orf_workers_get_all (meter->parts.workers);

  for (guint i = 0; i < workers->len; i++) {
    const OrfWorker *worker = workers->pdata[i];

    if (pid > 0 && worker->pid == pid && orf_worker_is_live (worker))
      return worker;
  }
  return NULL;
}

/* Processes of one name are told apart. */
static char *
dup_process_name (const char *name, gint64 pid)
{
  if (pid < 0)
    return g_strdup (name);
  return g_strdup_printf ("%s[%" G_GINT64_FORMAT "]", name != NULL ? name : "", pid);
}

static void
add_holder (GArray *holders,
            GPtrArray *texts,
            char *process,
            const OrfWorker *worker,
            gint64 held_bytes,
            double utilization_percent)
{
  const OrfCostHolder holder = { process, worker != NULL ? worker->label : NULL, held_bytes,
                                 utilization_percent };

  g_ptr_array_add (texts, process);
  g_array_append_val (holders, holder);
}

static gboolean
lists_process (const OrfProbeDeviceSample *sample, gint64 pid)
{
  for (guint i = 0; sample->processes != NULL && i < sample->processes->len; i++)
    if (((OrfProbeProcess *) sample->processes->pdata[i])->pid == pid)
      return TRUE;
  return FALSE;
}

/* What a worker says that it holds, where its driver does not know its process; one whose process
 * we do not know may be any of those that a driver tells. */
static void
add_workers (const OrfCostMeter *meter,
             const OrfProbeDeviceSample *sample,
             GArray *holders,
             GPtrArray *texts)
{
  GPtrArray *workers = orf_workers_get_all (meter->parts.workers);

  for (guint i = 0; i < workers->len; i++) {
    const OrfWorker *worker = workers->pdata[i];
    gint64 held = MAX (worker->allocator.reserved_bytes, worker->allocator.allocated_bytes);

    if (!orf_worker_is_live (worker) || g_strcmp0 (worker->device, sample->device) != 0 ||
        (worker->pid < 0 ? sample->processes != NULL && sample->processes->len > 0
                         : lists_process (sample, worker->pid)))
      continue;
    add_holder (holders, texts, dup_process_name (worker->name, worker->pid), worker, held, NAN);
  }
}

static GArray *
gather_holders (const OrfCostMeter *meter, const OrfProbeDeviceSample *sample, GPtrArray *texts)
{
  GArray *holders = g_array_new (FALSE, FALSE, sizeof (OrfCostHolder));

  for (guint i = 0; sample->processes != NULL && i < sample->processes->len; i++) {
    const OrfProbeProcess *process = sample->processes->pdata[i];

    add_holder (holders, texts, dup_process_name (process->name, process->pid),
                find_worker (meter, process->pid),
                process->has_used_bytes ? process->used_bytes : -1, process->utilization_percent);
  }
  add_workers (meter, sample, holders, texts);
  return holders;
}

/* ---- accounts -------------------------------------------------------------------------------- */

static const char *
get_basis_name (OrfCostBasis basis)
{
  return orf_cost_basis_to_string (basis);
}

static void
count (Device *device, gint64 price_nano, gint64 used_us, gint64 idle_us)
{
  double a_us = (double) price_nano / (double) ORF_COST_NANO / (double) ORF_COST_HOUR_US;

  if (price_nano < 0)
    return;
  if (isnan (device->spent))
    device->spent = device->idle = 0;
  device->spent += a_us * (double) (used_us + idle_us);
  device->idle += a_us * (double) idle_us;
}

/* From from_us, which lies in one minute with what follows. */
static void
account (OrfCostMeter *meter,
         const char *id,
         Device *device,
         OrfCostLook *look,
         gint64 price_nano,
         gint64 from_us)
{
  g_autofree gint64 *parts = g_new (gint64, look->n_holders + 1);
  OrfCostStep step = orf_cost_step_decide (look, parts);
  gint64 workers_us = 0;

  orf_cost_book_add (meter->book, ORF_COST_USED, from_us, id, get_basis_name (step.basis),
                     price_nano, step.used_us);
  orf_cost_book_add (meter->book, ORF_COST_IDLE, from_us, id, "", price_nano,
                     look->step_us - step.used_us);
  orf_cost_book_add (meter->book, ORF_COST_PROCESS, from_us, id, ORF_COST_NOBODY, price_nano,
                     step.nobody_us);
  for (guint i = 0; i < look->n_holders; i++) {
    const OrfCostHolder *holder = &look->holders[i];

    orf_cost_book_add (meter->book, ORF_COST_PROCESS, from_us, id, holder->process, price_nano,
                       parts[i]);
    if (holder->worker == NULL)
      continue;
    orf_cost_book_add (meter->book, ORF_COST_WORKER, from_us, id, holder->worker, price_nano,
                       parts[i]);
    workers_us += parts[i];
  }
  orf_cost_book_add (meter->book, ORF_COST_WORKER, from_us, id, ORF_COST_NOBODY, price_nano,
                     step.used_us - workers_us);
  orf_cost_book_use (meter->book, from_us, id, price_nano, step.used_us);
  count (device, price_nano, step.used_us, look->step_us - step.used_us);
}

static gint64
known_or_not (gint64 value, gboolean known)
{
  return known ? value : -1;
}

static void
account_sample (OrfCostMeter *meter,
                const OrfGpuSnapshot *snapshot,
                const OrfProbeDeviceSample *sample,
                Device *device,
                gint64 now_us)
{
  const char *id = snapshot->device->device;
  gint64 price_nano = orf_cost_prices_get_nano (meter->prices, id);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) holders = gather_holders (meter, sample, texts);
  OrfCostLook look = {
    .utilization_percent = sample->utilization_percent,
    .total_bytes = known_or_not (snapshot->device->total_bytes, snapshot->device->has_total_bytes),
    .used_bytes = known_or_not (sample->used_bytes, sample->has_used_bytes && !snapshot->unified),
    .driver_bytes = known_or_not (sample->driver_reserved_bytes, sample->has_driver_reserved_bytes),
    .complete = sample->has_processes_complete && sample->processes_complete,
    .holders = (const OrfCostHolder *) (gpointer) holders->data,
    .n_holders = holders->len,
  };

  for (gint64 from_us = device->until_us, to_us; from_us < now_us; from_us = to_us) {
    to_us = MIN (now_us, from_us - from_us % ORF_COST_MINUTE_US + ORF_COST_MINUTE_US);
    look.step_us = to_us - from_us;
    account (meter, id, device, &look, price_nano, from_us);
  }
}

static void
account_unseen (OrfCostMeter *meter, const char *id, gint64 from_us, gint64 until_us)
{
  gint64 price_nano = orf_cost_prices_get_nano (meter->prices, id);

  from_us = MAX (from_us, until_us - meter->parts.config->cost.keep_us);
  for (gint64 to_us; from_us < until_us; from_us = to_us) {
    to_us = MIN (until_us, from_us - from_us % ORF_COST_HOUR_US + ORF_COST_HOUR_US);
    orf_cost_book_add (meter->book, ORF_COST_UNSEEN, from_us, id, "", price_nano, to_us - from_us);
  }
}

void
orf_cost_meter_look (OrfCostMeter *meter,
                     const OrfGpuSnapshot *snapshot,
                     const OrfProbeDeviceSample *sample,
                     gint64 now_us)
{
  const char *id = snapshot->device->device;
  gint64 gap_us = MAX (MIN_GAP_US, GAP_IN_STEPS * meter->parts.config->gpu.sample_us);
  Device *device = g_hash_table_lookup (meter->devices, id);
  gint64 first_us = device == NULL ? now_us : 0;

  /* a part is paid for with its whole */
  if (sample == NULL || meter->stopped ||
      (snapshot->device->parent != NULL && !orf_cost_prices_names (meter->prices, id)))
    return;
  if (device == NULL)
    device = add_device (meter, id, now_us);
  else if (device->returns || now_us - device->until_us > gap_us)
    account_unseen (meter, id, device->until_us, now_us);
  else
    account_sample (meter, snapshot, sample, device, now_us);
  /* also where the clock was set back: the time that passes from now on is new */
  device->until_us = now_us;
  device->returns = FALSE;
  orf_cost_book_see (meter->book, id, first_us, now_us);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void
flight_free (Flight *flight)
{
  g_ptr_array_unref (flight->ids);
  g_array_unref (flight->from_us);
  g_array_unref (flight->until_us);
  g_free (flight);
}

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  Flight *flight = user_data;
  OrfCostMeter *meter = flight->meter;

  if (error != NULL && !meter->stopped) {
    g_warning ("cost was not written, its time counts as unseen: %s", error->message);
    for (guint i = 0; i < flight->ids->len; i++)
      account_unseen (meter, flight->ids->pdata[i], g_array_index (flight->from_us, gint64, i),
                      g_array_index (flight->until_us, gint64, i));
  }
  if (flight->done != NULL)
    flight->done (flight->user_data);
  flight_free (flight);
}

static void
board (Flight *flight, const OrfCostDevice *seen)
{
  Device *device = g_hash_table_lookup (flight->meter->devices, seen->device);

  g_ptr_array_add (flight->ids, g_strdup (seen->device));
  g_array_append_val (flight->from_us, device->written_us);
  g_array_append_val (flight->until_us, seen->until_us);
  device->written_us = seen->until_us;
}

void
orf_cost_meter_flush (OrfCostMeter *meter, void (*done) (gpointer user_data), gpointer user_data)
{
  OrfCostChange *change = orf_cost_book_close (meter->book);
  Flight *flight;

  if (change == NULL) {
    if (done != NULL)
      done (user_data);
    return;
  }
  flight = g_new0 (Flight, 1);
  *flight = (Flight){
    .meter = meter,
    .ids = g_ptr_array_new_with_free_func (g_free),
    .from_us = g_array_new (FALSE, FALSE, sizeof (gint64)),
    .until_us = g_array_new (FALSE, FALSE, sizeof (gint64)),
    .done = done,
    .user_data = user_data,
  };
  for (guint i = 0; i < change->devices->len; i++)
    board (flight, change->devices->pdata[i]);
  change->max_names = meter->parts.config->cost.max_names;
  change->keep_from_us = orf_store_get_age_now_us (meter->parts.store) -
                         meter->parts.config->cost.keep_us;
  orf_store_write_costs (meter->parts.store, change, written_cb, flight);
}

void
orf_cost_meter_tick (OrfCostMeter *meter, gint64 now_us)
{
  gint64 minute_us = now_us - now_us % ORF_COST_MINUTE_US;

  if (minute_us == meter->minute_us)
    return;
  meter->minute_us = minute_us;
  orf_cost_meter_flush (meter, NULL, NULL);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  OrfCostMeter *meter = self;
  GHashTableIter iter;
  gpointer id, value;

  g_hash_table_iter_init (&iter, meter->devices);
  while (g_hash_table_iter_next (&iter, &id, &value)) {
    const Device *device = value;
    const char *const labels[] = { id, NULL };

    orf_frame_add (frame, ORF_METRIC_COST_SPENT, labels, device->spent);
    orf_frame_add (frame, ORF_METRIC_COST_IDLE, labels, device->idle);
  }
}

static gint64
get_period_us_cb (gpointer self)
{
  /* a price is of hours: as often as devices are looked at is often enough, and never more */
  return MAX (((OrfCostMeter *) self)->parts.config->gpu.sample_us, ORF_US_PER_S);
}

static const OrfSamplerSource source_ops = {
  .fill = fill_cb,
  .get_period_us = get_period_us_cb,
};

/* ---- life ------------------------------------------------------------------------------------ */

OrfCostMeter *
orf_cost_meter_new (const OrfCostMeterParts *parts, GError **error)
{
  g_autoptr (OrfCostMeter) meter = g_new0 (OrfCostMeter, 1);

  meter->parts = *parts;
  meter->devices = orf_names_table_new (g_free, g_free);
  meter->book = orf_cost_book_new ();
  meter->prices = orf_cost_prices_new (parts->config, error);
  if (meter->prices == NULL || !load_devices (meter, error))
    return NULL;
  orf_sampler_add_source (parts->sampler, &source_ops, meter);
  return g_steal_pointer (&meter);
}

gboolean
orf_cost_meter_reload (OrfCostMeter *meter, GError **error)
{
  OrfCostPrices *prices = orf_cost_prices_new (meter->parts.config, error);

  if (prices == NULL)
    return FALSE;
  orf_cost_prices_free (meter->prices);
  meter->prices = prices;
  return TRUE;
}

void
orf_cost_meter_stop (OrfCostMeter *meter)
{
  orf_cost_meter_flush (meter, NULL, NULL);
  meter->stopped = TRUE;
}

void
orf_cost_meter_free (OrfCostMeter *meter)
{
  if (meter == NULL)
    return;
  g_clear_pointer (&meter->prices, orf_cost_prices_free);
  g_clear_pointer (&meter->book, orf_cost_book_free);
  g_hash_table_unref (meter->devices);
  g_free (meter);
}
