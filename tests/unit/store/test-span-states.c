/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What spans are told of devices at their beginning and their end. */
#include <math.h>

#include "span-maker.h"
#include "store/orf-span-states.h"

#define T    G_GINT64_CONSTANT (1760000000000000)
#define S    G_GINT64_CONSTANT (1000000)
#define HOLD (3 * S)

static void
add (OrfSpanStates *states, gint64 t_us, const char *device, gint64 used_bytes)
{
  const OrfDeviceState state = { device, used_bytes, ORF_PRESSURE_LEVEL_UNSET, NAN, NAN };

  orf_span_states_add (states, t_us, HOLD, &state, 1, NAN);
}

/* What a span of these times is told; NULL: nothing. */
static char *
mark (const OrfSpanStates *states, gint64 start_us, gint64 duration_us)
{
  g_autoptr (OrfSpanBatch) batch = orf_span_batch_new ();
  const MadeSpan made = { 1, 1, 0, "s", "o", start_us, duration_us };
  const OrfSpanMark *found;

  made_span_add (batch, &made);
  orf_span_states_mark (states, batch);
  found = orf_span_batch_get_mark (batch, &g_array_index (batch->spans, OrfSpan, 0));
  return found != NULL ? g_strdup (orf_span_batch_get_text (batch, found->text)) : NULL;
}

#define ASSERT_MARK(start_us, duration_us, expected)                                               \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *told = mark (states, (start_us), (duration_us));                              \
                                                                                                   \
    g_assert_cmpstr (told, ==, (expected));                                                        \
  }                                                                                                \
  G_STMT_END

#define START(bytes)   "{\"devices\":{\"gpu\":{\"start\":{\"used_bytes\":" bytes "}}}}"
#define BOTH(from, to) "{\"devices\":{\"gpu\":{\"start\":" from ",\"end\":" to "}}}"
#define BYTES(bytes)   "{\"used_bytes\":" bytes "}"

static void
test_look_up (void)
{
  g_autoptr (OrfSpanStates) states = orf_span_states_new ();

  ASSERT_MARK (T, 10, NULL);
  for (gint64 i = 0; i < 10; i++)
    add (states, T + i * S, "gpu", 100 + i);
  add (states, T + 12 * S, "gpu", 109); /* the same again */

  ASSERT_MARK (T - 2, 1, NULL);
  ASSERT_MARK (T - 1, 1, BOTH ("null", BYTES ("100")));
  ASSERT_MARK (T, 0, START ("100"));
  ASSERT_MARK (T + S - 1, 0, START ("100"));
  ASSERT_MARK (T + S - 1, 1, BOTH (BYTES ("100"), BYTES ("101")));
  ASSERT_MARK (T + 3 * S, 4 * S, BOTH (BYTES ("103"), BYTES ("107")));
  /* what is as before is said once */
  ASSERT_MARK (T + 9 * S, 3 * S, START ("109"));
  /* the last holds for a while, and then nobody knows */
  ASSERT_MARK (T + 12 * S, HOLD - 1, START ("109"));
  ASSERT_MARK (T + 12 * S, HOLD, BOTH (BYTES ("109"), "null"));
  ASSERT_MARK (T + 12 * S + HOLD, 5, NULL);
}

static void
test_gap (void)
{
  g_autoptr (OrfSpanStates) states = orf_span_states_new ();

  add (states, T, "gpu", 1);
  add (states, T + 20 * S, "gpu", 2);
  add (states, T + 20 * S, "gpu", 3); /* not later: left out */
  ASSERT_MARK (T + HOLD, S, NULL);
  ASSERT_MARK (T + S, 20 * S, BOTH (BYTES ("1"), BYTES ("2")));
  add (states, T + 10 * S, "gpu", 4); /* the clock was set back */
  ASSERT_MARK (T + S, 10 * S, BOTH (BYTES ("1"), BYTES ("4")));
  ASSERT_MARK (T + 20 * S, 1, NULL);
}

