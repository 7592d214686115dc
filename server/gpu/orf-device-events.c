/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-device-events.h"

#include "core/orf-clock.h"
#include "gpu/orf-device-rules.h"

/* At once, of one device: a driver that makes up codes is not followed without end. */
#define MAX_OPEN 64
/* A device of which nobody has told for so long is not there any more, or its probe is not: what
 * was so of it ended when it was last seen.  Whoever is to see that it is lost has had the time. */
#define GONE_US (3600 * ORF_US_PER_S)

/* Something that is so, or was until a moment ago. */
typedef struct {
  const char *kind;
  char *key;
  gint64 quiet_us;
  gint64 first_us, last_us; /* when it was seen */
  OrfGpuEventRow *row;      /* NULL: not long enough to be told */
} Open;

typedef struct {
  char *id;
  OrfDeviceCounters counters;
  GPtrArray *open; /* Open */
  gint64 n_raised;
  gint64 looked_us; /* monotonic */
} Device;

struct _OrfDeviceEvents {
  OrfStore *store;
  OrfBlackBox *box;
  const OrfConfig *config; /* NULL: not joined */
  GPtrArray *devices;      /* Device, in the order in which they were seen first */
  gint64 next_id;
};

static void
open_free (gpointer data)
{
  Open *open = data;

  g_free (open->key);
  orf_gpu_event_row_free (open->row);
  g_free (open);
}

static void
device_free (gpointer data)
{
  Device *device = data;

  g_free (device->id);
  g_ptr_array_unref (device->open);
  g_free (device);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  if (error != NULL)
    g_warning ("an event of a device is not in the file: %s", error->message);
}

/* As it is now.  Whole, so that the end of one whose beginning could not be written is no less. */
static void
write_row (OrfDeviceEvents *events, const OrfGpuEventRow *row)
{
  orf_store_write_gpu_event (events->store, orf_gpu_event_row_copy (row), written_cb, NULL);
}

static char *
make_title (const OrfGpuEventRow *row, const char *key)
{
  if (g_str_equal (row->kind, "lost"))
    return g_strdup_printf ("%s is lost", row->device);
  if (row->has_code)
    return g_strdup_printf ("XID %" G_GINT64_FORMAT " on %s", row->code, row->device);
  return g_strdup_printf ("%s (%s) on %s", row->kind, key, row->device);
}

static void
raise_event (OrfDeviceEvents *events, Device *device, Open *open, const OrfDeviceFinding *finding)
{
  OrfGpuEventRow *row = orf_gpu_event_row_new ();
  g_autofree char *title = NULL;

  row->id = events->next_id++;
  row->device = g_strdup (device->id);
  row->kind = g_strdup (finding->kind);
  row->severity = g_strdup (orf_severity_to_string (finding->severity));
  row->has_code = finding->code >= 0;
  row->code = finding->code;
  row->text = g_strdup (finding->text);
  row->raised_us = open->first_us;
  open->row = row;
  device->n_raised++;
  write_row (events, row);
  g_log (G_LOG_DOMAIN,
         finding->severity == ORF_SEVERITY_CRITICAL ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_MESSAGE,
         "%s: %s", device->id, finding->text);

  if (finding->severity != ORF_SEVERITY_CRITICAL || !events->box)
    return;
  title = make_title (row, open->key);
  orf_black_box_record (events->box, title, row->text, open->first_us);
}

static void
clear_event (OrfDeviceEvents *events, Open *open)
{
  open->row->has_cleared_us = TRUE;
  open->row->cleared_us = open->last_us;
  write_row (events, open->row);
}

/* ---- a device -------------------------------------------------------------------------------- */

static Device *
get_device (OrfDeviceEvents *events, const char *id)
{
  Device *device = NULL;

  for (guint i = 0; i < events->devices->len; i++) {
    device = g_ptr_array_index (events->devices, i);
    if (g_str_equal (device->id, id))
      return device;
  }

  device = g_new0 (Device, 1);
  device->id = g_strdup (id);
  device->counters = ORF_DEVICE_COUNTERS_NONE;
  device->open = g_ptr_array_new_with_free_func (open_free);
  g_ptr_array_add (events->devices, device);
  return device;
}

static Open *
find_open (Device *device, const OrfDeviceFinding *finding)
{
  for (guint i = 0; i < device->open->len; i++) {
    Open *open = g_ptr_array_index (device->open, i);

    if (g_str_equal (open->kind, finding->kind) && g_str_equal (open->key, finding->key))
      return open;
  }
  return NULL;
}

