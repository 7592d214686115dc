/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A body of metrics, see fuzz-otlp-body.h: it is decoded and mapped, twice, so that what is
 * remembered of it is met again, and then with less that is let in. */
#include "fuzz-otlp-body.h"
#include "otlp/orf-otlp-mapper.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

#define NOW_US G_GINT64_CONSTANT (1700000000000000)

static const OrfOtlpLimits wide = { .now_us = NOW_US,
                                    .late_us = G_MAXINT64 / 4,
                                    .future_us = G_MAXINT64 / 4,
                                    .max_labels = 16,
                                    .max_rows = 10000,
                                    .max_slots = 1000,
                                    .max_remembered_bytes = 1 << 20 };
static const OrfOtlpLimits narrow = { .now_us = NOW_US,
                                      .late_us = 3600 * (gint64) G_USEC_PER_SEC,
                                      .future_us = 60 * (gint64) G_USEC_PER_SEC,
                                      .max_labels = 2,
                                      .max_rows = 20,
                                      .max_slots = 4,
                                      .max_remembered_bytes = 1000 };

static void
map (OrfOtlpMapper *mapper, const OrfOtlpLimits *limits, const Otlp__MetricsRequest *request)
{
  g_autoptr (OrfOtlpBatch) batch = orf_otlp_batch_new ();

  if (orf_otlp_mapper_run (mapper, limits, request, batch, NULL))
    g_assert_cmpuint (batch->n_rejected, <=, batch->n_points);
  if (batch->rows->len > limits->max_rows)
    g_error ("%u rows", batch->rows->len);
  for (guint i = 0; i < batch->rows->len; i++) {
    const OrfOtlpRow *row = &g_array_index (batch->rows, OrfOtlpRow, i);

    g_assert_true (i > 0 || row->flags & ORF_OTLP_ROW_FIRST);
  }
}

static void
read_body (const char *body, gsize length, OrfOtlpEncoding encoding)
{
  static char *const promote[] = { (char *) "host.name", NULL };
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  g_autoptr (OrfOtlpMapper) mapper = orf_otlp_mapper_new (promote);
  const Otlp__MetricsRequest *request;

  orf_otlp_arena_reset (arena, FUZZ_MAX_BYTES);
  request = orf_otlp_message_read_metrics (arena, encoding, body, length, NULL);
  if (request == NULL)
    return;
  map (mapper, &wide, request);
  map (mapper, &wide, request);
  map (mapper, &narrow, request);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  fuzz_read_body (data, size, read_body);
  return 0;
}
