/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-memory.h"
#include "metrics/orf-exemplars.h"
#include "metrics/orf-exposition-format.h"
#include "metrics/orf-registry.h"

G_BEGIN_DECLS

/*
 * What GET /metrics answers: the newest value of every active series, in the text of Prometheus,
 * written and packed by a thread of its own.  Main context.
 */
typedef struct _OrfExposition OrfExposition;

/* Both outlive it; memory may be NULL.  What it holds counts as the registry's: it grows with the
 * series. */
OrfExposition *orf_exposition_new (OrfRegistry *registry, OrfMemory *memory, GError **error);
/* What else stands on the page, whole families that no series has: appends to out.  Asked in the
 * main context, each time that a page is made; it has to outlive the exposition. */
typedef void (*OrfExpositionExtra) (gpointer user_data, OrfExpositionFormat format, GString *out);
void
orf_exposition_set_extra (OrfExposition *exposition, OrfExpositionExtra extra, gpointer user_data);
/* Who has exemplars of built-in counters, for OpenMetrics; the same holds. */
void
orf_exposition_set_exemplars (OrfExposition *exposition, OrfExemplarFunc func, gpointer user_data);
/* Who still waits is told NULL. */
void orf_exposition_free (OrfExposition *exposition);

typedef struct {
  const char *text;
  gsize length;
  const char *gzip; /* NULL: nobody asked for it */
  gsize gzip_length;
  const char *content_type;
} OrfExpositionPage;
/* page: valid during the call; NULL: the exposition goes. */
typedef void (*OrfExpositionDone) (gpointer user_data, const OrfExpositionPage *page);

/* As of now, or as it was less than twenty times as long ago as making it took; at once where that
 * is so, else when it is made. */
void orf_exposition_get (OrfExposition *exposition,
                         OrfExpositionFormat format,
                         gboolean packed,
                         OrfExpositionDone done,
                         gpointer user_data);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfExposition, orf_exposition_free)

G_END_DECLS
