/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-anomalies.h"

G_BEGIN_DECLS

/*
 * The way of anomalies to the file: what is told of one is told when it is there.  What a full disk
 * refuses waits for the next write; of each anomaly the newest row is enough.  Main context.
 */
typedef struct _OrfAnomalyWriter OrfAnomalyWriter;

/* It is in the file. */
typedef void (*OrfAnomalyTold) (gpointer user_data, const OrfAnomalyRecord *row);

OrfAnomalyWriter *orf_anomaly_writer_new (OrfStore *store, OrfAnomalyTold told, gpointer user_data);
/* After the store is closed. */
void orf_anomaly_writer_free (OrfAnomalyWriter *writer);

/* Takes row.  told: it is to be told, and not only kept. */
void orf_anomaly_writer_add (OrfAnomalyWriter *writer, OrfAnomalyRecord *row, gboolean told);
typedef struct {
  gint64 before_us, max_rows; /* as OrfAnomalyChange has them */
} OrfAnomalyLimits;
/* With each frame: writes what waits.  states (OrfAnomalyStateRow, taken) are written with it, and
 * lost where nothing can be written: they will be saved again. */
void orf_anomaly_writer_write (OrfAnomalyWriter *writer,
                               GPtrArray *states,
                               const OrfAnomalyLimits *limits);
/* The last of all: nobody is told any more. */
void orf_anomaly_writer_finish (OrfAnomalyWriter *writer,
                                GPtrArray *states,
                                const OrfAnomalyLimits *limits);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyWriter, orf_anomaly_writer_free)

G_END_DECLS
