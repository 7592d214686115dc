/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tracer's life, and the queue between those who end spans and the thread that sends them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "orf-tracer-parts.h"

#define DEFAULT_ENDPOINT    "http://127.0.0.1:5000"
#define DEFAULT_PERIOD_US   1000000
#define DEFAULT_QUEUE_BYTES (1024 * 1024)
#define MAX_SERVICE_BYTES   1024

bool
orf_tracer_is_elsewhere (const OrfTracer *tracer)
{
  return tracer->generation != orf_thread_get_fork_generation ();
}

/* ---- the queue ------------------------------------------------------------------------------- */

static void
wake (OrfTracer *tracer)
{
  uint64_t one = 1;

  /* full is awake */
  while (write (tracer->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
    ;
}

/* With the lock. */
static bool
make_room (OrfTracer *tracer, size_t size)
{
  OrfOtlpText *text = &tracer->queue.text;
  size_t larger = 2 * (text->length + size);
  uint8_t *data;

  if (text->length + size <= text->size)
    return true;
  if (text->length + size > tracer->queue_bytes)
    return false;
  data = realloc (text->data, larger < tracer->queue_bytes ? larger : tracer->queue_bytes);
  if (data == NULL)
    return false;
  text->data = data;
  text->size = larger < tracer->queue_bytes ? larger : tracer->queue_bytes;
  return true;
}

void
orf_tracer_add (OrfTracer *tracer,
                const uint8_t *fixed,
                size_t fixed_length,
                const OrfOtlpText *fields)
{
  enum { SPANS = 2 }; /* of a scope's spans */
  OrfOtlpText *text = &tracer->queue.text;
  size_t length = fixed_length + fields->length;
  size_t size = orf_otlp_measure_field (length);
  bool is_first = false, is_half = false;

  pthread_mutex_lock (&tracer->lock);
  tracer->state.n_ended++;
  if (!tracer->closing && make_room (tracer, size)) {
    uint8_t *at = orf_otlp_put_head (text->data + text->length, SPANS, length);

    memcpy (at, fixed, fixed_length);
    memcpy (at + fixed_length, fields->data, fields->length);
    is_first = text->length == 0;
    is_half = text->length < tracer->queue_bytes / 2 &&
              text->length + size >= tracer->queue_bytes / 2;
    text->length += size;
    tracer->queue.n_spans++;
    tracer->n_queued++;
  } else {
    tracer->state.n_dropped++;
  }
  pthread_mutex_unlock (&tracer->lock);
  if (is_first || is_half)
    wake (tracer);
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool
is_service (const char *service)
{
  return service != NULL && service[0] != '\0' &&
         strnlen (service, MAX_SERVICE_BYTES + 1) <= MAX_SERVICE_BYTES;
}

/* The resource, as a field of what has it. */
static bool
make_resource (OrfTracer *tracer, const OrfTracerOptions *options)
{
  enum { RESOURCE = 1, ATTRIBUTES = 1 };
  const OrfAttribute own[] = {
    ORF_TEXT ("service.name", options->service),
    ORF_INT ("process.pid", getpid ()),
    ORF_TEXT ("telemetry.sdk.name", "orfeas"),
    ORF_TEXT ("telemetry.sdk.language", "c"),
  };
  const size_t n_own = sizeof own / sizeof own[0];
  size_t length = orf_otlp_measure_attributes (own, n_own) +
                  orf_otlp_measure_attributes (options->resource, options->n_resource);
  uint8_t *at;

  tracer->resource.length = tracer->resource.size = orf_otlp_measure_field (length);
  at = tracer->resource.data = malloc (tracer->resource.size);
  if (at == NULL)
    return false;
  at = orf_otlp_put_head (at, RESOURCE, length);
  at = orf_otlp_put_attributes (at, ATTRIBUTES, own, n_own);
  orf_otlp_put_attributes (at, ATTRIBUTES, options->resource, options->n_resource);
  return true;
}

static void
tracer_free (OrfTracer *tracer)
{
  if (tracer->wake_fd >= 0)
    close (tracer->wake_fd);
  orf_http_target_clear (&tracer->target);
  free (tracer->resource.data);
  free (tracer->queue.text.data);
  pthread_cond_destroy (&tracer->settled);
  pthread_mutex_destroy (&tracer->lock);
  free (tracer);
}

static OrfTracer *
make_tracer (const OrfTracerOptions *options)
{
  OrfTracer *tracer = calloc (1, sizeof *tracer);

  if (tracer == NULL)
    return NULL;
  orf_thread_watch_forks ();
  tracer->generation = orf_thread_get_fork_generation ();
  tracer->sample_percent = options->sample_percent == 0 ? 100 : options->sample_percent;
  tracer->period_us = options->period_us > 0 ? options->period_us : DEFAULT_PERIOD_US;
  tracer->queue_bytes = options->queue_bytes > 0 ? options->queue_bytes : DEFAULT_QUEUE_BYTES;
  tracer->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  pthread_mutex_init (&tracer->lock, NULL);
  orf_thread_init_cond (&tracer->settled);
  return tracer;
}

static const char *
find_endpoint (const OrfTracerOptions *options)
{
  const char *endpoint = options->endpoint;

  if (endpoint == NULL)
    endpoint = getenv ("OTEL_EXPORTER_OTLP_ENDPOINT");
  return endpoint != NULL && endpoint[0] != '\0' ? endpoint : DEFAULT_ENDPOINT;
}

OrfStatus
orf_tracer_new (const OrfTracerOptions *options, OrfTracer **tracer)
{
  OrfStatus status = ORF_STATUS_OK;
  OrfTracer *made;

  if (options == NULL || !is_service (options->service) || options->period_us < 0)
    return ORF_STATUS_INVALID;
  made = make_tracer (options);
  if (made == NULL)
    return ORF_STATUS_NO_MEMORY;
  if (!orf_http_target_init (&made->target, find_endpoint (options), "/v1/traces",
                             "application/x-protobuf", options->token))
    status = ORF_STATUS_INVALID;
  else if (!make_resource (made, options))
    status = ORF_STATUS_NO_MEMORY;
  else if (made->wake_fd < 0 || !orf_thread_start (&made->thread, orf_tracer_run_thread_cb, made))
    status = ORF_STATUS_FAILED;
  if (status == ORF_STATUS_OK)
    *tracer = made;
  else
    tracer_free (made);
  return status;
}

void
orf_tracer_free (OrfTracer *tracer)
{
  if (tracer == NULL || orf_tracer_is_elsewhere (tracer))
    return; /* a fork's child has no thread, and the lock may be held for ever */
  pthread_mutex_lock (&tracer->lock);
  tracer->closing = true;
  pthread_mutex_unlock (&tracer->lock);
  wake (tracer);
  pthread_join (tracer->thread, NULL);
  tracer_free (tracer);
}

OrfStatus
orf_tracer_flush (OrfTracer *tracer, int64_t timeout_us)
{
  int64_t end_us = orf_thread_now_us () + timeout_us;
  const struct timespec end = { .tv_sec = end_us / 1000000, .tv_nsec = end_us % 1000000 * 1000 };
  uint64_t target;
  bool is_settled;
  int code = 0;

  if (tracer == NULL)
    return ORF_STATUS_OK;
  if (orf_tracer_is_elsewhere (tracer))
    return ORF_STATUS_INVALID;
  pthread_mutex_lock (&tracer->lock);
  target = tracer->n_queued;
  tracer->flushing = true;
  wake (tracer);
  while (tracer->n_settled < target && code == 0)
    code = pthread_cond_timedwait (&tracer->settled, &tracer->lock, &end);
  is_settled = tracer->n_settled >= target;
  pthread_mutex_unlock (&tracer->lock);
  return is_settled ? ORF_STATUS_OK : ORF_STATUS_TIMEOUT;
}

void
orf_tracer_get_state (OrfTracer *tracer, OrfTracerState *state)
{
  *state = (OrfTracerState){ .n_ended = 0 };
  if (tracer == NULL || orf_tracer_is_elsewhere (tracer))
    return;
  pthread_mutex_lock (&tracer->lock);
  *state = tracer->state;
  pthread_mutex_unlock (&tracer->lock);
}
