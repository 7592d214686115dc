/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postmortem/orf-postmortem-facts.h"

G_BEGIN_DECLS

/* What to run on the file to see what a section shows, with the window's times: into each section.
 */
void orf_postmortem_sql_write (OrfPostmortemDocument *document);

G_END_DECLS
