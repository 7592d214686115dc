/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A span while it is open.  What it has but its ids and times is written into `fields` as it comes,
 * in the form in which it is sent; when it ends it is copied into the tracer's queue, and is gone.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "orf-tracer-parts.h"

/* What a span of some attributes needs, so that it is one block of memory. */
#define INLINE_BYTES 512
/* Beyond this attributes, events and links are left out. */
#define MAX_FIELD_BYTES 65536
#define MAX_NAME_BYTES  1024
#define LOOK_NS         100000000
/* The flags' bits behind those of W3C: whether the parent is in another process is known; it is. */
#define FLAG_HAS_IS_REMOTE 0x100u
#define FLAG_IS_REMOTE     0x200u

struct OrfSpan {
  OrfTracer *tracer;
  OrfSpan *outer; /* the thread's current one before; NULL: none, or detached */
  OrfTraceContext context;
  uint8_t parent_id[8];
  bool has_parent, is_remote, is_current, is_recorded;
  OrfSpanKind kind;
  uint32_t n_dropped;
  int64_t start_ns;      /* Unix time */
  int64_t started_at_ns; /* monotonic */
  char *state;           /* NULL: none */
  uint8_t *large;        /* fields, where there are too many; NULL: they are in `small` */
  OrfOtlpText fields;
  uint8_t small[INLINE_BYTES];
};

/* ---- this thread's --------------------------------------------------------------------------- */

static __thread OrfSpan *current;

OrfSpan *
orf_span_get_current (void)
{
  return current;
}

static __thread struct {
  uint64_t state[4];
  unsigned generation; /* of forks, and 1; 0: not seeded */
} generator;

/* xoshiro256** 1.0 (Blackman and Vigna): 2 ns, where the kernel takes 300. */
static uint64_t
rotate (uint64_t x, int n)
{
  return x << n | x >> (64 - n);
}

uint64_t
orf_span_random (void)
{
  uint64_t *s = generator.state;
  uint64_t result, t;

  if (generator.generation != orf_thread_get_fork_generation () + 1) {
    generator.generation = orf_thread_get_fork_generation () + 1;
    if (getrandom (s, sizeof generator.state, 0) != sizeof generator.state) {
      s[0] = (uint64_t) orf_thread_now_us () ^ (uint64_t) getpid () << 40;
      s[1] = (uint64_t) (uintptr_t) s;
    }
  }
  result = rotate (s[1] * 5, 7) * 9;
  t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate (s[3], 45);
  return result;
}

/* Never all 0. */
static void
make_id (uint8_t *id, size_t length)
{
  for (size_t i = 0; i < length; i += sizeof (uint64_t)) {
    uint64_t bits = orf_span_random () | 1;

    memcpy (id + i, &bits, sizeof bits);
  }
}

