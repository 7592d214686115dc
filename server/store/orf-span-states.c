/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A ring of states by time, each written as JSON when it is added, once a second: a span costs two
 * looks into the ring, and spans of the same two states share the text that is made of them.
 */
#include "store/orf-span-states.h"

#include <math.h>
#include <string.h>

#include "orf-encode.h"

/* What nothing is known of: before the first state, or after one that holds no longer. */
#define NOWHERE -1

typedef struct {
  char *name, *json; /* both as JSON */
  OrfDeviceState numbers;
  char *id; /* what numbers.device is */
} Device;

typedef struct {
  gint64 t_us, until_us;
  GPtrArray *devices; /* Device, of each id one; NULL: never set */
  char *cache;        /* JSON; NULL: unknown */
} State;

struct _OrfSpanStates {
  State ring[ORF_SPAN_STATES_MAX];
  guint first, n;
};

/* ---- remembering ----------------------------------------------------------------------------- */

static void
device_free (gpointer data)
{
  Device *device = data;

  g_free (device->name);
  g_free (device->json);
  g_free (device->id);
  g_free (device);
}

static void
state_clear (State *state)
{
  g_clear_pointer (&state->devices, g_ptr_array_unref);
  g_clear_pointer (&state->cache, g_free);
}

static const State *
get_state (const OrfSpanStates *states, int place)
{
  return &states->ring[(states->first + (guint) place) % ORF_SPAN_STATES_MAX];
}

static void
encode_percent (GString *json, const char *name, double percent)
{
  if (!isfinite (percent))
    return;
  orf_encode_member (json, name);
  orf_encode_number (json, percent);
}

/* NULL: nothing is known of it. */
static char *
encode_device (const OrfDeviceState *device)
{
  GString *json = g_string_new ("{");

  if (device->used_bytes >= 0) {
    orf_encode_member (json, "used_bytes");
    orf_encode_integer (json, device->used_bytes);
  }
  if (device->pressure_level != ORF_PRESSURE_LEVEL_UNSET) {
    orf_encode_member (json, "pressure_level");
    orf_encode_string (json, orf_pressure_level_to_string (device->pressure_level), -1);
  }
  encode_percent (json, "fragmentation_percent", device->fragmentation_percent);
  encode_percent (json, "utilization_percent", device->utilization_percent);
  g_string_append_c (json, '}');
  return g_string_free (json, json->len == strlen ("{}"));
}

static char *
encode_name (const char *device)
{
  GString *json = g_string_new (NULL);

  orf_encode_string (json, device, -1);
  return g_string_free (json, FALSE);
}

static GPtrArray *
encode_devices (const OrfDeviceState *states, guint n_states)
{
  GPtrArray *devices = g_ptr_array_new_with_free_func (device_free);

  for (guint i = 0; i < n_states; i++) {
    char *json = encode_device (&states[i]);
    Device *device;

    if (json == NULL)
      continue;
    device = g_new0 (Device, 1);
    device->name = encode_name (states[i].device);
    device->json = json;
    device->numbers = states[i];
    device->numbers.device = device->id = g_strdup (states[i].device);
    g_ptr_array_add (devices, device);
  }
  return devices;
}

