/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postmortem/orf-postmortem-facts.h"

G_BEGIN_DECLS

/* The five sentences, into the document, when all else is there: what happened, who is to blame,
 * what changed most, what those noticed who were served, and how it ended and what is known of it.
 * Pure. */
void orf_postmortem_summary_write (OrfPostmortemFacts *facts);
/* "2.0 h to 2026-11-22T12:00:00Z", for where there is no incident.  To be freed. */
char *orf_postmortem_summary_make_title (const OrfPostmortemWindow *window);

G_END_DECLS
