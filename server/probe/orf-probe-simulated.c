/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-probe-backend.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orf-error.h"
#include "probe/orf-probe-answers.h"
#include "probe/orf-probe-cage.h"
#include "probe/orf-simulated-ledger.h"

/*
 * Devices that are made up, and say so by name and vendor: a wave of used memory with a few
 * processes; and every way in which a probe can go wrong, so that what watches it can be tested.
 * Settings are words KEY=NUMBER, from ORFEAS_SIMULATED (separated by spaces) and then from the
 * command line.  Settings that end in _at name the sample, from 1, at which it happens.
 *
 * With ORFEAS_SIMULATED_LEDGER=FOLDER the first device has no wave: what it holds is what programs
 * wrote there (orf-simulated-ledger.h), so that real workers can leak, be asked and give back
 * without a GPU.
 */
typedef struct {
  gint64 devices;
  gint64 total_bytes;
  gint64 period_us;    /* of the wave */
  gint64 used_percent; /* -1: the wave */
  gint64 processes;    /* on each device */
  gint64 as_bus;       /* the first device says that it is on this bus; -1: on none */
  gint64 slow_us;      /* each answer takes so long */
  gint64 critical_at;  /* from then on 95 % are used */
  gint64 fail_at;      /* an error instead of a sample */
  gint64 hang_at;
  gint64 die_at;
  gint64 garbage_at;  /* a line that is no JSON */
  gint64 flood_at;    /* no end of bytes, no newline */
  gint64 chatter_at;  /* the answer twice */
  gint64 stranger_at; /* a device that hello did not name */
  gint64 missing_at;  /* from then on without the last device */
  gint64 eat_at;      /* 256 MiB, and keeps them */
  gint64 xid;         /* the driver's error that the first device tells */
  gint64 xid_at;
  gint64 hot_at;     /* from then on it is throttled by heat */
  gint64 cool_at;    /* and from then on not any more */
  gint64 start_hang; /* these four before hello */
  gint64 start_die;
  gint64 start_fail;
  gint64 start_garbage;
  gint64 samples;     /* so far */
  const char *ledger; /* NULL: none */
  gint64 busy_us;     /* of all programs, at looked_us */
  gint64 looked_us;   /* monotonic; 0: not yet */
  double busy_share;  /* in the time before that; NaN: not known yet */
} State;

static const struct {
  const char *name;
  gsize offset;
  gint64 minimum, maximum, initial;
} settings[] = {
  { "devices", offsetof (State, devices), 0, 128, 2 },
  { "total_bytes", offsetof (State, total_bytes), 1, G_GINT64_CONSTANT (1) << 50,
    G_GINT64_CONSTANT (1) << 34 },
  { "period_us", offsetof (State, period_us), 1, G_MAXINT64, 60000000 },
  { "used_percent", offsetof (State, used_percent), -1, 100, -1 },
  { "processes", offsetof (State, processes), 0, 4096, 2 },
  { "as_bus", offsetof (State, as_bus), -1, 255, -1 },
  { "slow_us", offsetof (State, slow_us), 0, G_MAXINT32, 0 },
  { "critical_at", offsetof (State, critical_at), 0, G_MAXINT64, 0 },
  { "fail_at", offsetof (State, fail_at), 0, G_MAXINT64, 0 },
  { "hang_at", offsetof (State, hang_at), 0, G_MAXINT64, 0 },
  { "die_at", offsetof (State, die_at), 0, G_MAXINT64, 0 },
  { "garbage_at", offsetof (State, garbage_at), 0, G_MAXINT64, 0 },
  { "flood_at", offsetof (State, flood_at), 0, G_MAXINT64, 0 },
  { "chatter_at", offsetof (State, chatter_at), 0, G_MAXINT64, 0 },
  { "stranger_at", offsetof (State, stranger_at), 0, G_MAXINT64, 0 },
  { "missing_at", offsetof (State, missing_at), 0, G_MAXINT64, 0 },
  { "eat_at", offsetof (State, eat_at), 0, G_MAXINT64, 0 },
  { "xid", offsetof (State, xid), 0, G_MAXUINT16, 79 },
  { "xid_at", offsetof (State, xid_at), 0, G_MAXINT64, 0 },
  { "hot_at", offsetof (State, hot_at), 0, G_MAXINT64, 0 },
  { "cool_at", offsetof (State, cool_at), 0, G_MAXINT64, G_MAXINT64 },
  { "start_hang", offsetof (State, start_hang), 0, 1, 0 },
  { "start_die", offsetof (State, start_die), 0, 1, 0 },
  { "start_fail", offsetof (State, start_fail), 0, 1, 0 },
  { "start_garbage", offsetof (State, start_garbage), 0, 1, 0 },
};

#define BUSY_WINDOW_US 900000 /* less than the usual second between samples, with its jitter */
#define EATEN_BYTES    (256 * 1024 * 1024)

