/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/orf-config-check.h"

#include "actuators/orf-actuator-kind.h"
#include "alerts/orf-alert-book.h"
#include "cost/orf-cost-service.h"
#include "export/orf-export-settings.h"
#include "gpu/orf-gpu-backends.h"
#include "judge/orf-judge-metrics.h"
#include "metrics/orf-dashboard.h"
#include "notify/orf-receiver.h"
#include "orf-error.h"
#include "redis/orf-redis-settings.h"
#include "remote/orf-remote-write.h"
#include "transport/orf-bind.h"

/* Takes wrong. */
static gboolean
is_sound (GError *wrong, GError **error)
{
  if (wrong == NULL)
    return TRUE;
  if (g_error_matches (wrong, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION)) {
    g_error_free (wrong); /* of a file */
    return TRUE;
  }
  g_propagate_error (error, wrong);
  return FALSE;
}

static gboolean
check_judging (const OrfConfig *config, GError **error)
{
  g_autoptr (OrfAlertBook) rules = orf_alert_book_new (config, NULL, error);
  g_autoptr (OrfJudgeMetrics) metrics = rules != NULL ? orf_judge_metrics_new (config, error)
                                                      : NULL;

  return metrics != NULL && orf_cost_service_check (config, error);
}

static gboolean
check_listeners (const OrfConfig *config, GError **error)
{
  const char *const addresses[] = { config->listen.http, config->otlp.listen,
                                    config->jaeger.listen };

  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    if (addresses[i][0] != '\0' && !orf_bind_check_address (addresses[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
check_backends (const OrfConfig *config, GError **error)
{
  g_autoptr (GArray) backends = orf_gpu_backends_resolve (config->gpu.backends, error);

  return backends != NULL;
}

static gboolean
check_actuators (const OrfConfig *config, GError **error)
{
  const GPtrArray *servers = config->actuators.servers;

  for (guint i = 0; i < servers->len; i++)
    if (!orf_actuator_kind_check (servers->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
check_receivers (const OrfConfig *config, GError **error)
{
  const GPtrArray *list = config->receivers.list;

  for (guint i = 0; i < list->len; i++) {
    GError *wrong = NULL;
    g_autoptr (OrfReceiver) receiver = orf_receiver_new (config, list->pdata[i], &wrong);

    if (receiver == NULL && !is_sound (wrong, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_trace_export (const OrfConfig *config, GError **error)
{
  const GPtrArray *list = config->trace_export.list;

  for (guint i = 0; i < list->len; i++) {
    GError *wrong = NULL;
    g_auto (GStrv) headers = NULL;
    g_autoptr (OrfHttpSender)
      sender = orf_export_settings_make_sender (config, list->pdata[i], &headers, &wrong);

    if (sender == NULL && !is_sound (wrong, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_remote_write (const OrfConfig *config, GError **error)
{
  GError *wrong = NULL;

  return orf_remote_write_check (config, &wrong) || is_sound (wrong, error);
}

gboolean
orf_config_check (const OrfConfig *config, GError **error)
{
  return check_judging (config, error) && check_listeners (config, error) &&
         check_backends (config, error) && check_actuators (config, error) &&
         check_receivers (config, error) && check_trace_export (config, error) &&
         check_remote_write (config, error) && orf_dashboard_check (config, error) &&
         orf_redis_settings_check (config, error);
}
