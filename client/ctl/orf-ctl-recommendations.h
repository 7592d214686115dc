/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-terminal.h"
#include "orf-schema-types.h"

G_BEGIN_DECLS

/* What is to be done, with the figures it rests on and the command that acts on it.
 * recommendations: OrfGpuRecommendation. */
void orf_ctl_append_recommendations (const OrfCtlTerminal *terminal,
                                     GString *out,
                                     const GPtrArray *recommendations);
/* For a pipe: a line a recommendation. */
void orf_ctl_append_plain_recommendations (const OrfCtlTerminal *terminal,
                                           GString *out,
                                           const GPtrArray *recommendations);

/* Text as wide as the terminal, at most 100; each line is indented. */
void orf_ctl_append_wrapped (const OrfCtlTerminal *terminal,
                             GString *out,
                             guint indent,
                             const char *text);

G_END_DECLS
