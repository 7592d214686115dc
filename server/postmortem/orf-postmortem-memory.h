/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postmortem/orf-postmortem-facts.h"
#include "store/orf-connection.h"

G_BEGIN_DECLS

/* Devices, who held their memory when it was fullest, who leaked and who ran out of it: into the
 * document's section, in a reader's thread. */
gboolean
orf_postmortem_memory_read (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error);

G_END_DECLS
