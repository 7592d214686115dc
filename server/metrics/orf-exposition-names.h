/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-exposition-format.h"
#include "metrics/orf-prometheus-claims.h"
#include "metrics/orf-registry.h"

G_BEGIN_DECLS

/*
 * What families are called and how they are introduced, kept from one plan to the next: of 20,000
 * names that is most of the work.  Main context; the thread that writes a page reads the heads, so
 * nothing is changed meanwhile.
 */
typedef struct _OrfExpositionNames OrfExpositionNames;

typedef struct {
  char *name;                            /* without _total */
  char *heads[ORF_EXPOSITION_N_FORMATS]; /* HELP, TYPE, UNIT */
  OrfSeriesKind kind;
  double multiply, divide; /* a value is told as value * multiply / divide */
} OrfExposedName;

OrfExpositionNames *orf_exposition_names_new (void);
void orf_exposition_names_free (OrfExpositionNames *names);
gsize orf_exposition_names_get_size_bytes (const OrfExpositionNames *names);

/* A built-in metric's. */
const OrfExposedName *orf_exposition_names_get_export (OrfExpositionNames *names,
                                                       const OrfMetricExport *export,
                                                       OrfSeriesKind kind);
/* A recorded one's, by the rules; its name is taken from claims. */
const OrfExposedName *orf_exposition_names_get (OrfExpositionNames *names,
                                                const OrfFamily *family,
                                                OrfPrometheusClaims *claims);
/* Forgets what was not asked for since the last time. */
void orf_exposition_names_end_round (OrfExpositionNames *names);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfExpositionNames, orf_exposition_names_free)

G_END_DECLS
