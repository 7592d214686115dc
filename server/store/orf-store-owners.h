/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* Who had memory of a device, as `gpu_process` and `worker` know it: the last of each. */
typedef struct {
  gint64 pid;
  char *name;        /* may be NULL */
  gint64 used_bytes; /* -1: unknown */
  gint64 t_us;       /* when it was seen, or was lost */
  char *worker;      /* its id; NULL: it is known as a process only */
} OrfOwnerRow;

void orf_owner_row_free (OrfOwnerRow *row);

/* rows: OrfOwnerRow, the latest first; NULL on error. */
void orf_store_read_owners (
  OrfStore *store, const char *device, OrfCancel *cancel, OrfRowsDone done, gpointer user_data);

G_END_DECLS