static gboolean
set (State *self, const char *word, GError **error)
{
  const char *equals = strchr (word, '=');

  for (guint i = 0; equals && i < G_N_ELEMENTS (settings); i++) {
    gsize length = strlen (settings[i].name);

    if ((gsize) (equals - word) == length && strncmp (word, settings[i].name, length) == 0 &&
        g_ascii_string_to_signed (equals + 1, 10, settings[i].minimum, settings[i].maximum,
                                  G_STRUCT_MEMBER_P (self, settings[i].offset), NULL))
      return TRUE;
  }

  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "no such setting: %s", word);
  return FALSE;
}

static gboolean
set_all (State *self, char **words, GError **error)
{
  for (guint i = 0; words && words[i]; i++) {
    if (*words[i] && !set (self, words[i], error))
      return FALSE;
  }

  return TRUE;
}

static void
hang (void)
{
  for (;;)
    pause ();
}

/* Past what writes messages.  FALSE: nobody reads any more, which main notices. */
static gboolean
write_raw (const char *text)
{
  return orf_probe_answers_write (text, strlen (text));
}

static void
flood (void)
{
  g_autofree char *block = g_strnfill (64 * 1024, 'x');

  while (write_raw (block))
    continue;
}

/* volatile: else the compiler sees that nobody reads what was eaten, and leaves it out. */
static void
eat (void)
{
  static gpointer volatile eaten;

  eaten = g_malloc (EATEN_BYTES);
  memset (eaten, 1, EATEN_BYTES);
}

static gboolean
open_simulated (gpointer *state, char **argv, GError **error)
{
  g_autofree State *self = g_new0 (State, 1);
  g_auto (GStrv) words = g_strsplit (g_getenv ("ORFEAS_SIMULATED") ?: "", " ", -1);

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    *(gint64 *) G_STRUCT_MEMBER_P (self, settings[i].offset) = settings[i].initial;
  if (!set_all (self, words, error) || !set_all (self, argv + 2, error))
    return FALSE;

  orf_probe_cage_enter (ORF_PROBE_CAGE_READER, argv);
  self->ledger = g_getenv ("ORFEAS_SIMULATED_LEDGER");
  if (self->start_hang)
    hang ();
  if (self->start_die)
    abort ();
  if (self->start_garbage)
    write_raw ("driver version 1.2.3 loaded\n");
  if (self->start_fail) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "no simulated device");
    return FALSE;
  }

  *state = g_steal_pointer (&self);
  return TRUE;
}

static char *
dup_id (State *self, gint64 index)
{
  if (index == 0 && self->as_bus >= 0)
    return g_strdup_printf ("pci-0000:%02x:00.0", (guint) self->as_bus);

  return g_strdup_printf ("simulated-%" G_GINT64_FORMAT, index);
}

static void
describe (gpointer state, OrfProbeHello *hello)
{
  State *self = state;

  hello->version = g_strdup ("simulated");
  for (gint64 i = 0; i < self->devices; i++) {
    OrfProbeDevice *device = orf_probe_device_new ();

    device->device = dup_id (self, i);
    device->name = g_strdup_printf ("Simulated device %" G_GINT64_FORMAT, i);
    device->vendor = g_strdup ("simulated");
    device->has_total_bytes = TRUE;
    device->total_bytes = self->total_bytes;
    g_ptr_array_add (hello->devices, device);
  }
}

/* A triangle from 20 to 70 %, each device a quarter of a period behind the one before. */
static double
get_share (State *self, gint64 index)
{
  gint64 now_us = g_get_real_time () + index * (self->period_us / 4);
  double phase = (double) (now_us % self->period_us) / (double) self->period_us;

  if (self->critical_at > 0 && self->samples >= self->critical_at)
    return 0.95;
  if (self->used_percent >= 0)
    return (double) self->used_percent / 100;

  return 0.2 + 0.5 * (phase < 0.5 ? 2 * phase : 2 - 2 * phase);
}

static void
add_processes (State *self, gint64 index, OrfProbeDeviceSample *device)
{
  device->processes = g_ptr_array_new ();
  device->has_processes_complete = device->processes_complete = TRUE;
  for (gint64 i = 0; i < self->processes; i++) {
    OrfProbeProcess *process = orf_probe_process_new ();

    process->pid = 100000 + index * 1000 + i; /* beyond most machines' pids */
    process->name = g_strdup_printf ("simulated-worker-%" G_GINT64_FORMAT, i);
    process->has_used_bytes = TRUE;
    process->used_bytes = device->used_bytes / (self->processes + 1) / (i + 1);
    g_ptr_array_add (device->processes, process);
  }
}

