/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postmortem/orf-postmortem-facts.h"
#include "store/orf-connection.h"

G_BEGIN_DECLS

/* The cache's hit rate, and which nodes were away: into the document's section, in a reader's
 * thread. */
gboolean
orf_postmortem_cache_read (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error);

G_END_DECLS
