/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The frame of Jaeger's answers: {"data":…,"total":…,"limit":0,"offset":0,"errors":…}. */

/* What is appended next is its data. */
GString *orf_jaeger_answer_begin (void);
/* total: how many there are, where Jaeger says it, else 0; errors: JSON, NULL: none. */
void orf_jaeger_answer_end (GString *answer, guint total, const char *errors);
/* status: of HTTP, told in the answer too. */
GString *orf_jaeger_answer_error (int status, const GError *error);

G_END_DECLS
