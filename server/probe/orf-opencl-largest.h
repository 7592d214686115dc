/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "probe/orf-opencl.h"

G_BEGIN_DECLS

/* The largest block that the device gives, up to max_bytes, found by asking for it: allocated,
 * written from end to end, and let go, in halving steps.  It makes a context, which takes memory by
 * itself. UNAVAILABLE: the library has no such functions, or makes no context. */
gboolean orf_opencl_measure_largest (
  OrfOpencl *opencl, guint index, gint64 max_bytes, gint64 *largest_bytes, GError **error);

G_END_DECLS
