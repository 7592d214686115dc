/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-queue.h"
#include "metrics/orf-exemplars.h"
#include "metrics/orf-exposition-sheet.h"

G_BEGIN_DECLS

/*
 * A page on its way through the thread that writes it, which owns all of this meanwhile.
 */
typedef struct {
  OrfJob base;
  OrfExpositionSheet *sheet;
  GArray *values; /* double; NULL: the text is there, and only to be packed */
  OrfExpositionFormat format;
  GArray *exemplars; /* OrfExemplar; NULL: none */
  GString *extra;    /* where values are: what else stands on the page */
  GString *text;
  gboolean packs;
  char *gzip; /* NULL: not packed */
  gsize gzip_length;
  gpointer user_data; /* of who submitted it; not looked at by the thread */
} OrfExpositionJob;

/* done is for the caller to set; base.reply too. */
OrfExpositionJob *orf_exposition_job_new (void);
void orf_exposition_job_free (OrfExpositionJob *job);

G_END_DECLS
