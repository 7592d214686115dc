/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "history/orf-pack-step.h"
#include "store/orf-connection.h"

G_BEGIN_DECLS

/* Writes all of the step, in the caller's transaction. */
gboolean orf_pack_apply (OrfConnection *connection, const OrfPackStep *step, GError **error);

G_END_DECLS
