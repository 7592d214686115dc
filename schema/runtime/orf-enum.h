/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-desc.h"

G_BEGIN_DECLS

/* What the generated orf_<enum>_to_string() and _from_string() stand on; 0 is "unset". */
const char *orf_enum_to_string (const OrfEnumDesc *desc, int value);
int orf_enum_from_string (const OrfEnumDesc *desc, const char *text);

G_END_DECLS
