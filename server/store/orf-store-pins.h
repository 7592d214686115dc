/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"

G_BEGIN_DECLS

/* The windows that are pinned, as they were when they were loaded: those that overlap are one. */
typedef struct _OrfPins OrfPins;

/* from_us <= t_us < to_us */
typedef struct {
  gint64 from_us, to_us;
} OrfPinnedWindow;

OrfPins *orf_pins_load (OrfConnection *connection, GError **error);
void orf_pins_free (OrfPins *pins);
/* The first window that shares time with from_us <= t_us < to_us; FALSE: none. */
gboolean orf_pins_find (const OrfPins *pins, gint64 from_us, gint64 to_us, OrfPinnedWindow *window);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfPins, orf_pins_free)

G_END_DECLS
