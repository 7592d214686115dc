/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postmortem/orf-postmortem-facts.h"

G_BEGIN_DECLS

/* Where data is missing, into the document's section: from what was read of the daemon's own
 * samples, of devices, and of its beginnings and ends.  Pure. */
void orf_postmortem_gaps_find (OrfPostmortemFacts *facts);

G_END_DECLS
