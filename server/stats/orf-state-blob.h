/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A state without pointers as it is in memory, behind a head that tells what it is, the version of
 * its layout and its sum (FNV-1a): it is for the same build's byte order, and damage is seen. */

GBytes *orf_state_blob_pack (guint32 magic, guint32 version, gconstpointer state, gsize length);
/* A copy, to be freed; NULL: not such a blob, or a damaged one.  Whether what is in it makes sense
 * is the caller's to say. */
gpointer orf_state_blob_unpack (guint32 magic, guint32 version, GBytes *blob, gsize *length);

/* Such times, and steps, neither differ by nor are multiplied to more than 64 bits hold. */
#define ORF_STATE_MAX_TIME_US (G_GINT64_CONSTANT (1) << 53)
static inline gboolean
orf_state_is_time (gint64 t_us)
{
  return t_us >= -ORF_STATE_MAX_TIME_US && t_us <= ORF_STATE_MAX_TIME_US;
}
static inline gboolean
orf_state_is_step (gint64 step_us)
{
  return step_us > 0 && step_us <= ORF_STATE_MAX_TIME_US;
}

G_END_DECLS
