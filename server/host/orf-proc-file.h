/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * One file of /proc, kept open and read anew each time: opening it is most of its cost.  A plain
 * value.
 */
typedef struct {
  int fd; /* -1: not there */
  GString *text;
} OrfProcFile;

void orf_proc_file_open (OrfProcFile *file, const char *path);
void orf_proc_file_close (OrfProcFile *file);
/* The whole text, borrowed until the next read; NULL: it cannot be read. */
const char *orf_proc_file_read (OrfProcFile *file);

G_END_DECLS
