/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "probe/orf-opencl.h"

G_BEGIN_DECLS

/*
 * What OpenCL knows, asked by a child process that loads the drivers in a cage of its own, tells,
 * and ends; nothing of them stays here.  OrfOpenclFacts, at least one.  What kills the child (a
 * driver that crashes) kills this process alike, so that the daemon sees what happened.
 */
GArray *orf_opencl_scout (char **argv, GError **error);

G_END_DECLS