static char *
encode_cache (double hit_rate_percent)
{
  GString *json;

  if (!isfinite (hit_rate_percent))
    return NULL;
  json = g_string_new ("{");
  encode_percent (json, "hit_rate_percent", hit_rate_percent);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

void
orf_span_states_add (OrfSpanStates *states,
                     gint64 t_us,
                     gint64 hold_us,
                     const OrfDeviceState *devices,
                     guint n_devices,
                     double cache_hit_rate_percent)
{
  State *state;

  /* the clock was set back: what comes now is of these times */
  while (states->n > 0 && t_us < get_state (states, (int) states->n - 1)->t_us)
    states->n--;
  if (states->n > 0 && t_us == get_state (states, (int) states->n - 1)->t_us)
    return;
  state = &states->ring[(states->first + states->n) % ORF_SPAN_STATES_MAX];
  if (states->n < ORF_SPAN_STATES_MAX)
    states->n++;
  else
    states->first = (states->first + 1) % ORF_SPAN_STATES_MAX; /* the oldest has its place */
  state_clear (state);
  *state = (State){ t_us, t_us + hold_us, encode_devices (devices, n_devices),
                    encode_cache (cache_hit_rate_percent) };
}

/* ---- looking up ------------------------------------------------------------------------------ */

static gboolean
is_at (const OrfSpanStates *states, int place, gint64 t_us)
{
  return get_state (states, place)->t_us <= t_us &&
         (place + 1 == (int) states->n || t_us < get_state (states, place + 1)->t_us);
}

/* The last one that is not after t_us.  *near: where the one before was found. */
static int
find (const OrfSpanStates *states, gint64 t_us, int *near)
{
  int low = 0, high = (int) states->n; /* the first that is after t_us is in low..high */

  if (*near == NOWHERE || !is_at (states, *near, t_us)) {
    while (low < high) {
      int middle = low + (high - low) / 2;

      if (get_state (states, middle)->t_us <= t_us)
        low = middle + 1;
      else
        high = middle;
    }
    *near = low - 1;
  }
  return *near != NOWHERE && t_us < get_state (states, *near)->until_us ? *near : NOWHERE;
}

/* ---- telling --------------------------------------------------------------------------------- */

/* While a text is made. */
typedef struct {
  OrfSpanBatch *batch;
  GString *json;
  OrfSpanMark *mark;
} Telling;

static const Device *
find_device (const State *state, const char *id)
{
  for (guint i = 0; state != NULL && i < state->devices->len; i++) {
    const Device *device = state->devices->pdata[i];

    if (strcmp (device->id, id) == 0)
      return device;
  }
  return NULL;
}

/* `end` only where it is another. */
static void
append_pair (GString *json, const char *start, const char *end)
{
  g_string_append_printf (json, "{\"start\":%s", start != NULL ? start : "null");
  if (g_strcmp0 (start, end) != 0)
    g_string_append_printf (json, ",\"end\":%s", end != NULL ? end : "null");
  g_string_append_c (json, '}');
}

static gboolean
is_high (const OrfDeviceState *state)
{
  return state->pressure_level >= ORF_PRESSURE_LEVEL_HIGH;
}

static void
count_device (Telling *telling, const OrfDeviceState *start, const OrfDeviceState *end)
{
  OrfMarkedDevice device = {
    .start_bytes = start->used_bytes,
    .end_bytes = end->used_bytes,
    .high = is_high (start) || is_high (end),
    .busy_percent = (start->utilization_percent + end->utilization_percent) / 2,
  };

  if (start->used_bytes < 0 || end->used_bytes < 0)
    return;
  device.device = orf_span_batch_add_text (telling->batch, start->device, -1);
  g_array_append_val (telling->batch->devices, device);
  telling->mark->n_devices++;
}

/* One of both may be NULL. */
static void
append_device (Telling *telling, const Device *start, const Device *end)
{
  orf_encode_comma (telling->json);
  g_string_append (telling->json, start != NULL ? start->name : end->name);
  g_string_append_c (telling->json, ':');
  append_pair (telling->json, start != NULL ? start->json : NULL, end != NULL ? end->json : NULL);
  if (start != NULL && end != NULL)
    count_device (telling, &start->numbers, &end->numbers);
}

static void
append_devices (Telling *telling, const State *start, const State *end)
{
  g_string_append_c (telling->json, '{');
  for (guint i = 0; start != NULL && i < start->devices->len; i++) {
    const Device *device = start->devices->pdata[i];

    append_device (telling, device, find_device (end, device->id));
  }
  for (guint i = 0; end != NULL && i < end->devices->len; i++) {
    const Device *device = end->devices->pdata[i];

    if (find_device (start, device->id) == NULL)
      append_device (telling, NULL, device);
  }
  g_string_append_c (telling->json, '}');
}

static gboolean
has_devices (const State *state)
{
  return state != NULL && state->devices->len > 0;
}

/* FALSE: nothing is known. */
static gboolean
tell (Telling *telling, const State *start, const State *end)
{
  const char *start_cache = start != NULL ? start->cache : NULL;
  const char *end_cache = end != NULL ? end->cache : NULL;

  g_string_assign (telling->json, "{");
  if (has_devices (start) || has_devices (end)) {
    orf_encode_member (telling->json, "devices");
    append_devices (telling, start, end);
  }
  if (start_cache != NULL || end_cache != NULL) {
    orf_encode_member (telling->json, "cache");
    append_pair (telling->json, start_cache, end_cache);
  }
  g_string_append_c (telling->json, '}');
  return telling->json->len > strlen ("{}");
}

/* For OrfSpan.gpu. */
static guint
add_mark (const OrfSpanStates *states, OrfSpanBatch *batch, int start_place, int end_place)
{
  const State *start = start_place != NOWHERE ? get_state (states, start_place) : NULL;
  const State *end = end_place != NOWHERE ? get_state (states, end_place) : NULL;
  g_autoptr (GString) json = g_string_new (NULL);
  OrfSpanMark mark = { .first = batch->devices->len };
  Telling telling = { batch, json, &mark };

  if (!tell (&telling, start, end))
    return 0;
  mark.text = orf_span_batch_add_text (batch, json->str, (gssize) json->len);
  g_array_append_val (batch->marks, mark);
  return batch->marks->len;
}

void
orf_span_states_mark (const OrfSpanStates *states, OrfSpanBatch *batch)
{
  g_autoptr (GHashTable) marks = NULL; /* both places -> OrfSpan.gpu, and 1 */
  int near_start = NOWHERE, near_end = NOWHERE;

  if (states->n == 0)
    return;
  marks = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < batch->spans->len; i++) {
    OrfSpan *span = &g_array_index (batch->spans, OrfSpan, i);
    int start = find (states, span->start_us, &near_start);
    int end = find (states, span->start_us + span->duration_us, &near_end);
    /* of places from -1 on, 0 is of none at all */
    guint key = (guint) (start + 1) * (ORF_SPAN_STATES_MAX + 1) + (guint) (end + 1);
    guint known;

    if (key == 0)
      continue;
    known = GPOINTER_TO_UINT (g_hash_table_lookup (marks, GUINT_TO_POINTER (key)));
    if (known == 0) {
      known = add_mark (states, batch, start, end) + 1;
      g_hash_table_insert (marks, GUINT_TO_POINTER (key), GUINT_TO_POINTER (known));
    }
    span->gpu = known - 1;
  }
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfSpanStates *
orf_span_states_new (void)
{
  return g_new0 (OrfSpanStates, 1);
}

void
orf_span_states_free (OrfSpanStates *states)
{
  for (guint i = 0; i < ORF_SPAN_STATES_MAX; i++)
    state_clear (&states->ring[i]);
  g_free (states);
}
