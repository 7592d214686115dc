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
  gint64 t_us, until_us;
  char **devices; /* name, state, name, …, NULL: both as JSON, each name once */
  char *cache;    /* JSON; NULL: unknown */
} State;

struct _OrfSpanStates {
  State ring[ORF_SPAN_STATES_MAX];
  guint first, n;
};

/* ---- remembering ----------------------------------------------------------------------------- */

static void
state_clear (State *state)
{
  g_clear_pointer (&state->devices, g_strfreev);
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

static char **
encode_devices (const OrfDeviceState *devices, guint n_devices)
{
  GPtrArray *members = g_ptr_array_new ();

  for (guint i = 0; i < n_devices; i++) {
    char *state = encode_device (&devices[i]);

    if (state == NULL)
      continue;
    g_ptr_array_add (members, encode_name (devices[i].device));
    g_ptr_array_add (members, state);
  }
  g_ptr_array_add (members, NULL);
  return (char **) g_ptr_array_free (members, FALSE);
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

static const char *
find_device (const State *state, const char *name)
{
  for (guint i = 0; state != NULL && state->devices[i] != NULL; i += 2)
    if (strcmp (state->devices[i], name) == 0)
      return state->devices[i + 1];
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

static void
append_device (GString *json, const char *name, const char *start, const char *end)
{
  orf_encode_comma (json);
  g_string_append (json, name);
  g_string_append_c (json, ':');
  append_pair (json, start, end);
}

static void
append_devices (GString *json, const State *start, const State *end)
{
  g_string_append_c (json, '{');
  for (guint i = 0; start != NULL && start->devices[i] != NULL; i += 2)
    append_device (json, start->devices[i], start->devices[i + 1],
                   find_device (end, start->devices[i]));
  for (guint i = 0; end != NULL && end->devices[i] != NULL; i += 2)
    if (find_device (start, end->devices[i]) == NULL)
      append_device (json, end->devices[i], NULL, end->devices[i + 1]);
  g_string_append_c (json, '}');
}

static gboolean
has_devices (const State *state)
{
  return state != NULL && state->devices[0] != NULL;
}

/* 0: nothing is known. */
static guint32
add_text (const OrfSpanStates *states, OrfSpanBatch *batch, int start_place, int end_place)
{
  const State *start = start_place != NOWHERE ? get_state (states, start_place) : NULL;
  const State *end = end_place != NOWHERE ? get_state (states, end_place) : NULL;
  const char *start_cache = start != NULL ? start->cache : NULL;
  const char *end_cache = end != NULL ? end->cache : NULL;
  g_autoptr (GString) json = g_string_new ("{");

  if (has_devices (start) || has_devices (end)) {
    orf_encode_member (json, "devices");
    append_devices (json, start, end);
  }
  if (start_cache != NULL || end_cache != NULL) {
    orf_encode_member (json, "cache");
    append_pair (json, start_cache, end_cache);
  }
  if (json->len == 1)
    return 0;
  g_string_append_c (json, '}');
  return orf_span_batch_add_text (batch, json->str, (gssize) json->len);
}

void
orf_span_states_mark (const OrfSpanStates *states, OrfSpanBatch *batch)
{
  g_autoptr (GHashTable) texts = NULL; /* both places -> where the text begins, and 1 */
  int near_start = NOWHERE, near_end = NOWHERE;

  if (states->n == 0)
    return;
  texts = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < batch->spans->len; i++) {
    OrfSpan *span = &g_array_index (batch->spans, OrfSpan, i);
    int start = find (states, span->start_us, &near_start);
    int end = find (states, span->start_us + span->duration_us, &near_end);
    /* of places from -1 on, 0 is of none at all */
    guint key = (guint) (start + 1) * (ORF_SPAN_STATES_MAX + 1) + (guint) (end + 1);
    guint known;

    if (key == 0)
      continue;
    known = GPOINTER_TO_UINT (g_hash_table_lookup (texts, GUINT_TO_POINTER (key)));
    if (known == 0) {
      known = add_text (states, batch, start, end) + 1;
      g_hash_table_insert (texts, GUINT_TO_POINTER (key), GUINT_TO_POINTER (known));
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
