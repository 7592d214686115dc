/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What the daemon says of a call of liborfeas': NULL where it takes it, or why it does not.  Apart,
 * for liborfeas and the schema each have a header with the same names. */
char *fuzz_daemon_refuse (const char *line);
