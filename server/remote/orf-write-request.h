/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The body of a request of Prometheus' remote write 1.0: the message WriteRequest in protobuf,
 * packed by snappy in one block.  It is flat and only ever written, so it is written by hand. Pure.
 */
typedef struct _OrfWriteRequest OrfWriteRequest;

typedef struct {
  gint64 t_ms;
  double value;
} OrfWriteSample;

/* The labels of a series as each request has them, made once.  labels: name, value, …, NULL, sorted
 * by name, none empty. */
GBytes *orf_write_request_make_labels (char *const *labels);

OrfWriteRequest *orf_write_request_new (void);
void orf_write_request_free (OrfWriteRequest *request);
/* samples: by time, at least one. */
void orf_write_request_add (OrfWriteRequest *request,
                            GBytes *labels,
                            const OrfWriteSample *samples,
                            guint n_samples);
/* Bytes of the message so far; it is empty at 0. */
gsize orf_write_request_get_size (const OrfWriteRequest *request);
guint orf_write_request_get_n_samples (const OrfWriteRequest *request);
/* What is to be sent; the request is empty afterwards. */
GBytes *orf_write_request_pack (OrfWriteRequest *request);

/* A body that was refused as two, so that what is to blame is found by halves: its series shared
 * out, or of one series the samples.  FALSE: it is one sample, or not of ours. */
typedef struct {
  GBytes *body;
  guint n_samples;
} OrfWritePiece;
gboolean orf_write_request_split (GBytes *body, OrfWritePiece pieces[2]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWriteRequest, orf_write_request_free)

G_END_DECLS
