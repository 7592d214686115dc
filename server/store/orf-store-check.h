/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-cancel.h"
#include "store/orf-connection.h"

G_BEGIN_DECLS

/* integrity_check, and what only we know: raw_block covers sample_raw, each sample has a series,
 * and what orf-check-tiers.h says.  Reads the whole file, in the caller's transaction; the
 * connection's watch stops it. NULL-terminated, at most some hundred lines; empty: sound. */
char **orf_store_check_run (OrfConnection *connection, GError **error);

G_END_DECLS