static void
see (OrfDeviceEvents *events, Device *device, const OrfDeviceFinding *finding, gint64 now_us)
{
  Open *open = find_open (device, finding);

  if (!open && device->open->len >= MAX_OPEN)
    return;
  if (!open) {
    open = g_new0 (Open, 1);
    open->kind = finding->kind;
    open->key = g_strdup (finding->key);
    open->quiet_us = finding->quiet_us;
    open->first_us = now_us;
    g_ptr_array_add (device->open, open);
  }
  open->last_us = now_us;
  if (!open->row && now_us - open->first_us >= finding->hold_us)
    raise_event (events, device, open, finding);
}

/* What is not so at now_us: it goes when it has been quiet for long enough, and at once where it
 * was never told.  A clock that was set back makes it go, too. */
static void
settle (OrfDeviceEvents *events, Device *device, gint64 now_us)
{
  for (guint i = device->open->len; i > 0; i--) {
    Open *open = g_ptr_array_index (device->open, i - 1);
    gint64 quiet_us = now_us - open->last_us;

    if (quiet_us == 0 || (open->row && quiet_us > 0 && quiet_us < open->quiet_us))
      continue;
    if (open->row)
      clear_event (events, open);
    g_ptr_array_remove_index (device->open, i - 1);
  }
}

void
orf_device_events_look (OrfDeviceEvents *events,
                        const char *device_id,
                        const OrfProbeDeviceSample *sample,
                        gint64 now_us)
{
  Device *device = get_device (events, device_id);
  g_autoptr (GPtrArray) findings = orf_device_rules_find (&device->counters, sample);

  device->looked_us = orf_clock_monotonic_us ();
  for (guint i = 0; i < findings->len; i++)
    see (events, device, g_ptr_array_index (findings, i), now_us);
  settle (events, device, now_us);
}

static void
clear_all (OrfDeviceEvents *events, Device *device)
{
  for (guint i = 0; i < device->open->len; i++) {
    Open *open = g_ptr_array_index (device->open, i);

    if (open->row)
      clear_event (events, open);
  }
  g_ptr_array_set_size (device->open, 0);
}

/* One with open events goes a sweep later, so that a frame tells that there are none any more. */
void
orf_device_events_sweep (OrfDeviceEvents *events, gint64 monotonic_us)
{
  for (guint i = events->devices->len; i > 0; i--) {
    Device *device = g_ptr_array_index (events->devices, i - 1);

    if (monotonic_us - device->looked_us < GONE_US)
      continue;
    if (device->open->len > 0)
      clear_all (events, device);
    else
      g_ptr_array_remove_index (events->devices, i - 1);
  }
}

/* ---- frames ---------------------------------------------------------------------------------- */

static guint
count_open (const Device *device, const char *severity)
{
  guint n = 0;

  for (guint i = 0; i < device->open->len; i++) {
    const Open *open = g_ptr_array_index (device->open, i);

    n += open->row && g_str_equal (open->row->severity, severity);
  }
  return n;
}

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  OrfDeviceEvents *events = self;

  orf_device_events_sweep (events, orf_clock_monotonic_us ());
  for (guint i = 0; i < events->devices->len; i++) {
    const Device *device = g_ptr_array_index (events->devices, i);
    const char *const device_label[] = { device->id, NULL };

    orf_frame_add (frame, ORF_METRIC_GPU_EVENTS_RAISED, device_label, (double) device->n_raised);
    for (OrfSeverity severity = ORF_SEVERITY_INFO; severity < ORF_SEVERITY_N; severity++) {
      const char *const labels[] = { device->id, orf_severity_to_string (severity), NULL };

      orf_frame_add (frame, ORF_METRIC_GPU_EVENTS_OPEN, labels, count_open (device, labels[1]));
    }
  }
}

static gint64
get_period_us_cb (gpointer self)
{
  return ((OrfDeviceEvents *) self)->config->gpu.sample_us;
}

static const OrfSamplerSource source_ops = {
  .fill = fill_cb,
  .get_period_us = get_period_us_cb,
};

void
orf_device_events_join (OrfDeviceEvents *events, OrfSampler *sampler, const OrfConfig *config)
{
  events->config = config;
  orf_sampler_add_source (sampler, &source_ops, events);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfDeviceEvents *
orf_device_events_new (OrfStore *store, OrfBlackBox *box, GError **error)
{
  OrfDeviceEvents *events = NULL;
  gint64 max_id;

  if (!orf_store_load_max_gpu_event_id (store, &max_id, error))
    return NULL;

  events = g_new0 (OrfDeviceEvents, 1);
  events->store = store;
  events->box = box;
  events->devices = g_ptr_array_new_with_free_func (device_free);
  events->next_id = max_id + 1;
  orf_store_clear_gpu_events (store, orf_clock_now_us (), written_cb, NULL);
  return events;
}

void
orf_device_events_free (OrfDeviceEvents *events)
{
  if (!events)
    return;

  g_ptr_array_unref (events->devices);
  g_free (events);
}
