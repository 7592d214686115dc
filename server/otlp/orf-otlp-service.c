/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-service.h"

#include "orf-error.h"
#include "otlp/orf-otlp-metrics.h"
#include "otlp/orf-otlp-traces.h"

/* What a client is told to wait that came when too many were there already. */
#define RETRY_MS 1000

#define STATUS_UNSUPPORTED_MEDIA_TYPE 415

/* A signal, and who has its state. */
typedef struct {
  OrfOtlpService *service;
  const OrfOtlpSignal *signal;
  gpointer user_data;
} Endpoint;

struct _OrfOtlpService {
  const OrfMetricsParts *parts;
  OrfIngest *ingest; /* NULL: stopped */
  OrfOtlpMetrics *metrics;
  Endpoint endpoints[2];
  guint n_in_flight;
  GString *answer; /* what was told at once: the page borrows it */
};

static void
refuse (OrfOtlpService *service,
        OrfHttpPage *page,
        OrfOtlpEncoding encoding,
        int status,
        const GError *error)
{
  g_string_free (service->answer, TRUE);
  service->answer = orf_otlp_answer_error (encoding, error);
  page->status = status;
  page->content_type = orf_otlp_encoding_get_type (encoding);
  page->body = service->answer->str;
  page->length = service->answer->len;
  page->retry_after_ms = MAX (orf_error_get_retry_after_ms (error), 0);
}

/* FALSE: it is in a form that we do not read. */
static gboolean
check_form (OrfHttpPage *page, OrfOtlpEncoding *encoding, gboolean *gzip, GError **error)
{
  if (!orf_otlp_encoding_parse (page->sent_type, encoding)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "the content type has to be application/x-protobuf or application/json");
    return FALSE;
  }
  if (orf_otlp_packing_parse (page->sent_encoding, gzip))
    return TRUE;
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                       "the content encoding has to be gzip or identity");
  return FALSE;
}

static gboolean
check_room (OrfOtlpService *service, GError **error)
{
  const OrfMetricsParts *parts = service->parts;

  if (service->n_in_flight >= (guint) parts->config->otlp.max_in_flight) {
    g_propagate_error (error,
                       orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, RETRY_MS,
                                            "too many requests at once ([otlp] max_in_flight)"));
    return FALSE;
  }
  return orf_memory_check_ingest (parts->memory, error) &&
         orf_memory_check_part (parts->memory, ORF_MEMORY_INGEST, error) &&
         orf_memory_check_part (parts->memory, ORF_MEMORY_WRITES, error);
}

static void
submit (Endpoint *endpoint, OrfHttpPage *page, OrfOtlpEncoding encoding, gboolean gzip)
{
  OrfOtlpService *service = endpoint->service;
  const OrfConfig *config = service->parts->config;
  OrfOtlpJob *job = endpoint->signal->make (endpoint->user_data);

  job->signal = endpoint->signal;
  job->user_data = endpoint->user_data;
  job->encoding = encoding;
  job->gzip = gzip;
  job->max_body_bytes = (gsize) config->otlp.max_body_bytes;
  job->max_decoded_bytes = (gsize) config->memory.ingest_bytes;
  job->body = orf_http_page_steal_body (page);
  job->caller = (OrfOtlpCaller){ orf_http_page_defer (page), encoding, &service->n_in_flight };
  service->n_in_flight++;
  orf_otlp_job_count (job, service->parts->memory);
  if (!orf_otlp_job_submit (job, service->ingest))
    orf_otlp_job_free (job);
}

static void
upload_cb (gpointer user_data, OrfHttpPage *page)
{
  Endpoint *endpoint = user_data;
  OrfOtlpService *service = endpoint->service;
  OrfOtlpEncoding encoding;
  gboolean gzip = FALSE;
  g_autoptr (GError) error = NULL;

  if (!check_form (page, &encoding, &gzip, &error) && page->refusal == NULL)
    refuse (service, page, encoding, STATUS_UNSUPPORTED_MEDIA_TYPE, error);
  else if (page->refusal != NULL)
    refuse (service, page, encoding, page->status, page->refusal);
  else if (!check_room (service, &error))
    refuse (service, page, encoding, orf_otlp_answer_status (error), error);
  else
    submit (endpoint, page, encoding, gzip);
}

OrfOtlpService *
orf_otlp_service_new (const OrfMetricsParts *parts, GError **error)
{
  OrfOtlpService *service = g_new0 (OrfOtlpService, 1);

  service->ingest = orf_ingest_new (parts->config->otlp.resource_attributes, parts->memory, error);
  if (service->ingest == NULL) {
    g_free (service);
    return NULL;
  }
  service->parts = parts;
  service->metrics = orf_otlp_metrics_new (parts);
  service->endpoints[0] = (Endpoint){ service, &orf_otlp_metrics_signal, service->metrics };
  service->endpoints[1] = (Endpoint){ service, &orf_otlp_traces_signal, (gpointer) parts };
  service->answer = g_string_new (NULL);
  return service;
}

void
orf_otlp_service_add (OrfOtlpService *service, OrfHttpServer *server)
{
  for (guint i = 0; i < G_N_ELEMENTS (service->endpoints); i++)
    orf_http_server_add_upload (server, service->endpoints[i].signal->path, upload_cb,
                                &service->endpoints[i]);
}

void
orf_otlp_service_stop (OrfOtlpService *service)
{
  orf_otlp_metrics_stop (service->metrics);
  g_clear_pointer (&service->ingest, orf_ingest_free);
}

void
orf_otlp_service_free (OrfOtlpService *service)
{
  orf_otlp_metrics_free (service->metrics);
  g_string_free (service->answer, TRUE);
  g_free (service);
}
