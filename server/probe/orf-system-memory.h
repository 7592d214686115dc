/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * How much memory the machine, or the cgroup that bounds this process, has in use.  It is what a
 * device that shares the machine's memory can still get.
 */
typedef struct {
  gint64 total_bytes;     /* MemTotal */
  gint64 available_bytes; /* what can still be had: MemAvailable, or what the cgroup leaves */
  gint64 used_bytes;  /* MemTotal - MemAvailable, or of the cgroup without its idle page cache */
  gint64 limit_bytes; /* of the cgroup that bounds us; 0: none below MemTotal */
} OrfSystemMemory;

/* root is "/" but for tests, which bring a tree of their own. */
gboolean orf_system_memory_read (const char *root, OrfSystemMemory *memory, GError **error);

typedef struct {
  gint64 total_bytes; /* what the device may have: its own size, or the cgroup's limit if smaller */
  gint64 used_bytes;  /* never more than total_bytes */
} OrfDeviceMemory;

/* What a device of size_bytes that lives in this memory has in use.  FALSE when that cannot be
 * told: more is used than the device has, and yet more is left than it has, so the use is of the
 * part of the machine that the device never sees. */
gboolean orf_system_memory_of_device (const OrfSystemMemory *memory,
                                      gint64 size_bytes,
                                      OrfDeviceMemory *device);

G_END_DECLS
