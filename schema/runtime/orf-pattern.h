/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Patterns of keys, as cache.invalidate takes them and cache.watch tells them: * stands for any
 * bytes, ? for one, all else for itself.  Without GLib: for the daemon and for liborfeas. */
bool orf_pattern_match (const char *pattern, const char *text, size_t length);
