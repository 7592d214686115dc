/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* XXH64 (Yann Collet's specification), the same on every machine. */
guint64 orf_xxh64 (const guint8 *data, gsize length, guint64 seed);

G_END_DECLS
