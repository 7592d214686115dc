/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-json.h"

G_BEGIN_DECLS

/* What the audit keeps of a call's parameters (an object, or NULL): JSON of at most 4 KiB, long
 * strings and lists cut, and nothing of what is named like a secret. */
char *orf_call_detail_new (json_t *params);

G_END_DECLS
