/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How malloc is to hold what a process of days gives back to it.  Before the first thread. */
void orf_heap_configure (void);

G_END_DECLS
