/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"
#include "postmortem/orf-postmortem-facts.h"
#include "store/orf-connection.h"

G_BEGIN_DECLS

/* What the hours of the window cost, and who: into the document's section, in a reader's thread.
 * currency: of the config. */
gboolean orf_postmortem_cost_read (OrfPostmortemFacts *facts,
                                   OrfConnection *connection,
                                   const char *currency,
                                   GError **error);

G_END_DECLS
