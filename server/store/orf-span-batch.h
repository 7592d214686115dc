/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-schema-types.h" /* generated: OrfSpanKind, OrfSpanOutcome */

G_BEGIN_DECLS

#define ORF_TRACE_ID_BYTES 16
#define ORF_SPAN_ID_BYTES  8
/* Longer names of services and operations are cut: callers name them in no more. */
#define ORF_SPAN_NAME_BYTES 200

/*
 * Spans on their way to the file.  A plain value: built in one context, given to the store, freed
 * there.  All text is in one buffer, and named by where it begins there; 0: there is none.
 */
typedef struct {
  guint8 trace_id[ORF_TRACE_ID_BYTES];
  guint8 span_id[ORF_SPAN_ID_BYTES];
  guint8 parent_id[ORF_SPAN_ID_BYTES];
  gboolean has_parent, has_flags;
  OrfSpanKind kind;
  OrfSpanOutcome outcome; /* …_UNSET: unset */
  gint64 start_us, duration_us;
  guint operation; /* of the batch's */
  guint source;    /* of the batch's, and 1; 0: none */
  guint32 flags;
  guint32 message, attributes, events, links, trace_state, dropped; /* text */
  guint gpu; /* of the batch's marks, and 1; 0: none.  Set by the store */
} OrfSpan;

typedef struct {
  guint32 service, name; /* text */
} OrfSpanOperation;

/* What a span carries of devices (orf-span-states.h), and the same in numbers, to be counted. */
typedef struct {
  guint32 text; /* JSON */
  guint first, n_devices;
} OrfSpanMark;

/* Of a device whose memory was known at the start and at the end. */
typedef struct {
  guint32 device; /* text */
  gint64 start_bytes, end_bytes;
  gboolean high;       /* its pressure was, or critical, at one of both */
  double busy_percent; /* the mean of both; NAN: not known */
} OrfMarkedDevice;

/* Resource and scope, as JSON; scope may be none. */
typedef struct {
  guint32 resource, scope;
  guint8 digest[16];
} OrfSpanSource;

typedef struct {
  GArray *spans;      /* OrfSpan */
  GArray *operations; /* OrfSpanOperation, each once */
  GArray *sources;    /* OrfSpanSource, each once */
  GArray *marks;      /* OrfSpanMark */
  GArray *devices;    /* OrfMarkedDevice, of one mark side by side */
  GString *text;
  GHashTable *known; /* what was interned -> its number */
  GString *key;      /* while something is */
} OrfSpanBatch;

OrfSpanBatch *orf_span_batch_new (void);
void orf_span_batch_free (OrfSpanBatch *batch);

/* How many bytes of text are a name of at most ORF_SPAN_NAME_BYTES, in whole characters. */
gsize orf_span_batch_cut_name (const char *text, gsize length);
/* Where the text begins that is copied; length -1: up to its end. */
guint32 orf_span_batch_add_text (OrfSpanBatch *batch, const char *text, gssize length);
const char *orf_span_batch_get_text (const OrfSpanBatch *batch, guint32 at); /* NULL: none */
/* NULL: it has none. */
const OrfSpanMark *orf_span_batch_get_mark (const OrfSpanBatch *batch, const OrfSpan *span);
/* For OrfSpan.operation and .source. */
guint orf_span_batch_add_operation (OrfSpanBatch *batch, const char *service, const char *name);
guint orf_span_batch_add_source (OrfSpanBatch *batch, const char *resource, const char *scope);
/* How long a span was, in bits: 0 of 0 µs. */
guint orf_span_get_length_class (gint64 duration_us);
/* What malloc holds for it. */
gsize orf_span_batch_measure (const OrfSpanBatch *batch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSpanBatch, orf_span_batch_free)

G_END_DECLS
