/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postmortem/orf-postmortem-facts.h"
#include "store/orf-connection.h"

G_BEGIN_DECLS

/* What changed most against the same length before: all series that had samples are compared, in a
 * reader's thread, and those that moved are ranked into the document's section. */
gboolean
orf_postmortem_changes_read (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error);

G_END_DECLS
