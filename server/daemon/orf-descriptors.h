/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"

G_BEGIN_DECLS

/* Raises RLIMIT_NOFILE to what is allowed, and fits config to it.  Says so when that changed it. */
void orf_descriptors_provide (OrfConfig *config);
/* Lowers [listen] and [socket] max_connections to what RLIMIT_NOFILE leaves beside the file, the
 * probes and the connections' own needs.  FALSE: it had to. */
gboolean orf_descriptors_fit (OrfConfig *config);

G_END_DECLS