static void
add_troubles (State *self, OrfProbeDeviceSample *device)
{
  gboolean hot = self->hot_at > 0 && self->samples >= self->hot_at && self->samples < self->cool_at;

  device->xids = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (self->samples == self->xid_at)
    g_array_append_val (device->xids, self->xid);
  device->throttle_reasons = g_strsplit (hot ? "thermal" : "", " ", -1);
}

static void
set_used (State *self, OrfProbeDeviceSample *device, gint64 used_bytes)
{
  device->has_total_bytes = TRUE;
  device->total_bytes = self->total_bytes;
  device->has_used_bytes = TRUE;
  device->used_bytes = MIN (used_bytes, self->total_bytes);
  device->has_free_bytes = TRUE;
  device->free_bytes = self->total_bytes - device->used_bytes;
}

/* How busy the programs kept it of late, and the heat and power that go with it.  Time is told when
 * a batch is done, so that a tenth of a second says nothing. */
static void
set_busy (State *self, OrfProbeDeviceSample *device, gint64 busy_us)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 passed_us = now_us - self->looked_us;

  if (self->looked_us == 0 || passed_us >= BUSY_WINDOW_US) {
    /* a program that ended takes its time along */
    gint64 more_us = CLAMP (busy_us - self->busy_us, 0, passed_us);

    self->busy_share = self->looked_us > 0 ? (double) more_us / (double) passed_us : NAN;
    self->busy_us = busy_us;
    self->looked_us = now_us;
  }
  device->utilization_percent = self->busy_share * 100;
  device->temperature_c = 40 + 40 * self->busy_share;
  device->power_w = 50 + 250 * self->busy_share;
}

static void
sample_ledger (State *self, OrfProbeDeviceSample *device)
{
  g_autoptr (GPtrArray) holders = orf_simulated_ledger_read (self->ledger);
  gint64 used_bytes = 0, busy_us = 0;

  device->processes = g_ptr_array_new ();
  device->has_processes_complete = device->processes_complete = TRUE;
  for (guint i = 0; i < holders->len; i++) {
    const OrfSimulatedHolder *holder = holders->pdata[i];
    OrfProbeProcess *process = orf_probe_process_new ();

    process->pid = holder->pid;
    process->name = g_strdup (holder->name);
    process->has_used_bytes = TRUE;
    process->used_bytes = holder->used_bytes;
    g_ptr_array_add (device->processes, process);
    used_bytes += holder->used_bytes;
    busy_us += holder->busy_us;
  }
  set_used (self, device, used_bytes);
  set_busy (self, device, busy_us);
}

static void
sample_wave (State *self, gint64 index, OrfProbeDeviceSample *device)
{
  double share = get_share (self, index);

  set_used (self, device, (gint64) ((double) self->total_bytes * share));
  device->has_reserved_bytes = TRUE;
  device->reserved_bytes = device->used_bytes / 10 * 9;
  device->has_allocated_bytes = TRUE;
  device->allocated_bytes = device->used_bytes / 10 * 7;
  device->has_largest_free_bytes = TRUE;
  device->largest_free_bytes = device->used_bytes / 10;
  device->utilization_percent = share * 100;
  device->temperature_c = 40 + 40 * share;
  device->power_w = 50 + 250 * share;
  add_processes (self, index, device);
}

static OrfProbeDeviceSample *
sample_device (State *self, gint64 index)
{
  OrfProbeDeviceSample *device = orf_probe_device_sample_new ();

  device->device = dup_id (self, index);
  if (index == 0 && self->ledger)
    sample_ledger (self, device);
  else
    sample_wave (self, index, device);
  if (index == 0)
    add_troubles (self, device);
  return device;
}

static void
misbehave (State *self)
{
  if (self->samples == self->hang_at)
    hang ();
  if (self->samples == self->die_at)
    abort ();
  if (self->samples == self->garbage_at)
    write_raw ("{\"sample\":{\"devices\":\xff\n");
  if (self->samples == self->flood_at)
    flood ();
  if (self->samples == self->chatter_at)
    write_raw ("{\"sample\":{\"devices\":[],\"took_us\":0}}\n");
  if (self->samples == self->eat_at)
    eat ();
}

static gboolean
sample (gpointer state, OrfProbeSample *answer, GError **error)
{
  State *self = state;
  gint64 n = self->devices;

  self->samples++;
  g_usleep ((gulong) self->slow_us);
  misbehave (self);
  if (self->samples == self->fail_at) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "the simulated call failed");
    return FALSE;
  }

  if (self->samples == self->stranger_at)
    n++;
  else if (self->missing_at > 0 && self->samples >= self->missing_at)
    n--;
  for (gint64 i = 0; i < n; i++)
    g_ptr_array_add (answer->devices, sample_device (self, i));

  return TRUE;
}

const OrfProbeBackend orf_probe_simulated = {
  .name = "simulated",
  .open = open_simulated,
  .describe = describe,
  .sample = sample,
  .close = g_free,
};
