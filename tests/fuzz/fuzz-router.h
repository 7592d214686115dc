/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "orf-json.h"
#include "orf-schema-bind.h"
#include "rpc/orf-peer.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
fuzz_record_cb (OrfCall *call, const OrfMetricsRecordParams *params, gpointer user_data)
{
  const OrfMetricsRecordResult result = { params->samples->len };

  orf_call_return_metrics_record (call, &result);
}

static void
fuzz_check_cb (OrfCall *call, const OrfHealthCheckParams *params, gpointer user_data)
{
  const OrfHealthCheckResult result = { ORF_SERVING_STATUS_SERVING };

  orf_call_return_health_check (call, &result);
}

/* A body that REST answers as it is. */
static void
fuzz_export_cb (OrfCall *call, const OrfMetricsExportParams *params, gpointer user_data)
{
  static const char body[] = "\"a file\"";

  orf_call_return_encoded (call, body, sizeof body - 1);
}

/* One with bounds so small that they are met, made once. */
static OrfRouter *
fuzz_get_router (void)
{
  static OrfRouter *router;
  const OrfRpcLimits limits = {
    .max_message_bytes = 4096,
    .max_depth = 16,
    .max_batch = 8,
    .max_in_flight = 16,
    .max_in_flight_per_peer = 8,
    .default_deadline_us = ORF_US_PER_S,
    .max_deadline_us = ORF_US_PER_S,
  };

  if (router == NULL) {
    router = orf_router_new (&limits);
    orf_bind_metrics_record (router, fuzz_record_cb, NULL);
    orf_bind_health_check (router, fuzz_check_cb, NULL);
    orf_bind_metrics_export (router, fuzz_export_cb, NULL);
  }
  return router;
}

/* What we say is JSON, whatever we were told. */
static void
fuzz_check_answer (const char *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) answer = orf_json_parse (data, length, 64, &error);

  if (answer == NULL)
    g_error ("an answer that is not JSON (%s): %.*s", error->message, (int) length, data);
}
