/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store.h"

G_BEGIN_DECLS

/*
 * Keeps packing going, from the main context: a thread with a connection of its own makes a step,
 * the writer writes it in the bulk lane, and so on, one at a time.
 */
typedef struct _OrfStorePacking OrfStorePacking;

OrfStorePacking *orf_store_packing_start (OrfStore *store, GError **error);
/* Why packing does not go on; NULL: it does. */
const char *orf_store_packing_get_fault (OrfStorePacking *packing);
/* No further step; what is under way arrives while the store drains. */
void orf_store_packing_stop (OrfStorePacking *packing);
/* After stop, once nothing is in flight. */
void orf_store_packing_free (OrfStorePacking *packing);

G_END_DECLS
