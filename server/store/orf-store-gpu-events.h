/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* The table `gpu_event`, on the caller's connection and in its transaction. */

/* 0: there is none, or the file is older than the table. */
gboolean orf_gpu_events_get_max_id (OrfConnection *connection, gint64 *max_id, GError **error);

G_END_DECLS