static int64_t
get_ns (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Unix time of a monotonic one.  How far apart the clocks are is looked at ten times a second: a
 * look costs as much as all the rest of a span. */
static int64_t
to_unix_ns (int64_t monotonic_ns)
{
  static __thread int64_t apart_ns, looked_ns;

  if (looked_ns == 0 || monotonic_ns - looked_ns > LOOK_NS) {
    apart_ns = get_ns (CLOCK_REALTIME) - get_ns (CLOCK_MONOTONIC);
    looked_ns = monotonic_ns;
  }
  return monotonic_ns + apart_ns;
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* Where size bytes are to be written; NULL: there is no room. */
static uint8_t *
reserve (OrfSpan *span, size_t size)
{
  OrfOtlpText *fields = &span->fields;

  if (size > MAX_FIELD_BYTES || fields->length + size > MAX_FIELD_BYTES)
    return NULL;
  if (fields->length + size > fields->size) {
    size_t larger = 2 * (fields->length + size);
    uint8_t *data = realloc (span->large, larger);

    if (data == NULL)
      return NULL;
    if (span->large == NULL)
      memcpy (data, span->small, fields->length);
    span->large = fields->data = data;
    fields->size = larger;
  }
  fields->length += size;
  return fields->data + fields->length - size;
}

static void
add_attribute (OrfSpan *span, const OrfAttribute *attribute)
{
  OrfOtlpPair pair;
  uint8_t *at;

  if (span == NULL || !span->is_recorded || attribute->key == NULL)
    return;
  at = reserve (span, orf_otlp_measure_attribute (attribute, &pair));
  if (at != NULL)
    orf_otlp_put_attribute (at, ORF_OTLP_SPAN_ATTRIBUTES, &pair);
  else
    span->n_dropped++;
}

void
orf_span_set_text (OrfSpan *span, const char *key, const char *text)
{
  add_attribute (span, &(OrfAttribute) ORF_TEXT (key, text));
}

void
orf_span_set_int (OrfSpan *span, const char *key, int64_t integer)
{
  add_attribute (span, &(OrfAttribute) ORF_INT (key, integer));
}

void
orf_span_set_double (OrfSpan *span, const char *key, double real)
{
  add_attribute (span, &(OrfAttribute) ORF_DOUBLE (key, real));
}

void
orf_span_set_bool (OrfSpan *span, const char *key, bool truth)
{
  add_attribute (span, &(OrfAttribute) ORF_BOOL (key, truth));
}

void
orf_span_add_event (OrfSpan *span,
                    const char *name,
                    const OrfAttribute *attributes,
                    size_t n_attributes)
{
  enum { TIME = 1, NAME = 2, ATTRIBUTES = 3 };
  size_t name_bytes, length;
  uint8_t *at;

  if (span == NULL || !span->is_recorded)
    return;
  name_bytes = orf_otlp_measure_text (name, MAX_NAME_BYTES);
  length = 1 + sizeof (uint64_t) + orf_otlp_measure_field (name_bytes) +
           orf_otlp_measure_attributes (attributes, n_attributes);
  at = reserve (span, orf_otlp_measure_field (length));
  if (at == NULL) {
    span->n_dropped++;
    return;
  }
  at = orf_otlp_put_head (at, ORF_OTLP_SPAN_EVENTS, length);
  at = orf_otlp_put_fixed64 (at, TIME, (uint64_t) to_unix_ns (get_ns (CLOCK_MONOTONIC)));
  at = orf_otlp_put_text (at, NAME, name, name_bytes);
  orf_otlp_put_attributes (at, ATTRIBUTES, attributes, n_attributes);
}

void
orf_span_add_link (OrfSpan *span, const char *traceparent)
{
  enum { TRACE_ID = 1, SPAN_ID = 2, FLAGS = 6 };
  OrfTraceContext context;
  const size_t length = 2 + sizeof context.trace_id + 2 + sizeof context.span_id + 1 + 4;
  uint8_t *at;

  if (span == NULL || !span->is_recorded || !orf_trace_context_parse (traceparent, &context))
    return;
  at = reserve (span, orf_otlp_measure_field (length));
  if (at == NULL) {
    span->n_dropped++;
    return;
  }
  at = orf_otlp_put_head (at, ORF_OTLP_SPAN_LINKS, length);
  at = orf_otlp_put_bytes (at, TRACE_ID, context.trace_id, sizeof context.trace_id);
  at = orf_otlp_put_bytes (at, SPAN_ID, context.span_id, sizeof context.span_id);
  orf_otlp_put_fixed32 (at, FLAGS, context.flags);
}

void
orf_span_set_status (OrfSpan *span, OrfSpanStatus status, const char *message)
{
  enum { MESSAGE = 2, CODE = 3 };
  size_t message_bytes = message != NULL ? orf_otlp_measure_text (message, MAX_NAME_BYTES) : 0;
  size_t length = 2 + (message_bytes > 0 ? orf_otlp_measure_field (message_bytes) : 0);
  uint8_t *at;

  if (span == NULL || !span->is_recorded ||
      (at = reserve (span, orf_otlp_measure_field (length))) == NULL)
    return;
  at = orf_otlp_put_head (at, ORF_OTLP_SPAN_STATUS, length);
  if (message_bytes > 0)
    at = orf_otlp_put_text (at, MESSAGE, message, message_bytes);
  orf_otlp_put_number (at, CODE, status);
}

static bool
put_own_text (OrfSpan *span, unsigned field, const char *text, size_t max_bytes)
{
  size_t length = orf_otlp_measure_text (text, max_bytes);
  uint8_t *at = reserve (span, orf_otlp_measure_field (length));

  if (at != NULL)
    orf_otlp_put_text (at, field, text, length);
  return at != NULL;
}

/* ---- begin ----------------------------------------------------------------------------------- */

static void
begin_trace (OrfSpan *span, double sample_percent)
{
  bool is_sampled = sample_percent >= 100 ||
                    (double) (orf_span_random () >> 11) * 0x1p-53 * 100 < sample_percent;

  make_id (span->context.trace_id, sizeof span->context.trace_id);
  span->context.flags = (uint8_t) (ORF_TRACE_FLAG_RANDOM |
                                   (is_sampled ? ORF_TRACE_FLAG_SAMPLED : 0));
}

/* The trace goes on from context. */
static void
join_trace (OrfSpan *span, const OrfTraceContext *context, const char *state)
{
  span->context = *context;
  memcpy (span->parent_id, context->span_id, sizeof span->parent_id);
  span->has_parent = true;
  span->state = state != NULL && state[0] != '\0' ? strdup (state) : NULL;
}

static void
find_parent (OrfSpan *span, const OrfSpanOptions *options)
{
  const OrfSpan *parent = options->parent != NULL ? options->parent : current;
  char state[ORF_TRACE_STATE_CHARS + 1];
  OrfTraceContext remote;

  if (options->is_root) {
    begin_trace (span, span->tracer->sample_percent);
  } else if (options->parent == NULL && orf_trace_context_parse (options->traceparent, &remote)) {
    orf_trace_state_clean (options->tracestate, state);
    join_trace (span, &remote, state);
    span->is_remote = true;
  } else if (parent != NULL) {
    join_trace (span, &parent->context, parent->state);
  } else {
    begin_trace (span, span->tracer->sample_percent);
  }
  make_id (span->context.span_id, sizeof span->context.span_id);
  span->is_recorded = (span->context.flags & ORF_TRACE_FLAG_SAMPLED) != 0;
}

static void
span_free (OrfSpan *span)
{
  free (span->state);
  free (span->large);
  free (span);
}

/* It ends by the monotonic clock, whenever it began. */
static void
set_start (OrfSpan *span, int64_t start_us)
{
  span->started_at_ns = get_ns (CLOCK_MONOTONIC);
  span->start_ns = to_unix_ns (span->started_at_ns);
  if (start_us > 0) {
    span->started_at_ns -= span->start_ns - start_us * 1000;
    span->start_ns = start_us * 1000;
  }
}

OrfSpan *
orf_span_begin (OrfTracer *tracer, const char *name, const OrfSpanOptions *options)
{
  static const OrfSpanOptions none = { .start_us = 0 };
  OrfSpan *span;

  if (tracer == NULL || orf_tracer_is_elsewhere (tracer) || (span = malloc (sizeof *span)) == NULL)
    return NULL;
  if (options == NULL)
    options = &none;
  memset (span, 0, offsetof (OrfSpan, small));
  span->tracer = tracer;
  span->fields = (OrfOtlpText){ span->small, 0, sizeof span->small };
  span->kind = options->kind != ORF_SPAN_KIND_UNSET ? options->kind : ORF_SPAN_KIND_INTERNAL;
  find_parent (span, options);
  if (span->is_recorded) {
    set_start (span, options->start_us);
    put_own_text (span, ORF_OTLP_SPAN_NAME, name != NULL ? name : "", MAX_NAME_BYTES);
    if (span->state != NULL)
      put_own_text (span, ORF_OTLP_SPAN_TRACE_STATE, span->state, ORF_TRACE_STATE_CHARS);
  }
  if (!options->is_detached) {
    span->is_current = true;
    span->outer = current;
    current = span;
  }
  return span;
}

/* ---- end ------------------------------------------------------------------------------------- */

/* Of what is not in `fields`: two ids, the parent's, kind, two times, a count, flags. */
#define MAX_FIXED_BYTES (18 + 10 + 10 + 2 + 9 + 9 + 6 + 6)

static int64_t
get_end_ns (const OrfSpan *span)
{
  return span->start_ns + (get_ns (CLOCK_MONOTONIC) - span->started_at_ns);
}

static uint8_t *
put_fixed_fields (uint8_t *at, const OrfSpan *span)
{
  uint32_t flags = span->context.flags | FLAG_HAS_IS_REMOTE |
                   (span->is_remote ? FLAG_IS_REMOTE : 0);

  at = orf_otlp_put_bytes (at, ORF_OTLP_SPAN_TRACE_ID, span->context.trace_id,
                           sizeof span->context.trace_id);
  at = orf_otlp_put_bytes (at, ORF_OTLP_SPAN_SPAN_ID, span->context.span_id,
                           sizeof span->context.span_id);
  if (span->has_parent)
    at = orf_otlp_put_bytes (at, ORF_OTLP_SPAN_PARENT_ID, span->parent_id, sizeof span->parent_id);
  at = orf_otlp_put_number (at, ORF_OTLP_SPAN_KIND, span->kind);
  at = orf_otlp_put_fixed64 (at, ORF_OTLP_SPAN_START, (uint64_t) span->start_ns);
  at = orf_otlp_put_fixed64 (at, ORF_OTLP_SPAN_END, (uint64_t) get_end_ns (span));
  if (span->n_dropped > 0)
    at = orf_otlp_put_number (at, ORF_OTLP_SPAN_DROPPED_ATTRIBUTES, span->n_dropped);
  return orf_otlp_put_fixed32 (at, ORF_OTLP_SPAN_FLAGS, flags);
}

/* Takes it out of the thread's spans, wherever it stands there. */
static void
leave_thread (OrfSpan *span)
{
  OrfSpan **link = &current;

  while (*link != NULL && *link != span)
    link = &(*link)->outer;
  if (*link == span)
    *link = span->outer;
}

void
orf_span_end (OrfSpan *span)
{
  uint8_t fixed[MAX_FIXED_BYTES];

  if (span == NULL)
    return;
  if (span->is_current)
    leave_thread (span);
  if (span->is_recorded && !orf_tracer_is_elsewhere (span->tracer)) {
    size_t length = (size_t) (put_fixed_fields (fixed, span) - fixed);

    orf_tracer_add (span->tracer, fixed, length, &span->fields);
  }
  span_free (span);
}

/* ---- context --------------------------------------------------------------------------------- */

bool
orf_span_get_traceparent (const OrfSpan *span, char text[ORF_TRACEPARENT_SIZE])
{
  text[0] = '\0';
  if (span == NULL)
    return false;
  orf_trace_context_format (&span->context, text);
  return true;
}

const char *
orf_span_get_tracestate (const OrfSpan *span)
{
  return span != NULL ? span->state : NULL;
}
