/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-registry.h"
#include "metrics/orf-selector.h"

G_BEGIN_DECLS

/*
 * The active series that selectors mean now, looked up again only when some came or went.
 */
typedef struct _OrfLiveSet OrfLiveSet;

/* selectors: OrfSelector, taken with its free function; a series that several mean is there once.
 * max: those beyond it, by canonical text, are left out. */
OrfLiveSet *orf_live_set_new (OrfRegistry *registry, GPtrArray *selectors, guint max);
void orf_live_set_free (OrfLiveSet *set);
/* OrfSeries, by canonical text; until the next turn of the loop. */
const GPtrArray *orf_live_set_get (OrfLiveSet *set);
/* INVALID_ARGUMENT when a selector's regular expression took too long on some series, which was
 * then left out; NULL otherwise. */
const GError *orf_live_set_get_error (const OrfLiveSet *set);
/* Series that were left out by max. */
guint orf_live_set_get_n_left_out (const OrfLiveSet *set);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLiveSet, orf_live_set_free)

G_END_DECLS
