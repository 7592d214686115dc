/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"

G_BEGIN_DECLS

/* Raises RLIMIT_NOFILE to what is allowed, and lowers [listen] and [socket] max_connections to what
 * that leaves beside the file, the probes and the connections' own needs.  Says so when it had to.
 */
void orf_descriptors_provide (OrfConfig *config);

G_END_DECLS
