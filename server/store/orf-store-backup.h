/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-queue.h"
#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* A backup under way.  Everything below `user_data` is the writer's. */
typedef struct {
  OrfJob base;
  OrfStore *store; /* looked at in the main context only */
  char *dest;
  OrfCancel *cancel;
  OrfBackupDone done;
  gpointer user_data;

  char *temp; /* beside dest */
  sqlite3 *db;
  sqlite3_backup *backup;
  gint64 started_us; /* monotonic */
  gint64 size_bytes;
  gint64 took_us;
  GError *error;
} OrfBackupJob;

OrfBackupJob *orf_backup_job_new (OrfStore *store, const char *dest, OrfCancel *cancel);
void orf_backup_job_free (OrfBackupJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfBackupJob, orf_backup_job_free)
gboolean
orf_backup_begin (OrfBackupJob *job, OrfConnection *source, gint64 min_free_bytes, GError **error);
/* Copies until monotonic deadline_us; *finished: dest is there, complete and synced.  After an
 * error nothing of it is left. */
gboolean
orf_backup_step (OrfBackupJob *job, gint64 deadline_us, gboolean *finished, GError **error);
void orf_backup_abort (OrfBackupJob *job);

G_END_DECLS