/* The oldest make room, and what came with them is not known any more. */
static void
test_ring (void)
{
  g_autoptr (OrfSpanStates) states = orf_span_states_new ();
  const gint64 n = 3 * ORF_SPAN_STATES_MAX + 7;

  for (gint64 i = 0; i < n; i++)
    add (states, T + i * S, "gpu", i);
  for (gint64 i = n - ORF_SPAN_STATES_MAX; i < n; i += 97) {
    g_autofree char *text = g_strdup_printf (START ("%" G_GINT64_FORMAT), i);

    ASSERT_MARK (T + i * S, 10, text);
  }
  ASSERT_MARK (T + (n - ORF_SPAN_STATES_MAX) * S - 2, 1, NULL);
}

static void
test_encoding (void)
{
  g_autoptr (OrfSpanStates) states = orf_span_states_new ();
  const OrfDeviceState first[] = {
    { "nvml:0", 17179869184, ORF_PRESSURE_LEVEL_HIGH, 12.5, 97 },
    { "a \"b\"", -1, ORF_PRESSURE_LEVEL_UNSET, NAN, 0 },
    { "silent", -1, ORF_PRESSURE_LEVEL_UNSET, NAN, NAN },
  };
  const OrfDeviceState second[] = {
    { "nvml:1", 0, ORF_PRESSURE_LEVEL_LOW, 0, NAN },
    { "nvml:0", 17179869184, ORF_PRESSURE_LEVEL_HIGH, 12.5, 97 },
  };

  orf_span_states_add (states, T, HOLD, first, G_N_ELEMENTS (first), 93.25);
  orf_span_states_add (states, T + S, HOLD, second, G_N_ELEMENTS (second), NAN);
  orf_span_states_add (states, T + 2 * S, HOLD, NULL, 0, 50);
  orf_span_states_add (states, T + 3 * S, HOLD, NULL, 0, NAN);
  ASSERT_MARK (T, S,
               "{\"devices\":{"
               "\"nvml:0\":{\"start\":{\"used_bytes\":17179869184,\"pressure_level\":\"high\","
               "\"fragmentation_percent\":12.5,\"utilization_percent\":97}},"
               "\"a \\\"b\\\"\":{\"start\":{\"utilization_percent\":0},\"end\":null},"
               "\"nvml:1\":{\"start\":null,\"end\":{\"used_bytes\":0,\"pressure_level\":\"low\","
               "\"fragmentation_percent\":0}}},"
               "\"cache\":{\"start\":{\"hit_rate_percent\":93.25},\"end\":null}}");
  ASSERT_MARK (T + 2 * S, 5, "{\"cache\":{\"start\":{\"hit_rate_percent\":50}}}");
  ASSERT_MARK (T + 3 * S, 5, NULL);
}

/* A batch of many spans holds each mark once, wherever they stand. */
static void
test_shared (void)
{
  g_autoptr (OrfSpanStates) states = orf_span_states_new ();
  g_autoptr (OrfSpanBatch) batch = orf_span_batch_new ();
  const OrfSpan *spans;
  guint seen[10] = { 0 };

  for (gint64 i = 0; i < 10; i++)
    add (states, T + i * S, "gpu", i);
  for (guint i = 0; i < 1000; i++) {
    const MadeSpan made = { i + 1, 1, 0, "s", "o", T + i * 7 % 10 * S + i, 10 };

    made_span_add (batch, &made);
  }
  orf_span_states_mark (states, batch);
  g_assert_cmpuint (batch->marks->len, ==, 10);
  g_assert_cmpuint (batch->devices->len, ==, 10);
  spans = (const OrfSpan *) (gpointer) batch->spans->data;
  for (guint i = 0; i < 1000; i++) {
    guint *at = &seen[i * 7 % 10];

    g_assert_cmpuint (spans[i].gpu, >, 0);
    g_assert_true (*at == 0 || *at == spans[i].gpu);
    *at = spans[i].gpu;
  }
  for (guint i = 1; i < 10; i++)
    g_assert_cmpuint (seen[i], !=, seen[i - 1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/span-states/look-up", test_look_up);
  g_test_add_func ("/span-states/gap", test_gap);
  g_test_add_func ("/span-states/ring", test_ring);
  g_test_add_func ("/span-states/encoding", test_encoding);
  g_test_add_func ("/span-states/shared", test_shared);
  return g_test_run ();
}
