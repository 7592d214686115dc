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

G_END_DECLS
