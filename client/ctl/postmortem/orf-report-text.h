/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl.h"
#include "orf-value.h"

G_BEGIN_DECLS

/* The short form of a post-mortem document, for a terminal: its summary, the culprit, the first of
 * what happened, and what changed most.  Times are UTC, as in the document's sentences. */
void orf_report_text_append (const OrfCtl *ctl, json_t *document, GString *out);

G_END_DECLS
