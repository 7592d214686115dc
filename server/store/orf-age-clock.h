/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The time by which ages are judged: the clock's, unless that jumped ahead, since then all would be
 * too old at once.  A jump is believed when it has lasted a day.  The writer has the one there is;
 * the main context asks orf_store_get_age_now_us(). */
typedef struct {
  gint64 offset_us; /* of the clock that is believed from the time since boot */
  gint64 since_us;  /* boot time at which the jump was seen; 0: there is none */
} OrfAgeClock;

/* Microseconds since boot, those while the machine was suspended too. */
gint64 orf_age_clock_get_boot_us (void);
/* Believes now_us. */
void orf_age_clock_init (OrfAgeClock *clock, gint64 now_us, gint64 boot_us);
/* *jumped_us: by how much the clock has jumped ahead since the last call; 0: it has not. */
gint64 orf_age_clock_tell (OrfAgeClock *clock, gint64 now_us, gint64 boot_us, gint64 *jumped_us);

G_END_DECLS
